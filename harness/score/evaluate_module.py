"""evaluate: the numbers of a module of the `evaluate` library."""

from __future__ import annotations

import importlib
import uuid
from functools import cached_property
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, ClassVar

from harness.errors import MissingExtraError, OptionError
from harness.schema import ColumnUse, Measure, canonical_json, content_hash
from harness.score.evaluate_rows import UnreadableError, calls_of, one_number
from harness.score.metric import NO_REFERENCE, failed, scored, unscored
from harness.score.options import REQUIRED, Option, read_options, shown
from harness.score.versions import library_version
from harness.wording import described_error, one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from harness.schema import Answer, MetricSpec, Score
    from harness.score.evaluate_rows import Call


class EvaluateModule:
    """One number of a module of Hugging Face's `evaluate`, for each answer and over all of them (`corpus`).

    A module that gives a list, an entry an answer, is called once for a batch; any other is called for each answer,
    with that answer alone. `corpus` is its number over all answers at once.

    Range: 0 to 1, or what the options `low` and `high` say; a value outside is a failed score.
    Higher is better: yes, or what the option `higher_is_better` says.
    Empty input: the module's business; without references the answer is unscored, unless `references` is false.
    Source: the module, a file of yours or of the hub; its name, hash and arguments are in the signature.
    Deviations: of several references the best counts, where the module takes one.
    """

    OPTIONS: ClassVar[tuple[Option, ...]] = (
        Option("name", "str", default=REQUIRED, meaning="Path of the module, relative to the suite file, or hub name."),
        Option("key", "str", default=None, meaning="Which number of the module's result; default: the module's name."),
        Option("args", "free", default=None, meaning="Further arguments of its `compute`."),
        Option("config", "str", default=None, meaning="Configuration that is loaded, such as `mrpc` of `glue`."),
        Option("revision", "str", default=None, meaning="Version of a hub module."),
        Option("measure", "str", default=None, meaning="Name of the measure; default: `evaluate.<key>`."),
        Option("low", "float", default=0.0, meaning="Least value."),
        Option("high", "free", default=1.0, meaning="Greatest value; null when there is none."),
        Option("higher_is_better", "bool", default=True, meaning="Direction."),
        Option("references", "bool", default=True, meaning="Whether the module is given references."),
        Option(
            "columns", "free", default=None, meaning="Further inputs of the module, by name: columns of the dataset."
        ),
    )
    NEEDS: ClassVar[tuple[str, ...]] = ("extra evaluate",)

    def __init__(self, spec: MetricSpec) -> None:
        """OptionError for an option it does not have, a missing file, or when `evaluate` is not installed."""
        chosen = self._options = read_options("evaluate", self.OPTIONS, spec.options)
        if find_spec("evaluate") is None or find_spec("datasets") is None:
            raise OptionError(str(MissingExtraError("metric 'evaluate'", "evaluate")))
        for name in ("args", "columns"):
            if not isinstance(chosen[name] or {}, dict):
                raise OptionError(
                    f"metric 'evaluate': option '{name}' is {shown(chosen[name])}; allowed: a mapping", name
                )
        self._path = _path(chosen["name"], spec.folder)
        self._key: str = chosen["key"] or _stem(chosen["name"])
        self.needs_references: bool = chosen["references"]
        self.columns = tuple(ColumnUse(str(name), "columns") for name in (chosen["columns"] or {}).values())
        self.measures = (self._measure(),)

    def _measure(self) -> Measure:
        chosen = self._options
        high = chosen["high"]
        if high is not None and (isinstance(high, bool) or not isinstance(high, int | float) or high <= chosen["low"]):
            raise OptionError(
                f"metric 'evaluate': option 'high' is {shown(high)}; allowed: a number above low, or null", "high"
            )
        name = chosen["measure"] or f"evaluate.{self._key}"
        upper = None if high is None else float(high)
        better = chosen["higher_is_better"]
        return Measure(name, "score", chosen["low"], upper, higher_is_better=better, signature=self._signature())

    def _signature(self) -> str:
        chosen = self._options
        if self._path is None:
            source = f"{chosen['name']}@{chosen['revision'] or 'main'}"
        else:
            source = f"{_stem(chosen['name'])}#{_hash(self._path)}"
        given = content_hash([canonical_json({name: chosen[name] for name in ("args", "columns", "references")})])
        config = chosen["config"] or "default"
        return f"evaluate|{source}|config:{config}|key:{self._key}|given:{given}|{library_version('evaluate')}"

    def prepare(self, _references: Sequence[Sequence[str]]) -> None:
        """Load the module before anything is paid for; OptionError when it cannot be."""
        _ = self._module

    @cached_property
    def _module(self) -> Any:
        import evaluate

        importlib.invalidate_caches()  # the library writes a package and imports it, perhaps within one second
        chosen = self._options
        try:
            return evaluate.load(
                str(self._path or chosen["name"]),
                chosen["config"],
                revision=chosen["revision"],
                keep_in_memory=True,
                experiment_id=uuid.uuid4().hex,  # two processes must not share a lock
            )
        except (Exception, SystemExit) as error:  # noqa: BLE001 - the module is anybody's code
            raise OptionError(self._not_loaded(error), "name") from None

    def _not_loaded(self, error: BaseException) -> str:
        name, why = self._options["name"], one_line(described_error(error))
        if self._path is not None:
            return f"metric 'evaluate': {name} cannot be loaded: {why}; mend it"
        return (
            f"metric 'evaluate': '{name}' is no file beside the suite, and the hub does not give it: {why}; hub "
            f"modules need a network: download the module's folder where there is one, and write its path"
        )

    def score(self, answers: Sequence[Answer]) -> list[tuple[Score, ...]]:
        """One score an answer; raises what the module raises."""
        rows: list[list[Call] | str] = []
        for answer in answers:
            if self.needs_references and not answer.references:
                rows.append(NO_REFERENCE)
                continue
            try:
                rows.append(self._calls(answer))
            except UnreadableError as error:
                rows.append(str(error))
        values = iter(self._values([call for row in rows if not isinstance(row, str) for call in row]))
        return [self._scores(row, values) for row in rows]

    def _scores(self, row: list[Call] | str, values: Iterator[float]) -> tuple[Score, ...]:
        if isinstance(row, str):
            return unscored(self.measures, row) if row == NO_REFERENCE else failed(self.measures, row)
        best = max if self._options["higher_is_better"] else min
        return (scored(self.measures[0], best(next(values) for _ in row)),)

    def _calls(self, answer: Answer) -> list[Call]:
        features = self._module.features
        first = features[0] if isinstance(features, list) else features
        return calls_of(answer, first, self._options["columns"] or {}, with_references=self.needs_references)

    def _values(self, calls: Sequence[Call]) -> list[float]:
        """One number a call: from one call of the module where it gives a list, else from one each."""
        if not calls:
            return []
        together = self._computed(calls)
        if isinstance(together, list | tuple) and len(together) == len(calls):
            return [float(value) for value in together]
        if len(calls) == 1:
            return [one_number(together, self._key)]
        return [one_number(self._computed([call]), self._key) for call in calls]

    def _computed(self, calls: Sequence[Call]) -> Any:
        given = {name: [call[name] for call in calls] for name in calls[0]}
        result = self._module.compute(**given, **(self._options["args"] or {}))
        if not isinstance(result, dict) or self._key not in result:
            known = ", ".join(sorted(result)) if isinstance(result, dict) else shown(result)
            raise OptionError(
                f"metric 'evaluate': the module gives no '{self._key}'; it gives: {known}; name one by 'key'"
            )
        return result[self._key]

    def corpus(self, answers: Sequence[Answer]) -> dict[str, float]:
        """The module's number over all answers that it can read, each with its first reference where it takes one."""
        calls = []
        for answer in answers:
            if self.needs_references and not answer.references:
                continue
            try:
                calls.append(self._calls(answer)[0])
            except UnreadableError:
                return {}
        value = self._computed(calls) if calls else None
        return {self.measures[0].name: float(value)} if isinstance(value, int | float) else {}


def _path(name: str, folder: Path) -> Path | None:
    """The module's file or folder; None for a name of the hub. OptionError when a path leads nowhere."""
    path = folder / name
    if path.is_file() or (path / f"{path.name}.py").is_file():
        return path.absolute()
    if name.endswith(".py") or name.startswith((".", "/", "~")):
        raise OptionError(
            f"metric 'evaluate': there is no module {name} beside the suite; allowed: the path of a file, or of a "
            f"folder with a file of its name, relative to the suite file, or a name of the hub",
            "name",
        )
    return None


def _stem(name: str) -> str:
    return name.rstrip("/").rpartition("/")[2].removesuffix(".py")


def _hash(path: Path) -> str:
    """Hash of the module's own Python files: what it imports from beside it is there too."""
    folder = path if path.is_dir() else path.parent
    files = sorted(folder.glob("*.py")) if path.is_dir() else [path]
    return content_hash([text for file in files for text in (file.name, file.read_text("utf-8", "replace"))])
