from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from harness.backends.encoder import Encoded
from harness.backends.encoder_files import EncoderFiles
from harness.errors import ModelFileError, OptionError
from harness.schema import Answer, MetricSpec
from harness.score import create
from harness.score.bertscore import metric as bertscore_metric
from harness.score.bertscore.matching import equal_weights, idf_weights, matched, side
from harness.score.scorer import Scorer

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ANGLES = {"north": 0.0, "east": 90.0, "northeast": 45.0, "south": 180.0}
IDS = {word: place for place, word in enumerate(ANGLES, 10)}


class Compass:
    """An encoder whose tokens are directions: what is alike is seen at a glance. [1, 2] are the special ids."""

    def __init__(self) -> None:
        self.encoded: list[str] = []
        self.asked: list[str] = []

    def encode(self, texts: Sequence[str], most_tokens: int | None = None) -> list[Encoded]:
        self.encoded += texts
        return [self._one(text, most_tokens or 8) for text in texts]

    def token_ids(self, texts: Iterable[str]) -> list[list[int]]:
        self.asked += texts
        return [[1, *(IDS[word] for word in text.split()), 2] for text in texts]

    def _one(self, text: str, most: int) -> Encoded:
        words = text.split()[: most - 2]
        radians = np.radians([ANGLES[word] for word in words])
        own = np.array([np.cos(radians), np.sin(radians), 0 * radians]).T.reshape(-1, 3)
        ends = np.array([[0, 0, 1.0]])
        vectors = np.concatenate([ends, own * 3, ends]).astype(np.float32) if words else np.zeros((0, 3), np.float32)
        ids = np.array([1, *(IDS[word] for word in words), 2] if words else [], np.int32)
        return Encoded(ids, vectors, ids > 2, is_cut=len(text.split()) > len(words))


@pytest.fixture
def compass(monkeypatch: pytest.MonkeyPatch) -> Compass:
    """In place of every encoder; `minilm` is installed, and so is a folder of 4 layers called `four`."""
    made = Compass()
    files = EncoderFiles("onnx", "minilm", "m.onnx", 6, "w" * 64, "t" * 64)
    four = EncoderFiles("torch", "four", "/four", 4, "f" * 64, "t" * 64)
    large = EncoderFiles("torch", "roberta-large", "/large", 24, "f" * 64, "t" * 64)

    def found(model: str, _folder: Path) -> EncoderFiles:
        if model == "absent":
            raise ModelFileError("the encoder 'absent' is not here; run: this")
        return {"minilm": files, "four": four, "roberta-large": large}[model]

    monkeypatch.setattr("harness.score.encoders.encoder_files", found)
    monkeypatch.setattr(bertscore_metric, "shared_encoder", lambda _files, _layer: made)
    return made


def answer(output: str, *references: str) -> Answer:
    return Answer(output, references, {}, None)


def scores(answers: Sequence[Answer], **options: Any) -> list[list[float | None]]:
    metric = create(MetricSpec("bertscore", options, Path()))
    return [[score.value for score in row] for row in metric.score(answers)]


def mistake(**options: Any) -> OptionError:
    with pytest.raises(OptionError) as caught:
        create(MetricSpec("bertscore", options, Path()))
    return caught.value


@pytest.mark.usefixtures("compass")
def test_each_token_is_matched_with_the_most_alike_of_the_other_text() -> None:
    ((precision, recall, f1),) = scores([answer("north northeast", "north south")])
    half = 2**-0.5
    assert precision == pytest.approx((1 + half) / 2)
    assert recall == pytest.approx((1 + 0) / 2)  # south is nearest to a special token, at right angles
    assert f1 == pytest.approx((1 + half) / 2 / ((1 + half) / 2 + 0.5))


@pytest.mark.usefixtures("compass")
def test_special_tokens_count_for_nothing_themselves() -> None:
    assert scores([answer("north", "north")]) == [[pytest.approx(1), pytest.approx(1), pytest.approx(1)]]


@pytest.mark.usefixtures("compass")
def test_each_measure_takes_the_reference_where_it_is_best() -> None:
    single = scores([answer("north", "north south"), answer("north", "northeast")])
    ((precision, recall, f1),) = scores([answer("north", "north south", "northeast")])
    assert (precision, recall, f1) == (single[0][0], single[1][1], max(single[0][2] or 0, single[1][2] or 0))


