"""The vectors of each family of encoders, cut to a layer, against what bert-score 0.3.13 computes, run here.

Tiny models with random weights stand for the families: where layers are kept and how they are cut is what differs.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from harness.backends.encoder_torch import TorchEngine, cut_to
from harness.backends.models import find
from tests.encoders import needs_torch

if TYPE_CHECKING:
    from collections.abc import Callable

DATA = Path(__file__).parent / "data/bertscore"
TEXTS = [*(DATA / "refs.txt").read_text("utf-8").splitlines()[:6], "a", "naïve café 北京"]
BERT = {
    "vocab_size": 30522,
    "hidden_size": 32,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "pad_token_id": 0,
}
BART = {
    "vocab_size": 30522,
    "d_model": 32,
    "encoder_layers": 3,
    "decoder_layers": 1,
    "encoder_attention_heads": 2,
    "decoder_attention_heads": 2,
    "encoder_ffn_dim": 64,
    "decoder_ffn_dim": 64,
}
FAMILIES: dict[str, dict[str, Any]] = {
    "albert": {**BERT, "embedding_size": 16},
    "bart": BART,
    "deberta": {**BERT, "relative_attention": True, "pos_att_type": ["c2p", "p2c"]},
    "distilbert": {"vocab_size": 30522, "dim": 32, "n_layers": 3, "n_heads": 2, "hidden_dim": 64},
    "roberta": {**BERT, "max_position_embeddings": 514},
    "t5": {"vocab_size": 30522, "d_model": 32, "d_kv": 16, "d_ff": 64, "num_layers": 3, "num_heads": 2},
    "xlm": {"vocab_size": 30522, "emb_dim": 32, "n_layers": 3, "n_heads": 2},
    "xlnet": {"vocab_size": 30522, "d_model": 32, "n_layer": 3, "n_head": 2, "d_inner": 64},
}

pytestmark = [needs_torch, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine sets these for its process; here they are put back."""
    for name in ("HF_HUB_OFFLINE", "TOKENIZERS_PARALLELISM"):
        monkeypatch.setenv(name, "0")


@pytest.fixture
def tiny(tmp_path: Path) -> Callable[[str], str]:
    """The folder of a model of the family, with the tokenizer of all-MiniLM."""

    def made(family: str) -> str:
        import torch
        from transformers import AutoConfig, AutoModel, AutoTokenizer

        source = find("minilm-fp32")
        assert source is not None
        folder = str(tmp_path / family)
        torch.manual_seed(0)
        configs, models, tokenizers = _any(AutoConfig), _any(AutoModel), _any(AutoTokenizer)
        models.from_config(configs.for_model(family, **FAMILIES[family])).save_pretrained(folder)
        tokenizers.from_pretrained(str(source.parent)).save_pretrained(folder)
        return folder

    return made


def _any(made: Any) -> Any:
    return made


def _library(folder: str, layer: int) -> list[Any]:
    """The vectors of each text by the library's own functions, each alone: nothing is padded."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import torch
        from bert_score.utils import bert_encode, get_model, get_tokenizer, sent_encode
    model, tokenizer = get_model(folder, layer), get_tokenizer(folder)
    return [bert_encode(model, torch.tensor([sent_encode(tokenizer, text)]), None)[0].numpy() for text in TEXTS]


@pytest.mark.parametrize("family", FAMILIES)
def test_vectors_are_the_librarys_at_each_layer(family: str, tiny: Callable[[str], str]) -> None:
    folder = tiny(family)
    for layer in (0, 2):
        engine = TorchEngine(folder, layer=layer, threads=1)
        ids = [own for own, _ in engine.tokens(TEXTS, 512)]
        found = dict(engine.vectors(ids))
        for place, expected in enumerate(_library(folder, layer)):
            assert np.abs(found[place] - expected).max() < 1e-4


def test_tokens_of_byte_pairs_are_the_librarys(tiny: Callable[[str], str]) -> None:
    from bert_score.utils import get_tokenizer, sent_encode
    from tokenizers import ByteLevelBPETokenizer
    from transformers import RobertaTokenizer

    folder = Path(tiny("roberta"))
    trained = ByteLevelBPETokenizer()
    trained.train_from_iterator(TEXTS, 400, special_tokens=["<s>", "<pad>", "</s>", "<unk>", "<mask>"])
    for path in folder.glob("*token*"):
        path.unlink()
    trained.save_model(str(folder))
    files = (str(folder / name) for name in ("vocab.json", "merges.txt"))
    _any(RobertaTokenizer)(*files, model_max_length=512).save_pretrained(str(folder))  # without, the library overflows
    engine = TorchEngine(str(folder), layer=1, threads=1)
    library = get_tokenizer(str(folder))
    assert [ids for ids, _ in engine.tokens(TEXTS, 512)] == [sent_encode(library, text) for text in TEXTS]
    assert engine.special_ids == (0, 2)


def test_layer_beyond_the_last_is_refused(tiny: Callable[[str], str]) -> None:
    with pytest.raises(ValueError, match="layer 4 is asked for; the encoder has 0 to 3"):
        TorchEngine(tiny("roberta"), layer=4, threads=1)


def test_model_that_keeps_layers_elsewhere_is_refused() -> None:
    with pytest.raises(ValueError, match="object keeps its layers where no known encoder does"):
        cut_to(object(), 1)
