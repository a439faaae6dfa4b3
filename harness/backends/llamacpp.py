"""A GGUF model on llama.cpp, in processes of its own: the embedded models, or any file.

Answers are reproducible, down to the log-probabilities, in any order and at any concurrency:

- One slot a process. With 4 slots 2 texts of 100 changed with what was decoded beside, at the same CPU time a prompt.
- Prompt tokens are computed 32 at once. llama.cpp's attention takes another path from 64 on, so that with its default
  of 512 it matters how a prompt is cut, and 4 texts of 15 changed with what was cached. With 32 (and 16) none did,
  for 6 % more CPU time; so the embedded models may keep the beginnings that prompts share (half the CPU time a prompt).
- Of other models this is not known: they compute each prompt from its first token, unless `cache_prompt: true`.
"""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from harness.backends import machine, models
from harness.backends.chat_client import chat_messages
from harness.backends.llamacpp_fleet import Fleet
from harness.backends.llamacpp_launch import ProcessSettings
from harness.backends.llamacpp_worker import label
from harness.backends.openai import check_params
from harness.errors import BackendError, ModelFileError, OptionError

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping
    from pathlib import Path

    from harness.schema import BackendSpec, Generation, Request

_N_CTX = 4096
"""Tokens of context of a slot: the longest prompt plus its answer."""
_N_UBATCH = 32
"""Prompt tokens computed at once by the embedded models; see above."""
_N_UBATCH_OTHER = 512
"""llama.cpp's default."""
_PREFIX_MIB = 128
"""Beginnings of prompts kept by a process: 5,000 tokens of smollm2, at 23 KB each."""
_SMALL_BYTES = 1 << 30
"""Up to this size each core gets a process of its own; above, one process gets all cores."""
_MOST_PROCESSES = 8
_OVERHEAD_BYTES = 512 << 20
"""Memory of a process beside its weights: 350 MB were seen with 8,192 tokens of context, and the kept beginnings."""
_COUNTS = ("n_ctx", "n_ubatch", "slots", "processes", "threads")
"""Parameters of the processes; all others go into each request."""
_SPEED_ONLY = ("processes", "threads")
_TOO_LONG = re.compile(r"request \((\d+) tokens\) exceeds the available context size \((\d+) tokens\)")
_FREE_BYTES = ("llamacpp", "available bytes")
"""Where a run keeps the memory there was before its first model: else equal backends would count other processes."""


