"""One version file of a prompt → a PromptVersion."""

from __future__ import annotations

import json
import re
import warnings
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from harness.errors import FilesError
from harness.schema import MessageTemplate, OutputSpec, PromptVersion, content_hash
from harness.schema_flaws import SchemaFlaw, schema_flaws
from harness.suite.document import WrittenFloat, WrittenInt, parse
from harness.suite.explain import read_form
from harness.suite.mistakes import Mark
from harness.suite.prompt_form import PromptForm
from harness.suite.table import canonical_json
from harness.suite.techniques import Layer, lay_over
from harness.suite.text_file import read_yaml_text
from harness.suite.values import quoted
from harness.suite.variables import Demand

if TYPE_CHECKING:
    from pathlib import Path

    from harness.schema import Role, Techniques
    from harness.suite.catalogue import Catalogue
    from harness.suite.document import Document, Place
    from harness.suite.mistakes import MistakeLog


class VersionFile(Struct, frozen=True):
    """A prompt file whose form has been read."""

    name: str
    """The prompt's name."""
    version: str
    """As in the file's name."""
    path: Path
    """The file."""
    document: Document
    """Its content without broken parts."""
    form: PromptForm
    """Its form without broken parts."""
    broken: frozenset[str]
    """Top-level keys with mistakes."""
    declared: frozenset[str]
    """Names under `inputs`, those with a broken type included."""
    content: str
    """All of it that can change what is sent or read: the metadata, such as labels, cannot."""

    @property
    def are_inputs_known(self) -> bool:
        """False when `inputs` is broken, or an unknown key may have been meant as it."""
        return "inputs" not in self.broken and self.broken <= set(PromptForm.__struct_fields__)

    @property
    def reference(self) -> str:
        """`name@version`."""
        return f"{self.name}@{self.version}"


def read_version(name: str, version: str, path: Path, *, log: MistakeLog) -> VersionFile | None:
    """The file's form; mistakes are logged, and None means that nothing could be read."""
    shown = log.shown(path)
    try:
        text = read_yaml_text(path, shown)
        document = parse(text, shown)
    except FilesError as error:
        log.absorb(error.mistakes)
        return None
    read = read_form(PromptForm, document, log)
    if read is None:
        return None
    inputs = document.value.get("inputs")
    declared = frozenset(inputs if isinstance(inputs, dict) else ())
    written = read.form.metadata.version
    if written is not None and written != version:
        message = f"version {quoted(written)} is not that of the file's name, {quoted(version)}; make them equal"
        log.add(shown, read.document.mark(("metadata", "version")), message)
    return VersionFile(name, version, path, read.document, read.form, read.broken, declared, _content(document))


def build_version(file: VersionFile, catalogue: Catalogue, log: MistakeLog) -> PromptVersion | None:
    """The validated version; mistakes are logged, and None means that it cannot be used."""
    before = len(log)
    _check_inputs(file, log)
    messages = _messages(file, log)
    for template, place in messages:
        _check_template(file, template, place, catalogue=catalogue, log=log)
    output = _output(file, log)
    techniques = lay_over([own_layer(file)], demand_of(file), log)
    if len(log) > before or file.broken:
        return None
    metadata = file.form.metadata
    return PromptVersion(
        name=file.name,
        version=file.version,
        path=file.document.shown,
        labels=tuple(metadata.labels),
        inputs=dict(file.form.inputs),
        messages=tuple(template for template, _ in messages),
        techniques=techniques,
        output=output,
        content_hash=_hash(file.content, techniques),
        created=metadata.created,
        author=metadata.author,
    )


def own_layer(file: VersionFile) -> Layer:
    """The techniques that the prompt file writes."""
    return Layer(file.form.techniques, file.document, ("techniques",), file.path.parent)


def demand_of(file: VersionFile) -> Demand:
    """What the prompt wants of a row."""
    return Demand(file.reference, file.form.inputs)


def with_techniques(version: PromptVersion, techniques: Techniques, file: VersionFile) -> PromptVersion:
    """The same version under techniques of a suite entry: another content hash when they differ."""
    if techniques == version.techniques:
        return version
    return replace(version, content_hash=_hash(file.content, techniques))


