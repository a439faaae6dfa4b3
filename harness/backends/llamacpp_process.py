"""The process that holds a model: llama.cpp's server, through `xllamacpp`, on a loopback port.

Run as a script, never imported by the harness, so that a crash of native code takes this process only. It reads one
JSON line from stdin, writes one to stdout (`{"address": …}` or `{"error": …}`), and ends when stdin closes: also when
the harness was killed.
"""

from __future__ import annotations

import json
import os
import select
import sys
from typing import Any

_PARENT_CHECK_S = 2.0
"""A forked child of the harness may hold the other end of stdin open; so the parent is looked for as well."""


def main() -> None:
    """Serve until the harness goes away."""
    parent = os.getppid()
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what native code prints must not mix with the one line that is awaited
    settings = json.loads(sys.stdin.buffer.readline())
    try:
        server = _server(settings)
        line = {"address": server.listening_address}
    except Exception as error:  # noqa: BLE001 - whatever it is, the harness must hear of it
        line = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(line), file=answers, flush=True)
    while "error" not in line and os.getppid() == parent:
        if select.select([0], [], [], _PARENT_CHECK_S)[0] and not os.read(0, 1024):
            break
    os._exit(0)  # nothing here is worth an orderly teardown of native threads


def _server(settings: dict[str, Any]) -> Any:
    """The running server: `slots` slots of `n_ctx` tokens each, behind the key of this run."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = settings["path"]
    params.n_parallel = settings["slots"]
    params.n_ctx = settings["n_ctx"] * settings["slots"]
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = settings["threads"]
    params.n_threads_http = settings["slots"] + 2
    params.hostnames = ["127.0.0.1"]
    params.api_keys = [settings["key"]]
    params.chat_template = settings["chat_template"]
    params.n_ubatch = settings["n_ubatch"]
    params.cache_ram_mib = settings["prefix_mib"]
    params.fit_params = False  # keep the context as asked for
    params.verbosity = 1  # errors only: they are shown when the process dies
    return xllamacpp.Server(params)


if __name__ == "__main__":
    main()
