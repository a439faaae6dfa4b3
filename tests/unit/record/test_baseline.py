from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from msgspec.structs import replace

from harness.errors import RecordError
from harness.record import measured_of_record, parse_baseline, read_baseline, write_baseline
from harness.schema import Generation
from tests.unit.record.measured_runs import CLEAN, plain, run_of
from tests.unit.report.run_records import Shape

if TYPE_CHECKING:
    from harness.record import Saved
    from harness.schema import Measured, RunRecord

GOLDEN = (
    '{"baseline":{"schema_version":1,"suite":"feedback","run_id":"20261122T201849.042Z-3f9a",'
    '"started_at":"2026-11-22T20:18:49Z","dataset_hash":"9b1c77aa02de4451",'
    '"prompts":{"zero_shot":{"prompt":"zero_shot","version":"1.0","hash":"5a1fe0b3c2d49788"}},'
    '"backends":{"local":{"provider":"openai","model":"m"}},'
    '"measures":{"exact_match":{"unit":"score","low":0,"high":1,"higher_is_better":true,'
    '"signature":"exact_match|v1|strip|casefold"},'
    '"f1":{"unit":"score","low":0,"high":1,"higher_is_better":true,"signature":"f1|squad-1.1|v1"},'
    '"bleu":{"unit":"percent","low":0,"high":100,"higher_is_better":true,'
    '"signature":"nrefs:1|case:mixed|eff:yes|tok:13a|smooth:exp|version:2.6.0"},'
    '"latency_s":{"unit":"s","low":0,"high":null,"higher_is_better":false,"signature":"latency_s|v1"},'
    '"cost_usd":{"unit":"usd","low":0,"high":null,"higher_is_better":false,"signature":"cost_usd|v1"}},"kept":[]}}\n'
    '{"variant":"zero_shot","backend":"local","sample":"fe001","repeat":1,"content":"fd8d1a4c879a5035",'
    '"group":"customer-0","outcome":"passed","scores":{"exact_match":1,"f1":0.333333,"bleu":66.6667,'
    '"latency_s":0.123,"cost_usd":1.23457e-05},"output":"negative","references":["negative"]}\n'
    '{"variant":"zero_shot","backend":"local","sample":"fe002","repeat":1,"content":"f01b4f7627ae7240",'
    '"group":"customer-0","outcome":"failed","scores":{"exact_match":null,"f1":null,"bleu":null,"latency_s":null,'
    '"cost_usd":null},"output":"grün\\n\\"\\u001b[31m\\u202e\\u200b\\\\ \U0001f600","references":["neutral"]}\n'
)


# `content` by coreutils 9.1: printf '%s' '[{"text":"…"},["negative"],"customer-0",["short"]]' | sha256sum | cut -c -16


def clean(run_id: str = "20261122T201849.042Z-3f9a", shape: Shape = CLEAN) -> RunRecord:
    """A run in which everything was answered."""
    record = run_of(shape, run_id)
    results = [
        result
        if result.generation is not None
        else replace(result, outcome="failed", output="lost", generation=Generation("lost"), error=None)
        for result in record.results
    ]
    return replace(record, results=tuple(results))


def save(reports: Path, record: RunRecord, **options: Any) -> Saved:
    return write_baseline(reports, measured_of_record(record)["feedback"], record.manifest, **options)


def cut(record: RunRecord, *variants: str, manifest: dict[str, Any] | None = None) -> RunRecord:
    """The run as it is with these variants only, and other facts of its suite."""
    results = tuple(result for result in record.results if result.trial.variant in variants)
    suite = {**record.manifest.suites[0], **(manifest or {})}
    return replace(record, results=results, manifest=replace(record.manifest, suites=(suite,)))


def refused(reports: Path, record: RunRecord) -> str:
    with pytest.raises(RecordError) as caught:
        save(reports, record)
    assert not (reports / "baselines").exists()
    return str(caught.value)


def sorted_rows(measured: Measured) -> dict[str, Any]:
    """What both sides of a round trip have: rows in the file's order, of measures what a baseline keeps."""
    cells = {}
    for cell, rows in sorted(measured.cells.items()):
        order = sorted(range(len(rows.samples)), key=lambda at: (rows.samples[at], rows.repeats[at]))
        names = [name for name in rows.__struct_fields__ if name != "values"]
        columns = {name: [own[at] for at in order] if (own := getattr(rows, name)) else [] for name in names}
        columns = {
            name: [getattr(rows, name)[at] for at in order]
            for name in rows.__struct_fields__
            if name not in {"values", "quarantined"}
        }
        cells[cell] = replace(rows, **columns, values={name: own[order] for name, own in rows.values.items()})
    measures = {name: replace(one, about="", calibration="") for name, one in measured.measures.items()}
    return plain(replace(measured, ref="", cells=cells, measures=measures))


