from __future__ import annotations

import os
import signal
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from msgspec.structs import replace

from harness.backends.encoder import Encoder, _Memory, shared_encoder
from harness.backends.encoder_files import EncoderFiles, encoder_files
from harness.backends.encoder_onnx import equally_long
from harness.backends.encoder_process import answers
from harness.errors import ModelFileError
from tests.encoders import needs_minilm

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@pytest.fixture
def encoder() -> Iterator[Encoder]:
    made = Encoder(encoder_files("minilm", Path()), 6)
    yield made
    made.close()


def running(encoder: Encoder) -> int:
    pid = encoder._process.pid
    assert pid is not None
    return pid


@needs_minilm
def test_each_text_gets_a_vector_a_token_in_order(encoder: Encoder) -> None:
    first, second = encoder.encode(["a cat sat", "hello"])
    assert (first.vectors.shape, second.vectors.shape) == ((5, 384), (3, 384))
    assert first.is_own.tolist() == [False, True, True, True, False]
    assert second.ids.tolist() == [101, 7592, 102]
    assert encoder.token_ids(["hello", ""]) == [[101, 7592, 102], []]


@needs_minilm
def test_text_without_anything_to_read_has_no_tokens(encoder: Encoder) -> None:
    for encoded in encoder.encode(["", " \n\t", "\x07"]):
        assert encoded.is_empty
        assert not encoded.is_cut


@needs_minilm
def test_half_characters_and_blanks_around_a_text_are_read(encoder: Encoder) -> None:
    half, padded, plain = encoder.encode(["\ud800 a", "  hello ", "hello"])
    assert not half.is_empty
    assert (padded.vectors == plain.vectors).all()


@needs_minilm
def test_text_longer_than_the_encoder_reads_is_cut_and_says_so(encoder: Encoder) -> None:
    whole, cut = encoder.encode(["word " * 510, "word " * 511])
    assert (len(whole.ids), whole.is_cut, len(cut.ids), cut.is_cut) == (512, False, 512, True)
    (shorter,) = encoder.encode(["word " * 300], 256)
    assert (len(shorter.ids), shorter.is_cut) == (256, True)


@needs_minilm
def test_vectors_of_a_text_do_not_depend_on_its_neighbours(encoder: Encoder) -> None:
    (alone,) = encoder.encode(["the cat sat on the mat"])
    other = Encoder(encoder.files, 6)
    beside = other.encode(["a", "word " * 400, "the cat sat on the mat", "the dog sat on the mat"])[2]
    other.close()
    assert (alone.vectors == beside.vectors).all()


@needs_minilm
def test_known_text_is_not_computed_again(encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    (first,) = encoder.encode(["hello"])
    monkeypatch.setattr(encoder._process, "replies", None)
    assert encoder.encode(["hello", "hello"])[1].vectors is first.vectors


@needs_minilm
def test_process_that_died_is_told_once_and_started_again(encoder: Encoder) -> None:
    encoder.encode(["hello"])
    os.kill(running(encoder), signal.SIGKILL)
    with pytest.raises(ModelFileError, match=r"^encoder 'minilm' \(.*\): its process died; check the files"):
        encoder.encode(["new"])
    assert len(encoder.encode(["new"])[0].ids) == 3


@needs_minilm
def test_process_that_dies_again_and_again_is_given_up(encoder: Encoder) -> None:
    for text in ("a", "b"):
        encoder.encode([text])
        os.kill(running(encoder), signal.SIGKILL)
        with pytest.raises(ModelFileError):
            encoder.encode([text + " new"])
    with pytest.raises(ModelFileError, match="its process died"):
        encoder.encode(["c"])
    assert encoder._process.pid is None


@needs_minilm
def test_closed_encoder_has_no_process_and_starts_one_when_it_is_needed(encoder: Encoder) -> None:
    encoder.encode(["hello"])
    pid = running(encoder)
    encoder.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert encoder.encode(["again"])[0].is_own.any()


def test_file_that_is_no_model_is_told_and_not_loaded_again(tmp_path: Path) -> None:
    (tmp_path / "m.onnx").write_bytes(b"no model")
    broken = Encoder(EncoderFiles("onnx", "mine", str(tmp_path / "m.onnx"), 6, "", ""), 6)
    for _ in range(2):
        with pytest.raises(ModelFileError, match=r"^encoder 'mine' \(.*m\.onnx\): InvalidProtobuf: "):
            broken.encode(["hello"])
    assert broken._process.pid is None


@needs_minilm
def test_damaged_embedded_encoder_is_told_before_it_is_loaded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "m.onnx").write_bytes(b"damaged")
    files = replace(encoder_files("minilm", Path()), path=str(tmp_path / "m.onnx"))
    monkeypatch.setattr("harness.backends.models.find", lambda _name: tmp_path / "m.onnx")
    with pytest.raises(
        ModelFileError, match="so the file is damaged or another; run: prompt-suite models install minilm"
    ):
        Encoder(files, 6).encode(["hello"])