class LlamaCppBackend:
    """Chat completions of a local model."""

    uses = ("path", "params")
    cacheable = True
    keeps_timeout = True
    takes_params = True

    def __init__(self, spec: BackendSpec) -> None:
        """Keep the spec; nothing is loaded before `start`."""
        self.spec = spec
        params = spec.params
        known = not spec.path and spec.model in models.MODELS
        self._n_ctx: int = params.get("n_ctx", _N_CTX)
        self._n_ubatch: int = params.get("n_ubatch", _N_UBATCH if known else _N_UBATCH_OTHER)
        self._slots: int = params.get("slots", 1)
        own = (*_COUNTS, "chat_template")
        self._sent = {"cache_prompt": known, **{key: value for key, value in params.items() if key not in own}}
        self._fleet: Fleet | None = None
        self.share({})

    def share(self, kept: dict[Hashable, Any]) -> None:
        """Use the processes of other backends with this `kept`, where they are alike; see protocol.Sharing."""
        params = self.spec.params
        self._kept = kept
        free = kept.setdefault(_FREE_BYTES, machine.available_bytes())
        self._processes: int = params.get("processes") or _processes(_size(self.spec), free)
        self._threads: int = params.get("threads") or max(1, machine.cpus() // self._processes)
        capacity = self._processes * self._slots
        self.concurrency = min(self.spec.max_concurrency or capacity, capacity)

    @classmethod
    def check(cls, spec: BackendSpec) -> None:
        """Raise OptionError for a model that cannot be named, and for wrong parameters."""
        if spec.path:
            if not (spec.folder / spec.path).is_file():
                raise OptionError(f"there is no file {spec.folder / spec.path}; write the path of a GGUF file", "path")
        elif not spec.model:
            raise OptionError(
                f"provider 'llamacpp' needs 'model' ({', '.join(models.MODELS)}) or 'path', a GGUF file", "model"
            )
        elif spec.model in models.ENCODERS:
            raise OptionError(
                f"'{spec.model}' is an encoder, for metrics such as bertscore; allowed: {', '.join(models.MODELS)}, "
                "a GGUF file of one's own by its name, or path: FILE.gguf",
                "model",
            )
        elif spec.model not in models.MODELS and models.find(spec.model) is None:
            raise OptionError(models.missing(spec.model, answers=True), "model")
        check_params(spec)
        for key in _COUNTS:
            count = spec.params.get(key, 1)
            if not isinstance(count, int) or isinstance(count, bool) or count < 1:
                raise OptionError(f"params: {key} is {count!r}; allowed: a whole number of at least 1", "params")
        if not isinstance(spec.params.get("chat_template", ""), str):
            raise OptionError("params: chat_template is no text; write a Jinja template", "params")

    @classmethod
    def fingerprint(cls, spec: BackendSpec) -> Mapping[str, str]:
        """The SHA-256 of the weights; of an embedded model the registered one, which `start` holds its file to.

        Raises:
            ModelFileError: the file cannot be read, or is not installed.

        """
        if not spec.path and spec.model in models.MODELS:
            return {"weights": models.MODELS[spec.model].sha256}  # which spares reading them
        path = spec.folder / spec.path if spec.path else models.find(spec.model)
        if path is None:
            raise ModelFileError(models.missing(spec.model, answers=True))
        return {"weights": models.sha256(path)}

    def identity(self) -> Mapping[str, object]:
        """Weights by SHA-256, runtime version and everything sent; ModelFileError when the model is not there."""
        spec = self.spec
        path = self._path()
        return {
            "provider": "llamacpp",
            "model": path.name if spec.path else spec.model,
            "weights": models.sha256(path),
            "runtime": f"xllamacpp {_runtime_version()}",
            "params": {key: value for key, value in spec.params.items() if key not in _SPEED_ONLY}
            | {
                "n_ctx": self._n_ctx,
                "n_ubatch": self._n_ubatch,
                "slots": self._slots,
                "cache_prompt": self._sent["cache_prompt"],
            },
        }

    @property
    def pids(self) -> tuple[int, ...]:
        """Ids of the model processes, while there are some."""
        workers = self._fleet.workers if self._fleet else ()
        return tuple(worker.pid for worker in workers if worker.pid is not None)

    async def start(self) -> None:
        """Load the model in each process, unless another backend of the run has."""
        settings = ProcessSettings(
            path=str(self._checked_path().resolve()),
            n_ctx=self._n_ctx,
            slots=self._slots,
            threads=self._threads,
            n_ubatch=self._n_ubatch,
            prefix_mib=_PREFIX_MIB if self._sent["cache_prompt"] else 0,
            chat_template=self.spec.params.get("chat_template", ""),
        )
        fleet: Fleet = self._kept.setdefault((settings, self._processes), Fleet(settings, self._processes))
        await fleet.start(self)
        self._fleet = fleet

    async def generate(self, request: Request) -> Generation:
        """An answer of the least loaded process; time begins when a slot is free."""
        if self._fleet is None:
            await self.start()
        assert self._fleet is not None
        try:
            body = {**self._sent, **request.params, "messages": chat_messages(request)}
            return await self._fleet.complete(self, body)
        except BackendError as error:
            too_long = _TOO_LONG.search(str(error))
            if too_long is None:
                raise
            raise BackendError(
                f"{self._label}: the prompt of sample '{request.sample_id}', variant '{request.variant}' has "
                f"{too_long[1]} tokens; {too_long[2]} fit; shorten it, or raise n_ctx in the backend's params",
                kind="rejected",
            ) from error

    async def stop(self) -> None:
        """End the processes, unless another backend of the run uses them."""
        fleet, self._fleet = self._fleet, None
        if fleet is not None:
            await fleet.stop(self)

    @property
    def _label(self) -> str:
        return label(self.spec)

    def _path(self) -> Path:
        spec = self.spec
        if spec.path:
            return spec.folder / spec.path
        found = models.find(spec.model)
        if found is None:
            raise ModelFileError(f"{self._label}: {models.missing(spec.model, answers=True)}")
        return found

    def _checked_path(self) -> Path:
        """The model's file, whole as far as can be told."""
        path = self._path()
        if not self.spec.path and self.spec.model in models.MODELS:
            models.verify(self.spec.model)
        try:
            with path.open("rb") as file:
                magic = file.read(4)
        except OSError as error:
            raise ModelFileError(f"{self._label}: {path} cannot be read ({error.strerror}); correct 'path'") from error
        if magic != b"GGUF":
            raise ModelFileError(f"{self._label}: {path} is no GGUF file; only GGUF models can be run")
        return path


def _size(spec: BackendSpec) -> int:
    """Bytes of the model's file, as far as is known."""
    path = spec.folder / spec.path if spec.path else models.find(spec.model)
    return path.stat().st_size if path is not None and path.is_file() else 0


def _processes(size: int, free: int | None) -> int:
    """Processes that pay: one a core for a small model, as `free` bytes of memory allow; one for a big model."""
    if size > _SMALL_BYTES:
        return 1
    fit = _MOST_PROCESSES if free is None else max(1, free // (size + _OVERHEAD_BYTES))
    return min(machine.cpus(), _MOST_PROCESSES, fit)


def _runtime_version() -> str:
    try:
        return version("xllamacpp")
    except PackageNotFoundError:
        return "unknown"
