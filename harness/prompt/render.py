"""A sample and a variant → the messages that are sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.errors import RenderError
from harness.prompt.shown import shown
from harness.schema import Message

if TYPE_CHECKING:
    from collections.abc import Mapping

    from harness.prompt.environment import PromptEnvironment
    from harness.prompt.examples import ExamplePicker
    from harness.prompt.template import CompiledTemplate
    from harness.schema import MessageTemplate, Sample, Variant


class Renderer:
    """Renders the variants of a run; each variant object is compiled once.

    May be used by several threads: at worst two of them compile the same variant.
    """

    def __init__(self) -> None:
        """Nothing is compiled yet."""
        self._environment: PromptEnvironment | None = None
        self._compiled: dict[int, _CompiledPrompt] = {}

    def render(self, variant: Variant, sample: Sample) -> tuple[Message, ...]:
        """The chat for `sample`, examples and reasoning included; raises RenderError."""
        compiled = self._compiled.get(id(variant))
        if compiled is None:
            compiled = self._compiled[id(variant)] = self._compile(variant)
        return compiled.messages(sample)

    def _compile(self, variant: Variant) -> _CompiledPrompt:
        if self._environment is None:
            from harness.prompt.environment import PromptEnvironment

            self._environment = PromptEnvironment()
        return _CompiledPrompt(variant, self._environment)


class _CompiledPrompt:
    """A variant with its templates compiled and its examples ready to be picked.

    Holds the variant itself, so that its `id` is not given to another while this lives.
    """

    def __init__(self, variant: Variant, environment: PromptEnvironment) -> None:
        self.variant = variant
        self._prompt = variant.prompt
        self._where = f"prompt {self._prompt.name}@{self._prompt.version}"
        self._templates = [self._compile(source, environment) for source in self._prompt.messages]
        self._roles = [source.role for source in self._prompt.messages]
        users = [index for index, role in enumerate(self._roles) if role == "user"]
        self._question = users[-1] if users else len(self._roles) - 1
        self._lead = next((index for index, role in enumerate(self._roles) if role != "system"), len(self._roles))
        self._picker: ExamplePicker | None = None
        self._examples: dict[int, tuple[Message, ...]] = {}
        self._shared: dict[str, Message] = {}
        if variant.techniques.examples is not None:
            from harness.prompt.examples import ExamplePicker

            self._picker = ExamplePicker(variant.techniques.examples, self._prompt.inputs)

    def _compile(self, source: MessageTemplate, environment: PromptEnvironment) -> CompiledTemplate:
        from harness.prompt.template import CompiledTemplate, explain

        try:
            return CompiledTemplate(environment, source.source)
        except Exception as error:  # noqa: BLE001 - whatever the compiler raises, the template is its cause
            line = source.line + (getattr(error, "lineno", None) or 1) - 1
            raise RenderError(f"{self._where}: {self._prompt.path}:{line}: {explain(error)}") from None

    def messages(self, sample: Sample) -> tuple[Message, ...]:
        """The chat for `sample`."""
        where = f"{self._where}, sample '{shown(sample.sample_id)}' ({shown(sample.location, 300)})"
        variables = self._inputs(sample.variables, where)
        chat = [self._message(index, variables, where) for index in range(len(self._templates))]
        reasoning = self.variant.techniques.chain_of_thought
        if reasoning is not None:
            asked = chat[self._question]
            chat[self._question] = Message(asked.role, f"{asked.content}\n\n{reasoning.instruction}")
        if self._picker is not None:
            shots = [message for row in self._picker.pick(sample) for message in self._example(row)]
            chat[self._lead : self._lead] = shots
        return tuple(chat)

    def _inputs(self, row: Mapping[str, Any], where: str) -> dict[str, Any]:
        try:
            return {name: row[name] for name in self._prompt.inputs}
        except KeyError as error:
            columns = ", ".join(shown(str(name), 40) for name in list(row)[:20]) or "none"
            what = f"variable {error.args[0]!r} is missing; columns there: {columns}"
            raise RenderError(f"{where}: {what}; add the column or mend `inputs`") from None

    def _message(self, index: int, variables: Mapping[str, Any], where: str) -> Message:
        template, role = self._templates[index], self._roles[index]
        try:
            text = template.render(variables)
        except Exception as error:  # noqa: BLE001 - a template can raise whatever its values' operators raise
            raise RenderError(f"{where}: {self._position(index, error)}") from None
        if role != "system":
            return Message(role, text)
        return self._shared.setdefault(text, Message(role, text))

    def _position(self, index: int, error: Exception) -> str:
        from harness.prompt.template import explain

        line = self._templates[index].line(error)
        first = self._prompt.messages[index].line
        at = self._prompt.path if line is None else f"{self._prompt.path}:{first + line}"
        return f"{at}: {explain(error)}"

    def _example(self, row: int) -> tuple[Message, ...]:
        """The turns of one example: the variant's own messages with the example's values, then its answer."""
        if row not in self._examples:
            assert self.variant.techniques.examples is not None
            spec = self.variant.techniques.examples
            values, where = spec.rows[row], f"{self._where}, example {row + 1}"
            variables = self._inputs(values, where)
            turns = [self._message(index, variables, where) for index in range(self._lead, self._question + 1)]
            if spec.answer not in values:
                raise RenderError(f"{where}: column {spec.answer!r} is missing; it holds the answer; add it")
            self._examples[row] = (*turns, Message("assistant", str(values[spec.answer])))
        return self._examples[row]


def render(variant: Variant, sample: Sample) -> tuple[Message, ...]:
    """The chat for one sample; for many samples keep a Renderer, which compiles once. Raises RenderError."""
    return Renderer().render(variant, sample)
