"""One message's source, compiled; and what its errors mean to the person who wrote it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jinja2 import Template, nodes
from jinja2.exceptions import SecurityError, TemplateSyntaxError, UndefinedError

from harness.prompt.filters import BUDGET
from harness.prompt.limits import Budget, LimitError
from harness.prompt.meter import FORBIDDEN, metered
from harness.prompt.shown import shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.prompt.environment import PromptEnvironment

_FILENAME = "<prompt>"
TOO_DEEP = "the template or a value nests too deeply; about 100 levels are allowed; make it simpler"


class CompiledTemplate:
    """A template that renders within a budget."""

    def __init__(self, environment: PromptEnvironment, source: str) -> None:
        """Compile `source`.

        Raises jinja2's TemplateSyntaxError, and SyntaxError, RecursionError or MemoryError for what nests too deeply.
        """
        tree = environment.parse(source)
        for kind, name in FORBIDDEN.items():
            if (node := tree.find(kind)) is not None:
                raise TemplateSyntaxError(f"{name} is not allowed in prompts", node.lineno)
        self.constant = _constant(tree)
        """The text when there is nothing to fill in, else None."""
        code = environment.compile(metered(tree, environment), filename=_FILENAME)
        self._template = Template.from_code(environment, code, environment.globals)

    def render(self, variables: Mapping[str, Any]) -> str:
        """The text, without newlines at its end; raises whatever the template runs into (see `explain`)."""
        if self.constant is not None:
            return self.constant
        context = self._template.new_context({**variables, BUDGET: Budget()})
        return "".join(self._template.root_render_func(context)).rstrip("\n")

    def line(self, error: BaseException) -> int | None:
        """0-based line of the source at which `error` came up; None when it is unknown."""
        found = None
        trace = error.__traceback__
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == _FILENAME:
                found = self._template.get_corresponding_lineno(trace.tb_lineno) - 1
            trace = trace.tb_next
        return found


def explain(error: BaseException) -> str:
    """`what; allowed; what to do` for an error that rendering or compiling raised."""
    if isinstance(error, LimitError):
        return str(error)
    if isinstance(error, TemplateSyntaxError):
        return explain_syntax(error)
    text = shown(str(error), 300)
    if isinstance(error, SecurityError):
        return f"{text}; allowed: values, their items and harmless methods; see the list in the prompt file reference"
    if isinstance(error, UndefinedError):
        return f"{text}; only what the sample holds can be used; test it with `is defined` or mend the name"
    if isinstance(error, (RecursionError, MemoryError, SyntaxError)):
        return TOO_DEEP
    return f"{type(error).__name__}: {text}; the template must render with every sample; mend it or the value"


def explain_syntax(error: TemplateSyntaxError) -> str:
    """`what; allowed; what to do` for a mistake in Jinja's grammar."""
    what = shown((error.message or "unreadable").rstrip("."), 300)
    return (
        f"template syntax: {what}; allowed: {{{{ variable }}}}, {{% if … %}}, {{% for … %}}, {{# comment #}}; "
        "mend it, or put braces meant literally between {% raw %} and {% endraw %}"
    )


def _constant(tree: nodes.Template) -> str | None:
    pieces = []
    for statement in tree.body:
        if not isinstance(statement, nodes.Output):
            return None
        for node in statement.nodes:
            if not isinstance(node, nodes.TemplateData):
                return None
            pieces.append(node.data)
    return "".join(pieces).rstrip("\n")
