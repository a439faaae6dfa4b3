"""A small project of one suite, and what the suite room needs to know of the others."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

import pytest
from jinja2 import TemplateSyntaxError, meta, nodes
from jinja2.sandbox import SandboxedEnvironment
from msgspec.structs import replace

from harness.errors import FilesError, OptionError
from harness.schema import BackendSpec, ColumnUse, Measure
from harness.suite import Catalogue, LoadOptions, load_suite

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

    from harness.schema import MetricSpec, Suite

_SCORE = {
    name: Measure(name, "score", 0.0, 1.0, higher_is_better=True, signature=name)
    for name in ("exact_match", "json_valid", "rouge1", "rougeL")
}
_PERCENT = {
    "bleu": Measure("bleu", "percent", 0.0, 100.0, higher_is_better=True, signature="bleu"),
    "ter": Measure("ter", "percent", 0.0, None, higher_is_better=False, signature="ter"),
}
_METRICS: dict[str, tuple[Measure, ...]] = {
    "bleu": (_PERCENT["bleu"],),
    "exact_match": (_SCORE["exact_match"],),
    "json_valid": (_SCORE["json_valid"],),
    "rouge": (_SCORE["rouge1"], _SCORE["rougeL"]),
    "ter": (_PERCENT["ter"],),
}
_OPTIONS = {"rouge": ("stemmer",), "exact_match": ("ignore_case",)}
_ALWAYS = (
    Measure("latency_s", "s", 0.0, None, higher_is_better=False, signature="latency_s"),
    Measure("input_tokens", "tokens", 0.0, None, higher_is_better=False, signature="input_tokens"),
    Measure("cost_usd", "usd", 0.0, None, higher_is_better=False, signature="cost_usd"),
)
_NEED_REFERENCES = frozenset({"bleu", "exact_match", "rouge", "ter"})
_PROVIDERS = ("callable", "llamacpp", "openai", "replay")
_LATER_PROVIDERS = ("anthropic", "cascade", "litellm")
_LONGEST_LOOP = 1000


def _measures_of(spec: MetricSpec) -> tuple[Measure, ...]:
    if spec.name == "evaluate":
        return (replace(_SCORE["exact_match"], name=f"evaluate.{spec.options.get('key')}"),)
    if spec.name not in _METRICS:
        near = difflib.get_close_matches(spec.name, _METRICS, n=1)
        meant = f". Did you mean '{near[0]}'?" if near else ""
        raise OptionError(f"metric '{spec.name}' is unknown; available: {', '.join(_METRICS)}{meant}")
    for key, value in spec.options.items():
        allowed = _OPTIONS.get(spec.name, ())
        if key not in allowed:
            raise OptionError(f"metric '{spec.name}' has no option '{key}'; allowed: {', '.join(allowed)}", key)
        if not isinstance(value, bool):
            raise OptionError(f"option '{key}' is {value!r}; true or false is allowed; mend it", key)
    return _METRICS[spec.name]


def _check_template(source: str, declared: Collection[str]) -> list[tuple[int, str]]:
    try:
        tree = SandboxedEnvironment(autoescape=False).parse(source)
    except TemplateSyntaxError as error:
        return [(error.lineno - 1, f"template: {error.message}")]
    mistakes = [
        (node.lineno - 1, f"template: attribute '{node.attr}' is not allowed")
        for node in tree.find_all(nodes.Getattr)
        if node.attr.startswith("_")
    ]
    for call in tree.find_all(nodes.Call):
        sizes = [argument.value for argument in call.args if isinstance(argument, nodes.Const)]
        if isinstance(call.node, nodes.Name) and call.node.name == "range" and max(sizes, default=0) > _LONGEST_LOOP:
            mistakes.append((call.lineno - 1, f"template: a loop of {max(sizes)} rounds; {_LONGEST_LOOP} are allowed"))
    unknown = sorted(meta.find_undeclared_variables(tree) - {*declared, "range"})
    return [*mistakes, *((0, f"template: variable '{name}' is not declared under inputs") for name in unknown)]


def _check_backend(spec: BackendSpec) -> None:
    if spec.provider in _LATER_PROVIDERS:
        raise OptionError(f"provider '{spec.provider}' is not available in this version", "provider")
    if spec.provider not in _PROVIDERS:
        raise OptionError(f"provider '{spec.provider}' is unknown; available: {', '.join(_PROVIDERS)}", "provider")
    if spec.provider == "openai" and not spec.model:
        raise OptionError("provider openai needs a model; write for example 'model: my-model'")


def _embedded(name: str, folder: Path) -> BackendSpec | None:
    return BackendSpec(name, "llamacpp", name, {}, folder) if name == "smollm2" else None


CATALOGUE = Catalogue(
    backends_of=lambda _spec: (),
    columns_of=lambda spec: (ColumnUse("facts", is_needed=False),) if spec.name == "json_valid" else (),
    measures_of=_measures_of,
    needs_references=lambda spec: spec.name in _NEED_REFERENCES,
    metric_names=tuple(_METRICS),
    always_measured=_ALWAYS,
    check_template=_check_template,
    check_backend=_check_backend,
    embedded=_embedded,
    embedded_names=("smollm2",),
)

FILES = {
    "suites/demo/suite.yaml": """\
