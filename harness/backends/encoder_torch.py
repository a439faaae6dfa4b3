"""Any Hugging Face encoder in torch on the CPU, up to a layer: what the `bert-score` library computes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    import numpy.typing as npt

_BATCH_TOKENS = 512
"""Tokens computed at once, padding included: what fits in a core's cache is the fastest."""
_UNLIMITED = 1_000_000
"""A tokenizer that names a greater limit knows none."""
_USUAL_LIMIT = 512
"""Tokens where neither tokenizer nor configuration name a limit."""
_LAYERS = (("layer",), ("encoder", "layer"), ("encoder", "block"), ("transformer", "layer"), ("layers",), ("block",))
"""Where the families of encoders keep their layers, in the order in which `bert-score` looks."""


class TorchEngine:
    """Texts sorted by length and computed in batches of about equal work."""

    def __init__(self, path: str, *, layer: int, threads: int) -> None:
        """Load the first `layer` layers from a folder; whatever transformers raises when it cannot."""
        os.environ.update(HF_HUB_OFFLINE="1", TOKENIZERS_PARALLELISM="false")
        import torch
        from transformers import AutoModel, AutoTokenizer, GPT2Tokenizer, RobertaTokenizer
        from transformers.utils import logging

        make: Any = logging
        make.disable_progress_bar()
        make.set_verbosity_error()  # of texts longer than the model reads, which are cut
        torch.set_num_threads(threads)
        self._torch = torch
        self._tokenizer: Any = AutoTokenizer.from_pretrained(path)
        self._prefix = (
            {"add_prefix_space": True} if isinstance(self._tokenizer, GPT2Tokenizer | RobertaTokenizer) else {}
        )
        model: Any = AutoModel.from_pretrained(path)
        self.most_tokens = _most_tokens(self._tokenizer.model_max_length, model.config)
        self._model = cut_to(model, layer).eval()
        own = (self._tokenizer.cls_token_id, self._tokenizer.sep_token_id)
        self.special_ids: tuple[int, ...] = tuple(token for token in own if token is not None)

    def tokens(self, texts: Sequence[str], most: int) -> list[tuple[list[int], bool]]:
        """Token ids of each text, and whether it was cut to `most` tokens."""
        if self._prefix:  # word for word what `bert-score` calls
            whole = [self._tokenizer.encode(text, add_special_tokens=True, **self._prefix) for text in texts]
        else:
            whole = self._tokenizer(list(texts), add_special_tokens=True)["input_ids"]
        return [
            (self._cut(text, most) if len(ids) > most else ids, len(ids) > most)
            for text, ids in zip(texts, whole, strict=True)
        ]

    def _cut(self, text: str, most: int) -> list[int]:
        ids: list[int] = self._tokenizer.encode(
            text, add_special_tokens=True, max_length=most, truncation=True, **self._prefix
        )
        return ids

    def vectors(self, ids: Sequence[Sequence[int]]) -> Iterator[tuple[int, npt.NDArray[np.float32]]]:
        """Place and vectors of each text, longest first."""
        order = sorted(range(len(ids)), key=lambda place: -len(ids[place]))
        first = 0
        while first < len(order):
            longest = max(1, len(ids[order[first]]))
            places = order[first : first + max(1, _BATCH_TOKENS // longest)]
            first += len(places)
            yield from zip(places, self._batch([ids[place] for place in places]), strict=True)

    def _batch(self, ids: Sequence[Sequence[int]]) -> list[npt.NDArray[np.float32]]:
        torch = self._torch
        longest = max(len(own) for own in ids)
        padding = self._tokenizer.pad_token_id or 0
        rows = torch.tensor([[*own, *[padding] * (longest - len(own))] for own in ids])
        mask = torch.tensor([[1] * len(own) + [0] * (longest - len(own)) for own in ids])
        with torch.inference_mode():
            vectors = self._model(rows, attention_mask=mask)[0].float()
        return [vectors[place, : len(own)].numpy() for place, own in enumerate(ids)]


def _most_tokens(of_tokenizer: float, config: Any) -> int:
    """The tokenizer's limit; where it names none the configuration's positions."""
    if of_tokenizer < _UNLIMITED:
        return int(of_tokenizer)
    return int(getattr(config, "max_position_embeddings", None) or _USUAL_LIMIT)


def cut_to(model: Any, layer: int) -> Any:
    """The model with its first `layer` layers; of a model that also decodes, the encoder alone.

    ValueError when it has fewer, or keeps them where no known family does.
    """
    if hasattr(model, "decoder") and hasattr(model, "encoder"):
        model = model.encoder
    if hasattr(model, "n_layers"):  # XLM counts
        model.n_layers = _checked(layer, model.n_layers)
        return model
    if hasattr(getattr(model, "encoder", None), "albert_layer_groups"):  # ALBERT repeats one layer
        config = model.encoder.config
        config.num_hidden_layers = _checked(layer, config.num_hidden_layers)
        return model
    for path in _LAYERS:
        owner = model
        for name in path[:-1]:
            owner = getattr(owner, name, None)
        layers = getattr(owner, path[-1], None)
        if layers is not None:
            setattr(owner, path[-1], layers[: _checked(layer, len(layers))])
            return model
    raise ValueError(f"{type(model).__name__} keeps its layers where no known encoder does")


def _checked(layer: int, most: int) -> int:
    if not 0 <= layer <= most:
        raise ValueError(f"layer {layer} is asked for; the encoder has 0 to {most}")
    return layer
