from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from nltk.translate.meteor_score import single_meteor_score

from harness.errors import OptionError
from harness.schema import MetricSpec
from harness.score import create, measures_of
from harness.score import nltk_data as installed

if TYPE_CHECKING:
    from collections.abc import Callable

    Value = Callable[..., float | None]

HYPOTHESIS = "It is a guide to action which ensures that the military always obeys the commands of the party"
REFERENCE = "It is a guide to action that ensures that the military will forever heed Party commands"


@pytest.fixture
def no_nltk_data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr(installed, "_SYSTEM_FOLDERS", ())
    monkeypatch.setattr("sys.prefix", str(tmp_path / "prefix"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NLTK_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


def test_nltks_published_example(value_of: Value) -> None:
    """Its documentation gives 0.6944: none of the words that are left has a synonym among the reference's."""
    assert value_of("meteor", HYPOTHESIS, (REFERENCE,), synonyms="none") == pytest.approx(0.6944, abs=5e-5)


def test_worked_by_hand(value_of: Value) -> None:
    # 2 of 3 and 2 of 4 words match, in 2 chunks: F = PR / (0.9 P + 0.1 R), penalty 0.5
    precision, recall = 2 / 3, 2 / 4
    mean = precision * recall / (0.9 * precision + 0.1 * recall)
    assert value_of("meteor", "one big cat", ("one fat black cats",), synonyms="none") == pytest.approx(mean * 0.5)


def test_the_best_reference_counts(value_of: Value) -> None:
    assert value_of("meteor", "a b", ("x y", "a b"), synonyms="none") == value_of(
        "meteor", "a b", ("a b",), synonyms="none"
    )


@pytest.mark.parametrize(("output", "reference"), [("", "a"), ("a", ""), ("", ""), (" ", "\n")])
def test_texts_without_words_score_zero(value_of: Value, output: str, reference: str) -> None:
    assert value_of("meteor", output, (reference,), synonyms="none") == 0.0


def test_weights_are_nltks_and_in_the_signature(value_of: Value) -> None:
    class NoWord:
        def synsets(self, _word: str) -> tuple[()]:
            return ()

    weights = {"alpha": 0.5, "beta": 1.0, "gamma": 0.25}
    theirs = single_meteor_score(REFERENCE.split(), HYPOTHESIS.split(), wordnet=NoWord(), **weights)
    assert value_of("meteor", HYPOTHESIS, (REFERENCE,), synonyms="none", **weights) == pytest.approx(theirs)
    (measure,) = measures_of(MetricSpec("meteor", {"synonyms": "none", **weights}, Path()))
    assert "|alpha:0.5|beta:1|gamma:0.25|" in measure.signature


@pytest.mark.parametrize("name", ["alpha", "gamma"])
def test_weights_beyond_1_are_refused(name: str) -> None:
    with pytest.raises(OptionError) as raised:
        create(MetricSpec("meteor", {"synonyms": "none", name: 2}, Path()))
    assert str(raised.value) == f"metric 'meteor': option '{name}' is 2; allowed: a number from 0 to 1"


@pytest.mark.usefixtures("no_nltk_data")
def test_without_wordnet_it_says_what_to_do() -> None:
    with pytest.raises(OptionError) as raised:
        create(MetricSpec("meteor", {}, Path()))
    assert str(raised.value) == (
        "metric 'meteor' needs WordNet, which NLTK does not bring along; allowed: an installed WordNet, or "
        "'synonyms: none' (words match by form and stem alone); where there is a network, run: "
        "python -m nltk.downloader wordnet"
    )


@pytest.mark.parametrize("form", ["wordnet", "wordnet.zip"])
def test_an_installed_wordnet_is_found_in_both_forms(no_nltk_data: Path, form: str) -> None:
    (no_nltk_data / "corpora" / form).mkdir(parents=True)
    (measure,) = measures_of(MetricSpec("meteor", {}, Path()))
    assert measure.signature.startswith("meteor|modules:exact,porter,wordnet|")


def test_without_nltk_it_names_the_install_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installed, "find_spec", lambda _name: None)
    with pytest.raises(OptionError) as raised:
        create(MetricSpec("meteor", {"synonyms": "none"}, Path()))
    assert str(raised.value) == "metric 'meteor' needs NLTK; run: pip install 'pytest-prompt-suite[nltk]'"