@pytest.mark.usefixtures("compass")
@pytest.mark.parametrize(("output", "reference"), [("", "north"), ("north", ""), ("", "")])
def test_empty_text_scores_0_and_the_score_says_why(output: str, reference: str) -> None:
    (row,) = create(MetricSpec("bertscore", {}, Path())).score([answer(output, reference)])
    assert [score.value for score in row] == [0, 0, 0]
    assert row[0].reason == "a text without tokens scores 0 before rescaling"


@pytest.mark.usefixtures("compass")
def test_empty_reference_beside_a_good_one_costs_nothing() -> None:
    assert scores([answer("north", "", "north")])[0] == [pytest.approx(1)] * 3


def test_answer_without_references_is_unscored_and_not_encoded(compass: Compass) -> None:
    (row,) = create(MetricSpec("bertscore", {}, Path())).score([answer("north")])
    assert {(score.status, score.reason) for score in row} == {("unscored", "the sample has no reference")}
    assert compass.encoded == []


@pytest.mark.usefixtures("compass")
def test_cut_text_is_told() -> None:
    (row,) = create(MetricSpec("bertscore", {}, Path())).score([answer("north " * 20, "north")])
    assert row[0].reason == "a text is longer than the encoder reads and was cut"


def test_text_that_comes_again_is_encoded_once_a_batch(compass: Compass) -> None:
    scores([answer("north", "east"), answer("north", "east"), answer("east", "north")])
    assert sorted(compass.encoded) == ["east", "north"]


def test_idf_weighs_by_the_references_of_the_dataset_once(compass: Compass) -> None:
    spec = MetricSpec("bertscore", {"idf": True}, Path())
    metric: Any = create(spec)
    metric.prepare([("north east",), ("north",), ("north south",)])
    first = metric.score([answer("north northeast", "north east")])
    assert metric.score([answer("north northeast", "north east")]) == first
    assert compass.asked == ["north east", "north", "north south"]
    precision = first[0][0].value
    assert precision == pytest.approx(2**-0.5), "north is in every reference and weighs nothing"


@pytest.mark.usefixtures("compass")
def test_scorer_tells_the_metric_the_references_of_the_dataset() -> None:
    scorer = Scorer([MetricSpec("bertscore", {"idf": True}, Path())])
    scorer.prepare([("north east",), ("north",)])
    values = [score.value for score in scorer.score([answer("east", "north east")])[0][:3]]
    assert values == pytest.approx([1, 1, 1]), "north is in every reference and weighs nothing"


@pytest.mark.usefixtures("compass")
def test_tokens_that_weigh_nothing_leave_a_pair_unscored() -> None:
    (row,) = create(MetricSpec("bertscore", {"idf": True}, Path())).score([answer("north", "north")])
    assert {(score.status, score.reason) for score in row} == {
        ("unscored", "idf gives no token any weight: every reference has them all")
    }


@pytest.mark.usefixtures("compass")
def test_rescaling_spreads_what_is_above_the_baseline(tmp_path: Path) -> None:
    (tmp_path / "b.tsv").write_text("LAYER,P,R,F\n5,0.1,0.1,0.1\n6,0.5,0.2,0.25\n")
    metric = create(MetricSpec("bertscore", {"baseline": "b.tsv"}, tmp_path))
    assert [measure.low for measure in metric.measures] == [-3.0, pytest.approx(-1.5), pytest.approx(-5 / 3)]
    assert "|rescaled:own baseline " in metric.measures[0].signature
    good, empty = metric.score([answer("north", "north"), answer("", "north")])
    assert [score.value for score in good] == pytest.approx([1, 1, 1])
    assert [score.value for score in empty] == pytest.approx([-1, -0.25, -1 / 3])


@pytest.mark.usefixtures("compass")
@pytest.mark.parametrize(
    "content", ["", "LAYER,P,R,F\n5,0.1,0.1,0.1\n", "LAYER,P,R,F\n6,a,b,c\n", "LAYER,P,R,F\n6,0.1,1,0.1\n"]
)
def test_unfit_baseline_file_is_told(tmp_path: Path, content: str) -> None:
    (tmp_path / "b.tsv").write_text(content)
    error = mistake(baseline=str(tmp_path / "b.tsv"))
    assert error.key == "baseline"
    assert str(error).endswith("allowed: a file of lines LAYER,P,R,F below a heading")