def test_file_has_these_bytes(tmp_path: Path) -> None:
    record = clean(shape=Shape(samples=2, variants=("zero_shot",), backends=(("local", "m"),)))
    measured = measured_of_record(record)["feedback"]
    rows = measured.cells["zero_shot", "local"]
    values = {"exact_match": 1.0, "f1": 0.333333, "bleu": 66.6667, "latency_s": 0.123, "cost_usd": 0.0000123457}
    rows = replace(
        rows,
        samples=rows.samples[::-1],
        contents=rows.contents[::-1],
        references=rows.references[::-1],
        outcomes=["failed", "passed"],
        outputs=['grün\n"\x1b[31m\u202e\u200b\\ \U0001f600', "negative"],
        values={name: np.array([np.nan, value]) for name, value in values.items()},
    )
    saved = write_baseline(tmp_path, replace(measured, cells={("zero_shot", "local"): rows}), record.manifest)
    assert saved.path == tmp_path / "baselines/feedback.jsonl"
    assert saved.path.read_bytes() == GOLDEN.encode()


def test_baseline_says_what_the_run_measured(tmp_path: Path) -> None:
    record = clean(shape=Shape(samples=12, repeats=2))
    saved = save(tmp_path, record)
    measured = measured_of_record(record)["feedback"]
    again = read_baseline(saved.path)
    assert sorted_rows(again) == sorted_rows(measured)
    assert list(again.cells) == [(variant, backend) for backend in ("smollm2", "local") for variant in again.prompts]
    assert (again.ref, saved.message) == (str(saved.path), f"{saved.path}: 144 trials of 6 cells saved")
    assert parse_baseline(saved.path.read_bytes(), "git:main").ref == "git:main"


def test_line_changes_only_when_its_trial_does(tmp_path: Path) -> None:
    first = save(tmp_path, clean()).path.read_text().splitlines()
    record = clean("20261123T201849Z-0001")
    results = list(record.results)
    results[1] = replace(results[1], output="something else")
    second = save(tmp_path, replace(record, results=tuple(results[::-1]))).path.read_text().splitlines()
    changed = [place for place, (before, after) in enumerate(zip(first, second, strict=True)) if before != after]
    assert len(changed) == 2
    assert changed[0] == 0
    assert json.loads(second[changed[1]])["output"] == "something else"


def test_cells_that_were_not_run_stay(tmp_path: Path) -> None:
    save(tmp_path, clean())
    newer = cut(clean("20261123T201849Z-0001"), "few_shot@1.1")
    saved = save(tmp_path, newer)
    assert saved.cells == (("few_shot@1.1", "smollm2"), ("few_shot@1.1", "local"))
    assert saved.kept == (("zero_shot", "smollm2"), ("zero_shot", "local"))
    assert saved.message == (
        f"{saved.path}: 6 trials of 2 cells saved; kept from before: zero_shot on smollm2, zero_shot on local"
    )
    head = json.loads(saved.path.read_text().splitlines()[0])["baseline"]
    assert head["run_id"] == "20261123T201849Z-0001"
    assert head["kept"] == [
        {
            "variant": "zero_shot",
            "backend": backend,
            "run_id": "20261122T201849.042Z-3f9a",
            "started_at": "2026-11-22T20:18:49Z",
        }
        for backend in ("local", "smollm2")
    ]
    third = save(tmp_path, cut(clean("20261124T201849Z-0002"), "few_shot@1.1"))
    assert json.loads(third.path.read_text().splitlines()[0])["baseline"]["kept"] == head["kept"]
    assert sorted_rows(read_baseline(third.path)) == sorted_rows(measured_of_record(clean())["feedback"])


def other_prompts() -> dict[str, Any]:
    prompts = dict(clean().manifest.suites[0]["prompts"])
    return {"prompts": {**prompts, "zero_shot": {**prompts["zero_shot"], "hash": "0000000000000000"}}}