@needs_minilm
def test_metrics_share_one_encoder() -> None:
    files = encoder_files("minilm", Path())
    assert shared_encoder(files, 6) is shared_encoder(encoder_files("minilm", Path("elsewhere")), 6)
    assert shared_encoder(files, 5) is not shared_encoder(files, 6)


def test_memory_forgets_what_was_used_longest_ago(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.backends.encoder._LEAST_CACHED", 100)
    monkeypatch.setattr("harness.backends.encoder.available_bytes", lambda: 0)
    memory = _Memory()
    vectors: Any = [type("E", (), {"vectors": np.zeros(5)})() for _ in range(3)]
    memory.put("a", vectors[0])
    memory.put("b", vectors[1])
    assert memory.get("a") is vectors[0]
    memory.put("c", vectors[2])
    assert (memory.get("a"), memory.get("b"), memory.get("c")) == (vectors[0], None, vectors[2])


@dataclass
class Fake:
    """Ids are lengths of words; it notes what it computed."""

    special_ids: tuple[int, ...] = ()
    most_tokens: int = 3
    computed: list[Sequence[int]] = field(default_factory=list)

    def tokens(self, texts: Sequence[str], most: int) -> list[tuple[list[int], bool]]:
        whole = [[len(word) for word in text.split()] for text in texts]
        return [(ids[:most], len(ids) > most) for ids in whole]

    def vectors(self, ids: Sequence[Sequence[int]]) -> Iterator[tuple[int, np.ndarray[Any, Any]]]:
        for place in reversed(range(len(ids))):
            self.computed.append(ids[place])
            yield place, np.array([ids[place]], np.float32).T


def test_texts_of_equal_tokens_are_computed_once() -> None:
    fake = Fake()
    *replies, last = answers(fake, "vectors", ["a bb", "c dd", "e", "a b c d"], None)
    assert last == ("done",)
    assert len(fake.computed) == 3
    found = {place: (ids.tolist(), vectors[:, 0].tolist(), is_cut) for _, place, ids, vectors, is_cut in replies}
    assert found == {
        0: ([1, 2], [1, 2], False),
        1: ([1, 2], [1, 2], False),
        2: ([1], [1], False),
        3: ([1, 1, 1], [1, 1, 1], True),
    }


def test_tokens_alone_compute_nothing() -> None:
    fake = Fake()
    (_, place, ids, vectors, is_cut), _ = answers(fake, "tokens", ["a bb ccc"], 2)
    assert (place, ids.tolist(), vectors, is_cut, fake.computed) == (0, [1, 2], None, True, [])


def test_batches_hold_texts_of_one_length_and_miss_none() -> None:
    lengths = [3, 200, 3, 50, 50, 50, 3, 1]
    batches = equally_long([[0] * length for length in lengths])
    assert batches == [[1], [3, 4], [5], [0, 2, 6], [7]]
