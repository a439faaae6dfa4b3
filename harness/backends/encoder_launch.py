"""The harness's side of an encoder process: start it, ask it, notice its death, end it."""

from __future__ import annotations

import pickle
import subprocess
import sys
import tempfile
import weakref
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from harness.backends.machine import cpus
from harness.errors import ModelFileError
from harness.wording import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from harness.backends.encoder_files import EncoderFiles

_SCRIPT = Path(__file__).with_name("encoder_process.py")
_END_S = 5.0
"""How long an asked process may take to end before it is killed."""
_MOST_DEATHS = 2
"""A process that died so often under an encoder is not started again."""

Reply = tuple[int, Any, Any, bool]
"""Place, token ids, vectors or None, whether the text was cut."""


class EncoderProcess:
    """One encoder process, started when it is first asked. Not for two threads at once."""

    def __init__(self, files: EncoderFiles, layer: int) -> None:
        """Start nothing yet."""
        self._files = files
        self._layer = layer
        self._popen: subprocess.Popen[bytes] | None = None
        self._log: IO[bytes] | None = None
        self._end: Callable[[], object] = lambda: None
        self._deaths = 0
        self._flaw: str | None = None
        self.special_ids: tuple[int, ...] = ()
        """Ids of the tokens at a text's ends, once the process runs."""

    @property
    def pid(self) -> int | None:
        """The process's id, while there is one."""
        return None if self._popen is None else self._popen.pid

    def replies(self, kind: str, texts: Sequence[str], most_tokens: int | None) -> Iterator[Reply]:
        """One reply a text, as they come; a reader that stops early ends the process.

        Raises:
            ModelFileError: it cannot be loaded, could not do it, or died.

        """
        popen = self._popen or self._started()
        is_whole = False
        try:
            _write(popen, (kind, list(texts), most_tokens))
            while (reply := _read(popen))[0] == "text":
                yield reply[1:]
            if reply[0] == "error":
                raise self._error(f"it failed: {reply[1]}")
            is_whole = True
        except (OSError, EOFError, pickle.UnpicklingError) as error:
            self._deaths += 1
            words = f"its process died{self._last_words()}"
            if self._deaths >= _MOST_DEATHS:
                self._flaw = words
            raise self._error(words) from error
        finally:
            if not is_whole:
                self.end()

    def end(self) -> None:
        """End the process, if there is one."""
        self._popen = None
        self._end()

    def _started(self) -> subprocess.Popen[bytes]:
        if self._flaw is not None:  # each answer would wait for it again
            raise self._error(self._flaw)
        self._files.check()
        try:
            log = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
            popen = _begun(log)
        except OSError as error:
            raise self._error(f"no process can be started: {error.strerror}") from error
        self._popen, self._log = popen, log
        self._end = weakref.finalize(self, _ended, popen, log)
        settings = {"kind": self._files.kind, "path": self._files.path, "layer": self._layer, "threads": cpus()}
        try:
            _write(popen, settings)
            reply = _read(popen)
        except (OSError, EOFError, pickle.UnpicklingError):
            reply = ("error", f"its process ended{self._last_words()}")
        if reply[0] == "error":
            self._flaw = one_line(reply[1])
            self.end()
            raise self._error(self._flaw)
        self.special_ids = reply[1]
        return popen

    def _error(self, what: str) -> ModelFileError:
        return ModelFileError(
            f"encoder '{self._files.name}' ({self._files.path}): {one_line(what)}; check the files "
            "(prompt-suite models verify) and the memory that is left"
        )

    def _last_words(self) -> str:
        """The last line the process wrote, for a message."""
        if self._log is None or self._log.closed:
            return ""
        self._log.seek(0)
        lines = self._log.read()[-4096:].decode("utf-8", "replace").split("\n")
        last = next((line for line in reversed(lines) if line.strip()), "")
        return f": {one_line(last)}" if last else ""


def _begun(log: IO[bytes]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - our own script
        [sys.executable, "-P", str(_SCRIPT)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        start_new_session=True,  # Ctrl-C is the harness's to answer
    )


def _write(popen: subprocess.Popen[bytes], message: object) -> None:
    assert popen.stdin is not None
    pickle.dump(message, popen.stdin, protocol=pickle.HIGHEST_PROTOCOL)
    popen.stdin.flush()


def _read(popen: subprocess.Popen[bytes]) -> tuple[Any, ...]:
    assert popen.stdout is not None
    reply: tuple[Any, ...] = pickle.load(popen.stdout)  # noqa: S301 - our own process
    return reply


def _ended(popen: subprocess.Popen[bytes], log: IO[bytes]) -> None:
    """End the process: it does so by itself when nothing more can come and nothing is being computed."""
    assert popen.stdin is not None
    assert popen.stdout is not None
    with suppress(OSError):  # it is dead already, with something unsent
        popen.stdin.close()
    with suppress(OSError):
        popen.stdout.close()
    try:
        popen.wait(_END_S)
    except subprocess.TimeoutExpired:
        popen.kill()
        popen.wait()
    log.close()
