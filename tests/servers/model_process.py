"""A stand-in for the model process: the same pipes and the same port, and no model, so that it can be told to fail.

Started as `harness/backends/llamacpp_process.py` is. The last message says what happens: `die` ends the process, `slow`
waits half a second, everything else is answered at once, with the process's id. A chat template `fail` is not loaded;
with `others fail` and `others wait` the first process that comes is up at once, and the others half a second later.
"""

from __future__ import annotations

import json
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["messages"][-1]["content"]
        if asked == "die":
            sys.stderr.write("killed by a prompt\n")
            os._exit(9)
        if asked == "slow":
            time.sleep(0.5)
        content = json.dumps(
            {
                "choices": [{"message": {"content": str(os.getpid())}, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 1_000_000, "completion_tokens": 0},
            }
        ).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


def say(line: dict[str, str]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def is_first(path: str) -> bool:
    try:
        Path(f"{path}.first").mkdir()
    except FileExistsError:
        return False
    return True


def main() -> None:
    settings = json.loads(sys.stdin.buffer.readline())
    fails = settings["chat_template"] == "fail"
    if settings["chat_template"].startswith("others") and not is_first(settings["path"]):
        time.sleep(0.5)
        fails = settings["chat_template"] == "others fail"
    if fails:
        say({"error": "RuntimeError: no such template"})
    else:
        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=server.serve_forever, daemon=True).start()
        say({"address": f"http://127.0.0.1:{server.server_port}"})
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    main()
