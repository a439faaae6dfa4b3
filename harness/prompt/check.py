"""What is wrong with a template's source, found without any sample."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jinja2 import meta, nodes
from jinja2.exceptions import TemplateSyntaxError

from harness.prompt.environment import PromptEnvironment
from harness.prompt.meter import FORBIDDEN
from harness.prompt.template import TOO_DEEP, CompiledTemplate, explain, explain_syntax
from harness.wording import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

Finding = tuple[int, str]
"""0-based line and message."""

_NAMES_A_TEST = {"select": 0, "reject": 0, "selectattr": 1, "rejectattr": 1}
"""Filter → position of the argument that names a test."""


def mistakes(source: str, declared: Collection[str]) -> list[Finding]:
    """All mistakes of `source`, by line; see `harness.prompt.check_template`."""
    environment = PromptEnvironment()
    try:
        tree = environment.parse(source)
        found = [*_forbidden(tree), *_unknown(tree, environment), *_undeclared(tree, declared)]
        if not found:
            CompiledTemplate(environment, source)
    except TemplateSyntaxError as error:
        found = [(error.lineno - 1, explain_syntax(error))]
    except (SyntaxError, RecursionError, MemoryError):
        found = [(0, TOO_DEEP)]
    except ValueError as error:  # a number of more digits than Python reads
        found = [(0, explain(error))]
    return sorted(set(found))


def _forbidden(tree: nodes.Template) -> Iterator[Finding]:
    for statement in tree.find_all(tuple(FORBIDDEN)):
        name = FORBIDDEN[type(statement)]
        yield statement.lineno - 1, f"{name} is not allowed in prompts; a prompt is one file; write the text here"
    for node in tree.find_all((nodes.Getattr, nodes.NSRef, nodes.Getitem, nodes.Keyword, nodes.Name)):
        private = _private_name(node)
        if private is not None:
            allowed = "allowed: names without a leading underscore; write row['_id'] for a column of that name"
            yield node.lineno - 1, f"attribute {private!r} is private and not allowed in templates; {allowed}"


def _private_name(node: nodes.Node) -> str | None:
    """The private attribute, or the template's `self`, that `node` reaches for."""
    if isinstance(node, (nodes.Getattr, nodes.NSRef)):
        return node.attr if node.attr.startswith("_") else None
    if isinstance(node, nodes.Keyword):
        return node.key if node.key.startswith("_") else None
    if isinstance(node, nodes.Name):
        return "self" if node.name == "self" else None
    if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
        key = node.arg.value
        return key if isinstance(key, str) and key.startswith("__") and key.endswith("__") else None
    return None


def _unknown(tree: nodes.Template, environment: PromptEnvironment) -> Iterator[Finding]:
    known = {"filter": environment.filters, "test": environment.tests}
    for kind, name, line in _names(tree):
        if name not in known[kind]:
            names = sorted(other for other in known[kind] if other[0].isalpha())
            yield line - 1, f"{kind} {name!r} is unknown; available: {', '.join(names)}{_meant(name, names, kind)}"
    for node in tree.find_all((nodes.Filter, nodes.Test)):  # what follows asks Jinja, which stops at unknown names
        if node.name not in known["filter" if isinstance(node, nodes.Filter) else "test"]:
            node.name = "string" if isinstance(node, nodes.Filter) else "defined"


def _names(tree: nodes.Template) -> Iterator[tuple[str, str, int]]:
    """Kind, name and line of every filter and test, those that `map` and `select` name as text too."""
    for node in tree.find_all((nodes.Filter, nodes.Test)):
        yield ("filter" if isinstance(node, nodes.Filter) else "test"), node.name, node.lineno
        position = _NAMES_A_TEST.get(node.name, 0)
        kind = "test" if node.name in _NAMES_A_TEST else "filter" if node.name == "map" else None
        if kind and isinstance(node, nodes.Filter) and len(node.args) > position:
            argument = node.args[position]
            if isinstance(argument, nodes.Const) and isinstance(argument.value, str):
                yield kind, argument.value, argument.lineno


def _undeclared(tree: nodes.Template, declared: Collection[str]) -> Iterator[Finding]:
    for name in sorted(meta.find_undeclared_variables(tree) - set(declared)):
        known = sorted(declared)
        listed = ", ".join(known) or "none"
        message = f"variable {name!r} is not declared; declared: {listed}{_meant(name, known, 'variable')}"
        yield next(_free_lines(tree, name), 1) - 1, message


def _free_lines(node: nodes.Node, name: str) -> Iterator[int]:
    """Lines on which `name` is read where no loop, macro or `with` around it binds it."""
    if isinstance(node, nodes.Name) and node.name == name and node.ctx == "load":
        yield node.lineno
    inner = _bound_parts(node, name)
    for field, value in node.iter_fields():
        if field not in inner:
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, nodes.Node):
                    yield from _free_lines(child, name)


def _bound_parts(node: nodes.Node, name: str) -> frozenset[str]:
    """Fields of `node` within which `name` is the node's own."""
    if isinstance(node, nodes.For):
        targets, inner = [node.target], {"body", "test"}
    elif isinstance(node, (nodes.Macro, nodes.CallBlock)):
        targets, inner = [*node.args], {"body"}
    elif isinstance(node, nodes.With):
        targets, inner = [*node.targets], {"body"}
    else:
        return frozenset()
    bound = {found.name for target in targets for found in _own_and_inner_names(target)}
    return frozenset(inner) if name in bound else frozenset()


def _own_and_inner_names(target: nodes.Node) -> Iterator[nodes.Name]:
    if isinstance(target, nodes.Name):
        yield target
    yield from target.find_all(nodes.Name)


def _meant(name: str, known: Collection[str], kind: str) -> str:
    meant = did_you_mean(name, known)
    if meant:
        return f".{meant}"
    return "; declare it under inputs or mend the name" if kind == "variable" else "; use one of them"