dataset:
  path: ../../datasets/demo.jsonl
  reference: label
prompts:
  - zero_shot
backends: [smollm2]
metrics: [exact_match]
""",
    "suites/demo/prompts/zero_shot/v1.0.yaml": """\
inputs: {text: str}
system: You classify customer feedback.
template: |
  Classify:
  {{ text }}
""",
    "suites/demo/prompts/few_shot/v1.0.yaml": """\
metadata:
  version: "1.0"
  labels: [prod-a]
inputs: {text: str}
template: "{{ text }}"
techniques:
  examples: {path: examples.jsonl}
""",
    "suites/demo/prompts/few_shot/examples.jsonl": """\
{"text": "good", "answer": "positive"}
{"text": "bad", "answer": "negative"}
""",
    "datasets/demo.jsonl": """\
{"id": "a", "text": "Fine.", "label": "positive"}
{"id": "b", "text": "Awful.", "label": "negative"}
{"id": "c", "text": "So so.", "label": "neutral"}
""",
}


class Project:
    """A folder with one suite that is right until a test changes it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.catalogue = CATALOGUE
        for path, text in FILES.items():
            self.write(path, text)

    def write(self, path: str, content: str | bytes) -> Path:
        full = self.root / path
        full.parent.mkdir(parents=True, exist_ok=True)
        full.write_bytes(content.encode() if isinstance(content, str) else content)
        return full

    def remove(self, path: str) -> None:
        """Delete a file, and the folders that are empty without it."""
        full = self.root / path
        full.unlink()
        for folder in full.parents:
            if any(folder.iterdir()):
                break
            folder.rmdir()

    def suite(self, text: str) -> None:
        self.write("suites/demo/suite.yaml", text)

    def prompt(self, text: str, version: str = "1.0") -> None:
        self.write(f"suites/demo/prompts/zero_shot/v{version}.yaml", text)

    def rows(self, content: str | bytes, name: str = "demo.jsonl") -> None:
        self.write(f"datasets/{name}", content)
        if name != "demo.jsonl":
            self.suite(FILES["suites/demo/suite.yaml"].replace("demo.jsonl", name))

    def load(self, *, backends: tuple[str, ...] = (), limit: int | None = None, repeats: int | None = None) -> Suite:
        options = LoadOptions(self.root, backends, limit, repeats)
        return load_suite(self.root / "suites/demo/suite.yaml", self.catalogue, options)

    def mistakes(self) -> str:
        """The text of the FilesError that loading raises."""
        with pytest.raises(FilesError) as caught:
            self.load()
        return str(caught.value)


@pytest.fixture(scope="session")
def make_project(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Project]:
    """Makes projects that one test may change many times."""
    return lambda: Project(tmp_path_factory.mktemp("project"))


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)