def other_measures() -> dict[str, Any]:
    first, *rest = clean().manifest.suites[0]["measures"]
    return {"measures": [{**first, "signature": "exact_match|v2"}, *rest]}


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({"dataset_hash": "0000000000000000"}, "the dataset is another"),
        (other_measures(), "the measures are others"),
        (other_prompts(), "the prompt is another"),
        ({"prompts": {"few_shot@1.1": other_prompts()["prompts"]["few_shot@1.1"]}}, "the suite lists it no more"),
    ],
)
def test_cells_that_do_not_fit_any_more_are_left_out_and_named(tmp_path: Path, facts: dict[str, Any], why: str) -> None:
    save(tmp_path, clean())
    saved = save(tmp_path, cut(clean(), "few_shot@1.1", manifest=facts))
    assert saved.kept == ()
    assert saved.dropped == {("zero_shot", "smollm2"): why, ("zero_shot", "local"): why}
    assert f"no longer in it: zero_shot on local ({why})" in saved.message
    assert {cell[0] for cell in read_baseline(saved.path).cells} == {"few_shot@1.1"}


def test_cell_of_a_backend_that_is_another_now_is_left_out(tmp_path: Path) -> None:
    save(tmp_path, clean())
    backends = {"smollm2": {"provider": "llamacpp", "model": "SmolLM3"}, "local": {"provider": "openai", "model": "x"}}
    saved = save(tmp_path, cut(clean(), "few_shot@1.1", manifest={"backends": backends}))
    assert set(saved.dropped.values()) == {"the backend is another"}


def test_incomplete_run_is_no_baseline(tmp_path: Path) -> None:
    record = run_of(replace(CLEAN, complete=False))
    assert refused(tmp_path, record) == (
        "run 20261122T201849.042Z-3f9a: it is incomplete (3 trials of suite 'feedback' not run); a baseline is made of "
        "complete runs; finish it with --prompt-resume"
    )


def test_run_that_was_stopped_early_is_no_baseline(tmp_path: Path) -> None:
    record = clean()
    manifest = replace(record.manifest, totals={**record.manifest.totals, "stopped_early": 36})
    assert refused(tmp_path, replace(record, manifest=manifest)) == (
        "run 20261122T201849.042Z-3f9a: it was stopped early (36 trials not run, since the verdicts were clear); a "
        "baseline is made of complete runs; save it with --prompt-save-baseline, which stops nothing early"
    )


def test_run_of_some_samples_is_no_baseline(tmp_path: Path) -> None:
    record = clean()
    assert refused(tmp_path, replace(record, results=record.results[1:])) == (
        "run 20261122T201849.042Z-3f9a: it has 2 of 3 trials of zero_shot on smollm2; a baseline holds all trials of a "
        "variant and backend; select whole variants and backends"
    )


def test_run_without_a_trial_of_the_suite_is_no_baseline(tmp_path: Path) -> None:
    assert refused(tmp_path, replace(clean(), results=())) == (
        "run 20261122T201849.042Z-3f9a: it has no trial of suite 'feedback'; a baseline is made of trials; "
        "select some of them"
    )


def test_trial_without_an_answer_is_refused_unless_it_is_asked_for(tmp_path: Path) -> None:
    record = clean()
    lost = replace(record.results[0], outcome="error", output=None, generation=None)
    record = replace(record, results=(lost, *record.results[1:]))
    assert refused(tmp_path, record) == (
        "run 20261122T201849.042Z-3f9a: 1 trial without an answer (fe001 of zero_shot on smollm2); a baseline is made "
        "of answers; run again: only what is missing is asked"
    )
    rows = read_baseline(save(tmp_path, record, with_errors=True).path).cells["zero_shot", "smollm2"]
    assert (rows.outcomes[0], rows.outputs[0]) == ("error", None)


def test_nothing_half_written_is_left_and_the_old_one_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save(tmp_path, clean()).path
    before = path.read_bytes()

    def full(_self: Path, _target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(RecordError) as caught:
        save(tmp_path, clean("20261123T201849Z-0001"))
    assert str(caught.value) == (
        f"{path}: the baseline cannot be written (No space left on device); a writable folder with free space is "
        "needed; choose another with --prompt-reports DIR"
    )
    assert [each.name for each in path.parent.iterdir()] == ["feedback.jsonl"]
    assert path.read_bytes() == before


def test_no_file_is_one_clear_line(tmp_path: Path) -> None:
    path = tmp_path / "feedback.jsonl"
    with pytest.raises(RecordError) as caught:
        read_baseline(path)
    assert str(caught.value) == (
        f"{path}: the baseline cannot be read (No such file or directory); a file that --prompt-save-baseline wrote "
        "is needed; restore it, or save it anew"
    )
