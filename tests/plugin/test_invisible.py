"""The installed plugin in a project that does not use it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.other_plugins import OTHER_PLUGINS

if TYPE_CHECKING:
    import pytest

PROBE = """
import sys

def test_probe():
    loaded = [name for name in sys.modules if name.partition(".")[0] == "harness"]
    assert loaded == ["harness", "harness.plugin"], loaded
    for name in ("pydantic", "yaml", "jinja2", "aiohttp", "pandas", "numpy", "pyarrow", "rich.console"):
        assert name not in sys.modules, name
"""


def test_nothing_is_imported_and_nothing_is_written_without_the_option(pytester: pytest.Pytester) -> None:
    suite = pytester.path / "suites" / "broken"
    suite.mkdir(parents=True)
    (suite / "suite.yaml").write_text(": not yaml [")
    pytester.makepyfile(test_probe=PROBE)
    before = {path.relative_to(pytester.path) for path in pytester.path.rglob("*")}
    blocked = ("cacheprovider", "hypothesispytest", "xdist", *OTHER_PLUGINS)
    result = pytester.runpytest_subprocess(*(f"-pno:{name}" for name in blocked))
    result.assert_outcomes(passed=1)
    after = {path.relative_to(pytester.path) for path in pytester.path.rglob("*")}
    own = {"__pycache__", "stdout", "stderr", "runpytest-0", "runpytest-current"}  # of Python and pytester
    assert {path for path in after - before if not own & set(path.parts)} == set()
