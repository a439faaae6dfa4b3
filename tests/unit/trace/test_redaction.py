"""Known keys in texts of spans."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from harness.errors import BackendError
from harness.schema import CallError, Message, Score, TrialResult
from harness.trace import observe
from harness.trace.redaction import cleaner, known_secrets
from tests.unit.trace.traced import GENERATION, SPEC, SUITE, TIMES, answered, make_tracer, make_trial

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

KEY = "sk-planted-3f9a0b7c2d"
TOKEN = "cGstbGY6c2stbGYtNzc="  # noqa: S105 - a planted one


def test_keys_of_backends_and_exporter_are_known_longest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_KEY", f" {KEY} ")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", f"Authorization=Basic%20{TOKEN},x-tenant=a")
    specs = [replace(SPEC, api_key_env="A_KEY"), replace(SPEC, api_key_env="UNSET"), SPEC]
    assert known_secrets(specs) == (f"Basic {TOKEN}", KEY, TOKEN)


def test_placeholder_is_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_KEY", "EMPTY")
    assert known_secrets([replace(SPEC, api_key_env="A_KEY")]) == ()
    assert cleaner(())("the list is EMPTY") == "the list is EMPTY"


def test_key_is_cut_out_of_every_text_of_a_span(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_KEY", KEY)
    spec = replace(SPEC, api_key_env="A_KEY")
    tracer = make_tracer(tmp_path, suite=replace(SUITE, backends=(spec,)))

    @observe
    def step(key: str) -> str:
        observe.record(used=key)
        raise ValueError(key)

    trial = replace(make_trial(1), messages=(Message("user", f"my key is {KEY}"),))
    call = tracer.trial(trial).call(spec, trial.messages)
    call.begin()
    try:
        step(KEY)
    except ValueError as error:
        call.end(error=error)
    call.begin()
    call.end(error=BackendError(f"bad key {KEY}", kind="authentication"))
    call.begin()
    call.end(replace(GENERATION, text=f"you said {KEY}"))
    failed = (Score("exact_match", None, "failed", f"no {KEY}"), *answered(trial).scores[1:])
    tracer.scored([answered(trial, scores=failed)], TIMES)
    refused = CallError("authentication", f"bad key {KEY}")
    tracer.scored([TrialResult(make_trial(2), "error", None, None, refused, (), ())], [])
    path = tracer.close({})
    assert path is not None
    text = path.read_text()
    assert KEY not in text
    assert text.count("***") >= 9
