"""Each in a process of its own: this one has loaded everything."""

from __future__ import annotations

import subprocess
import sys

import pytest

SCRIPT = """if True:
    import sys, threading
    from types import SimpleNamespace
    from harness.plugin.ahead import import_ahead
    config = SimpleNamespace(option=SimpleNamespace(collectonly={collectonly}, prompt_cache={cache!r}))
    if {is_worker}:
        config.workerinput = {{}}
    import_ahead(config)
    for thread in threading.enumerate():
        if thread.name == "prompt-ahead":
            thread.join()
    print("aiohttp" in sys.modules)
"""


@pytest.mark.parametrize(
    ("options", "is_imported"),
    [
        ({}, True),
        ({"cache": "off"}, True),
        ({"cache": "only"}, False),
        ({"collectonly": True}, False),
        ({"is_worker": True}, False),
    ],
)
def test_client_is_imported_ahead_where_models_may_be_called(options: dict[str, object], *, is_imported: bool) -> None:
    script = SCRIPT.format(**{"collectonly": False, "cache": None, "is_worker": False, **options})
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == (f"{is_imported}\n", "")


def test_client_that_cannot_be_imported_is_no_matter_of_those_who_look_ahead() -> None:
    script = "import sys; sys.modules['aiohttp.client'] = None\n" + SCRIPT.format(
        collectonly=False, cache=None, is_worker=False
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("False\n", "")
