from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.backends import hub_cache
from harness.backends.encoder_files import encoder_files, weights_sha256
from harness.backends.hub_cache import cached, fetch, is_fetchable, weight_files, with_owner
from harness.backends.models_install import install
from harness.errors import MissingExtraError, ModelFileError

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if torch were installed: nothing is imported here."""
    monkeypatch.setattr("harness.backends.encoder_files.importlib.util.find_spec", lambda _name: True)


@pytest.fixture
def model() -> Callable[..., Path]:
    def made(folder: Path, **config: Any) -> Path:
        folder.mkdir(parents=True)
        (folder / "config.json").write_text(json.dumps({"num_hidden_layers": 4, **config}))
        (folder / "model.safetensors").write_bytes(b"weights")
        (folder / "tokenizer.json").write_text("{}")
        return folder

    return made


@pytest.mark.usefixtures("installed")
def test_folder_is_found_relative_to_the_suite_with_the_hash_of_its_weights(
    tmp_path: Path, model: Callable[..., Path]
) -> None:
    model(tmp_path / "mine")
    files = encoder_files("./mine", tmp_path)
    assert (files.kind, files.name, files.layers, files.pooling, files.sentence_tokens) == (
        "torch",
        "mine",
        4,
        "mean",
        None,
    )
    assert files.sha256 == hashlib.sha256(b"weights").hexdigest()
    assert files.signature.startswith(f"model:mine|weights:{files.sha256[:16]}|tokenizer:")


@pytest.mark.usefixtures("installed")
def test_tokenizer_and_configuration_are_in_the_signature_too(tmp_path: Path, model: Callable[..., Path]) -> None:
    model(tmp_path / "mine")
    before = encoder_files("mine", tmp_path)
    (tmp_path / "mine/tokenizer.json").write_text('{"other": 1}')
    after = encoder_files("mine", tmp_path)
    assert before.sha256 == after.sha256
    assert before.signature != after.signature


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    ("written", "pooling"),
    [
        ({"pooling_mode_mean_tokens": True}, "mean"),
        ({"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": False}, "cls"),
        ({"pooling_mode_max_tokens": True}, "other"),
        ({"pooling_mode_mean_tokens": True, "pooling_mode_cls_token": True}, "other"),
    ],
)
def test_pooling_is_the_folders_own(
    tmp_path: Path, model: Callable[..., Path], *, written: dict[str, bool], pooling: str
) -> None:
    folder = model(tmp_path / "mine")
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling/config.json").write_text(json.dumps({"word_embedding_dimension": 8, **written}))
    (folder / "sentence_bert_config.json").write_text('{"max_seq_length": 128}')
    files = encoder_files("mine", tmp_path)
    assert (files.pooling, files.sentence_tokens) == (pooling, 128)


@pytest.mark.usefixtures("installed")
def test_layer_on_top_of_the_pooled_vector_is_told(tmp_path: Path, model: Callable[..., Path]) -> None:
    (model(tmp_path / "mine") / "modules.json").write_text('[{"type": "sentence_transformers.models.Dense"}]')
    assert encoder_files("mine", tmp_path).pooling == "other"


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("missing", ["config.json", "model.safetensors"])
def test_folder_that_is_no_encoder_is_refused(tmp_path: Path, model: Callable[..., Path], missing: str) -> None:
    (model(tmp_path / "mine") / missing).unlink()
    with pytest.raises(ModelFileError, match=r"mine.*Hugging Face"):
        encoder_files("mine", tmp_path)


def test_folder_without_torch_names_the_extra(
    tmp_path: Path, model: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    model(tmp_path / "mine")
    monkeypatch.setattr("harness.backends.encoder_files.importlib.util.find_spec", lambda _name: None)
    with pytest.raises(MissingExtraError) as caught:
        encoder_files("mine", tmp_path)
    assert str(caught.value) == (
        "the encoder 'mine' needs an optional part; run: pip install 'pytest-prompt-suite[bertscore]'"
    )


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize("name", ["microsoft/deberta-xlarge-mnli", "roberta-large"])
def test_model_of_the_hub_that_was_not_fetched_names_the_command(name: str) -> None:
    with pytest.raises(ModelFileError) as caught:
        encoder_files(name, Path())
    assert str(caught.value) == (
        f"the encoder '{name}' is not on this machine; run: prompt-suite models install {name} (needs the network), "
        "or name the folder it lies in"
    )


@pytest.mark.usefixtures("installed")
def test_model_in_the_hubs_cache_is_found_by_its_name(cache: Path, model: Callable[..., Path]) -> None:
    home = cache / "models--FacebookAI--roberta-large"
    folder = model(home / "snapshots/abc")
    (home / "refs").mkdir()
    (home / "refs/main").write_text("abc")
    for name in ("FacebookAI/roberta-large", "roberta-large"):
        files = encoder_files(name, Path())
        assert (files.name, files.path) == (name, str(folder))
    assert cached("microsoft/deberta-xlarge-mnli") is None


@pytest.mark.parametrize("name", ["../nothing", "./nothing", "a/b/c", "nothing here", ""])
def test_what_is_no_name_and_no_folder_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ModelFileError, match=r"no folder and no embedded one|is no encoder|needs an optional"):
        encoder_files(name or "\n", tmp_path)


def test_weights_are_those_that_are_loaded() -> None:
    both = ["config.json", "model.safetensors", "pytorch_model.bin"]
    assert weight_files(both) == ["model.safetensors"]
    assert weight_files(["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors", "x.bin"]) == [
        "model-00001-of-00002.safetensors",
        "model-00002-of-00002.safetensors",
    ]
    assert weight_files(["tf_model.h5"]) == []


def test_hash_of_several_files_depends_on_each(tmp_path: Path) -> None:
    for part in (1, 2):
        (tmp_path / f"model-0000{part}-of-00002.safetensors").write_bytes(bytes([part]))
    before = weights_sha256(tmp_path)
    (tmp_path / "model-00002-of-00002.safetensors").write_bytes(b"other")
    assert len(before) == 64
    assert weights_sha256(tmp_path) != before


def test_first_models_of_the_hub_get_their_owner() -> None:
    assert with_owner("bert-base-uncased") == "google-bert/bert-base-uncased"
    assert with_owner("microsoft/deberta-base") == "microsoft/deberta-base"
    assert [is_fetchable(name) for name in ("a/b", "roberta-large", "smolm2", "x/y.gguf", "./a", "/a/b")] == [
        *(True, True),
        *(False, False, False, False),
    ]


def test_hub_that_cannot_be_reached_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")

    def unreachable(*_arguments: object, **_options: object) -> None:
        raise ConnectionError("no route\nto host")

    monkeypatch.setattr("huggingface_hub.HfApi.model_info", unreachable)
    with pytest.raises(ModelFileError) as caught:
        fetch("microsoft/deberta-xlarge-mnli")
    assert str(caught.value) == (
        "the encoder 'microsoft/deberta-xlarge-mnli' cannot be fetched from the hub "
        "(ConnectionError: no route to host); check the name and the network, or name a folder that holds the model"
    )


def test_offline_by_choice_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ModelFileError, match="HF_HUB_OFFLINE is 1; unset it, or name a folder"):
        install("microsoft/deberta-xlarge-mnli")


def test_encoder_of_the_hub_is_installed_under_its_own_name(
    tmp_path: Path, model: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = model(tmp_path / "fetched")
    monkeypatch.setattr("harness.backends.models_install.fetch", lambda _name: folder)
    state = install("owner/name")
    assert (state.name, state.path, state.embedded) == ("owner/name", folder, False)
    assert state.sha256 == hashlib.sha256(b"weights").hexdigest()
    with pytest.raises(ModelFileError, match="keeps its name; leave --name 'mine' out"):
        install("owner/name", name="mine")


def test_only_configuration_tokenizer_and_one_form_of_weights_are_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, Any] = {}
    names = ["config.json", "pytorch_model.bin", "model.safetensors", "tf_model.h5", "onnx/model.onnx"]
    siblings = [type("File", (), {"rfilename": name})() for name in names]
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setattr("huggingface_hub.HfApi.model_info", lambda *_a, **_o: type("I", (), {"siblings": siblings})())

    def snapshot(name: str, **options: Any) -> str:
        asked.update(name=name, **options)
        return str(tmp_path)

    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot)
    assert fetch("roberta-large") == tmp_path
    assert asked["name"] == "FacebookAI/roberta-large"
    assert asked["allow_patterns"] == [*hub_cache._CONFIGURATION, "model.safetensors"]