def _content(document: Document) -> str:
    """Numbers as they are written, keys in the file's order: a JSON Schema's order shows in the answers."""
    value = document.value
    kept = {key: item for key, item in value.items() if key != "metadata"} if isinstance(value, dict) else value
    return json.dumps(_as_written(kept))


def _as_written(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _as_written(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_as_written(item) for item in value]
    return [value.source] if isinstance(value, (WrittenInt, WrittenFloat)) else value


def _hash(text: str, techniques: Techniques) -> str:
    examples, chain = techniques.examples, techniques.chain_of_thought
    laid = [
        [examples.rows, examples.select, examples.k, examples.answer, examples.seed] if examples else None,
        [chain.instruction, chain.answer_prefix] if chain else None,
    ]
    return content_hash([text, "\0", canonical_json(laid)])


def _check_inputs(file: VersionFile, log: MistakeLog) -> None:
    for name in file.form.inputs:
        if not name.isidentifier():
            message = f"input {quoted(name)} is no variable name; letters, digits and _ are allowed; rename it"
            log.add(file.document.shown, file.document.key_mark(("inputs", name)), message)


def _messages(file: VersionFile, log: MistakeLog) -> list[tuple[MessageTemplate, Place]]:
    """The chat with the place of each text; mistakes are logged."""
    form, document = file.form, file.document
    if form.messages is not None:
        for key in ("system", "template"):
            if getattr(form, key) is not None:
                message = f"'{key}' beside 'messages'; 'messages' is the whole chat; move the text there"
                log.add(document.shown, document.key_mark((key,)), message)
        return [
            _template(file, message.role, message.content, place=("messages", index, "content"))
            for index, message in enumerate(form.messages)
        ]
    if form.template is None and not file.broken & {"template", "messages"}:
        message = (
            "key 'template' is missing; the user message is required; write for example 'template: \"{{ text }}\"'"
        )
        log.add(document.shown, document.mark(()), message)
    texts: list[tuple[Role, str | None, Place]] = [
        ("system", form.system, ("system",)),
        ("user", form.template, ("template",)),
    ]
    return [_template(file, role, text, place=place) for role, text, place in texts if text is not None]


def _template(file: VersionFile, role: Role, source: str, *, place: Place) -> tuple[MessageTemplate, Place]:
    line = file.document.text_lines.get(place, file.document.mark(place).line)
    return MessageTemplate(role, source, line), place


def _check_template(
    file: VersionFile, template: MessageTemplate, place: Place, *, catalogue: Catalogue, log: MistakeLog
) -> None:
    is_literal = place in file.document.text_lines
    for line, message in catalogue.check_template(template.source, file.declared):
        mark = Mark(template.line + line, None) if is_literal else file.document.mark(place)
        log.add(file.document.shown, mark, message)


def _output(file: VersionFile, log: MistakeLog) -> OutputSpec:
    form, document = file.form.output, file.document
    if form.regex is not None:
        problem = _regex_problem(form.regex)
        if problem is not None:
            message = f"'regex' is no regular expression: {problem}; Python's syntax is allowed; mend the pattern"
            log.add(document.shown, document.mark(("output", "regex")), message)
    if form.json_schema is not None:
        for flaw in _flaws_of(form.json_schema):
            mark = document.mark(("output", "json_schema", *flaw.place))
            message = f"'json_schema' is no JSON Schema: {flaw.what}; draft 2020-12 is allowed; mend the schema"
            log.add(document.shown, mark, message)
    return OutputSpec(
        strip_fences=form.strip_fences, last_line=form.last_line, regex=form.regex, json_schema=form.json_schema
    )


def _regex_problem(pattern: str) -> str | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # warnings of the pattern's syntax say nothing about its meaning today
            re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        where = f" at character {error.pos + 1}" if isinstance(error, re.error) and error.pos is not None else ""
        return f"{error.msg if isinstance(error, re.error) else error}{where}"
    return None


def _flaws_of(schema: dict[str, Any]) -> list[SchemaFlaw]:
    try:
        return schema_flaws(schema)
    except RecursionError:
        return [SchemaFlaw((), "it nests too deeply")]
