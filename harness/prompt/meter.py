"""A template's tree, rewritten so that all its work passes the Budget."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jinja2 import nodes
from jinja2.visitor import NodeTransformer

from harness.prompt.filters import CONCAT, EACH, SEEK, WEIGH

if TYPE_CHECKING:
    from jinja2.environment import Environment

FORBIDDEN = {
    nodes.Include: "include",
    nodes.Import: "import",
    nodes.FromImport: "from … import",
    nodes.Extends: "extends",
    nodes.Block: "block",
    nodes.ScopedEvalContextModifier: "autoescape",
}
"""Statements that no template may use: a prompt is one file."""


def metered(tree: nodes.Template, environment: Environment) -> nodes.Template:
    """`tree`, changed in place: loops count, literals, operands, slices and `~` are weighed."""
    _Meter().visit(tree)
    tree.set_environment(environment)
    return tree


class _Meter(NodeTransformer):
    """Lays the meter's filters around what Jinja lets no sandbox hook see."""

    def __init__(self) -> None:
        """Outside all loops."""
        self._repeated = 0

    def _inside(self, node: nodes.Node) -> nodes.Node:
        self._repeated += 1
        self.generic_visit(node)
        self._repeated -= 1
        return node

    def visit_Macro(self, node: nodes.Macro) -> nodes.Node:  # noqa: N802 - Jinja's visitors are called so
        """A macro runs as often as it is called."""
        return self._inside(node)

    def visit_CallBlock(self, node: nodes.CallBlock) -> nodes.Node:  # noqa: N802 - as above
        """As a macro."""
        return self._inside(node)

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802 - as above
        """Count the turns."""
        self._inside(node)
        node.iter = _through(node.iter, EACH)
        return node

    def visit_TemplateData(self, node: nodes.TemplateData) -> nodes.Node:  # noqa: N802 - as above
        """Fixed text in a loop is output like any other; outside it is at most the file's size."""
        return nodes.Const(node.data, lineno=node.lineno) if self._repeated else node

    def visit_List(self, node: nodes.Expr) -> nodes.Node:  # noqa: N802 - as above
        """Weigh a literal: lists of lists of the same list grow exponentially."""
        self.generic_visit(node)
        return _through(node, WEIGH)

    def visit_Dict(self, node: nodes.Dict) -> nodes.Node:  # noqa: N802 - as above
        """Weigh a literal, as a list."""
        return self.visit_List(node)

    def visit_Tuple(self, node: nodes.Tuple) -> nodes.Node:  # noqa: N802 - as above
        """Weigh a tuple that is a value and not a target."""
        self.generic_visit(node)
        return _through(node, WEIGH) if node.ctx == "load" else node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802 - as above
        """`~` makes text like any operator."""
        self.generic_visit(node)
        return _through(nodes.List(node.nodes, lineno=node.lineno), CONCAT)

    def visit_Operand(self, node: nodes.Operand) -> nodes.Node:  # noqa: N802 - as above
        """A comparison costs at most the weight of its right side."""
        self.generic_visit(node)
        node.expr = _through(node.expr, SEEK if node.op in ("in", "notin") else WEIGH)
        return node

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Node:  # noqa: N802 - as above
        """A slice is a copy."""
        self.generic_visit(node)
        return _through(node, WEIGH) if isinstance(node.arg, nodes.Slice) else node


def _through(node: Any, filter_name: str) -> nodes.Filter:
    return nodes.Filter(node, filter_name, [], [], None, None, lineno=node.lineno)