@pytest.mark.usefixtures("compass")
def test_baseline_of_the_library_is_in_the_signature() -> None:
    metric = create(MetricSpec("bertscore", {"model": "roberta-large", "rescale": True}, Path()))
    assert "|layer:17|idf:no|rescaled:bert-score's baseline, lang en|" in metric.measures[2].signature
    assert metric.measures[2].signature.startswith("bertscore_f1|model:roberta-large|weights:ffffffffffffffff|")


def test_language_without_baselines_is_told_also_where_nothing_is_rescaled() -> None:
    error = mistake(lang="xx")
    assert error.key == "lang"
    assert str(error) == (
        "metric 'bertscore': option 'lang' is 'xx'; allowed: cs, de, en, en-sci, es, et, fi, fr, it, lv, pt, zh, of "
        "which the library has baselines"
    )


@pytest.mark.usefixtures("compass")
def test_model_without_a_baseline_is_told() -> None:
    error = mistake(rescale=True)
    assert error.key == "rescale"
    assert str(error) == (
        "metric 'bertscore': option 'rescale': there is no baseline for model 'minilm', layer 6, lang 'en'; allowed: a "
        "model of bert-score's baselines; leave rescale out, or name a file: baseline: FILE.tsv"
    )


@pytest.mark.usefixtures("compass")
def test_layer_that_is_not_there_is_told_with_those_that_are() -> None:
    assert str(mistake(layer=5)) == "metric 'bertscore': option 'layer' is 5 with model 'minilm'; allowed: 6"
    assert str(mistake(model="four", layer=5)) == (
        "metric 'bertscore': option 'layer' is 5 with model 'four'; allowed: a whole number from 0 to 4"
    )
    needed = mistake(model="four")
    assert needed.key == "model"
    assert str(needed) == (
        "metric 'bertscore': option 'layer' is needed: no layer is known to be best for model 'four'; "
        "allowed: a whole number from 0 to 4"
    )
    assert "|layer:0|" in create(MetricSpec("bertscore", {"model": "four", "layer": 0}, Path())).measures[0].signature


@pytest.mark.usefixtures("compass")
def test_encoder_that_is_not_there_is_told_with_the_command() -> None:
    error = mistake(model="absent")
    assert (error.key, str(error)) == ("model", "metric 'bertscore': the encoder 'absent' is not here; run: this")


def test_encoder_that_cannot_be_loaded_fails_scores_and_nothing_else(
    compass: Compass, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_texts: Sequence[str], _most: int | None = None) -> None:
        raise ModelFileError("encoder 'minilm' (m.onnx): it is broken")

    monkeypatch.setattr(compass, "encode", broken)
    scorer = Scorer([MetricSpec("bertscore", {}, Path()), MetricSpec("exact_match", {}, Path())])
    (row,) = scorer.score([answer("north", "north")])
    assert [score.status for score in row[:4]] == ["failed", "failed", "failed", "scored"]
    assert (row[0].reason or "").startswith("ModelFileError: encoder 'minilm' (m.onnx): it is broken")


def test_likeness_below_0_stays_there_and_f1_is_bounded() -> None:
    def text(*rows: tuple[float, float]) -> Encoded:
        return Encoded(
            np.arange(len(rows), dtype=np.int32), np.array(rows, np.float32), np.ones(len(rows), bool), is_cut=False
        )

    apart = matched(side(text((1, 0)), equal_weights), side(text((-1, 0)), equal_weights))
    assert apart == (-1, -1, -1)
    mixed = matched(side(text((1, 0), (-1, 0), (-1, 0)), equal_weights), side(text((1, 0)), equal_weights))
    assert mixed is not None
    assert mixed[0] == pytest.approx(-1 / 3)
    assert mixed[1:] == (1, 0)


def test_idf_of_a_token_that_no_reference_has_is_the_greatest() -> None:
    weigh = idf_weights([[1, 7, 2], [1, 8, 8, 2], [1, 2]])
    ids: Any = SimpleNamespace(ids=np.array([1, 7, 8, 9]))
    assert weigh(ids).tolist() == pytest.approx([0, np.log(2), np.log(2), np.log(4)])
