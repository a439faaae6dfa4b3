from __future__ import annotations

import asyncio
import re
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from harness.backends import check, create
from harness.errors import BackendError, OptionError
from harness.schema import BackendSpec, Price

if TYPE_CHECKING:
    from pathlib import Path

    from harness.schema import Generation, Request


def app(folder: Path, source: str, function: str = "app.py:answer", **fields: Any) -> BackendSpec:
    (folder / "app.py").write_text(source, encoding="utf-8")
    return BackendSpec("app", "callable", "", {}, folder, function=function, **fields)


def ask(spec: BackendSpec, request: Request) -> Generation:
    return asyncio.run(_ask(spec, request, 1))[0]


async def _ask(spec: BackendSpec, request: Request, count: int) -> list[Generation]:
    backend = create(spec)
    await backend.start()
    try:
        return await asyncio.gather(*(backend.generate(request) for _ in range(count)))
    finally:
        await backend.stop()


@pytest.mark.parametrize(
    "source",
    [
        "def answer(messages): return messages[-1]['role'] + messages[-1]['content']",
        "async def answer(messages): return messages[-1]['role'] + messages[-1]['content']",
        "def answer(messages): return {'text': messages[-1]['role'] + messages[-1]['content']}",
        "def answer(messages): return {'output': messages[-1]['role'] + messages[-1]['content']}",
        "async def inner(m): return m[-1]['role'] + m[-1]['content']\ndef answer(messages): return inner(messages)",
        "class C:\n  async def __call__(self, m): return m[-1]['role'] + m[-1]['content']\nanswer = C()",
    ],
)
def test_function_of_any_form_answers(tmp_path: Path, request_: Request, source: str) -> None:
    assert ask(app(tmp_path, source), request_).text == "userBonjour, ça va ?"


def test_mapping_fills_the_generation(tmp_path: Path, request_: Request) -> None:
    source = "def answer(m): return dict(text='x', input_tokens=10, output_tokens=0, finish_reason='length'%s)"
    answer = ask(app(tmp_path, source % "", price=Price(1.0, 1.0)), request_)
    assert (answer.input_tokens, answer.output_tokens, answer.finish_reason) == (10, 0, "length")
    assert answer.cost_usd == pytest.approx(10e-6)
    assert ask(app(tmp_path, source % ", cost_usd=0.5", price=Price(1.0, 1.0)), request_).cost_usd == 0.5


def test_sync_functions_run_several_at_once(tmp_path: Path, request_: Request) -> None:
    spec = app(tmp_path, "import time\ndef answer(m):\n  time.sleep(0.2)\n  return 'x'", max_concurrency=8)
    began = time.perf_counter()
    assert len(asyncio.run(_ask(spec, request_, 8))) == 8
    assert time.perf_counter() - began < 1.2


def test_exception_is_told_with_type_text_and_line(tmp_path: Path, request_: Request) -> None:
    spec = app(tmp_path, "def answer(m):\n  return inner()\ndef inner():\n  raise KeyError('a\\nb\\x1b')")
    with pytest.raises(BackendError) as caught:
        ask(spec, request_)
    assert str(caught.value) == (
        f"backend 'app': app.py:answer raised KeyError: 'a\\nb\\x1b' ({tmp_path}/app.py:4); mend it"
    )
    assert (caught.value.kind, caught.value.retryable) == ("callable", False)


@pytest.mark.parametrize(
    ("raised", "kind"), [("StopIteration", "def"), ("SystemExit", "def"), ("SystemExit", "async def")]
)
def test_exception_that_a_loop_would_mistake_is_told(
    tmp_path: Path, request_: Request, *, raised: str, kind: str
) -> None:
    with pytest.raises(BackendError, match=rf"raised .*{raised} \(.*app\.py:1\); mend it"):
        ask(app(tmp_path, f"{kind} answer(m): raise {raised}"), request_)


def test_own_timeout_error_of_the_function_is_not_the_harness_s(tmp_path: Path, request_: Request) -> None:
    with pytest.raises(BackendError, match="raised TimeoutError: mine") as caught:
        ask(app(tmp_path, "async def answer(m): raise TimeoutError('mine')"), request_)
    assert caught.value.kind == "callable"


@pytest.mark.parametrize(
    "source",
    [
        "import asyncio\nasync def answer(m): await asyncio.sleep(5)",
        "import time\ndef answer(m): time.sleep(1)",
    ],
)
def test_slow_function_times_out(tmp_path: Path, request_: Request, source: str) -> None:
    with pytest.raises(BackendError) as caught:
        ask(app(tmp_path, source, timeout_s=0.1), request_)
    assert (caught.value.kind, caught.value.retryable) == ("timeout", True)
    assert str(caught.value) == (
        "backend 'app': app.py:answer did not return within 0.1 s; raise timeout_s if it needs longer"
    )


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        ("None", "returned a NoneType"),
        ("b'x'", "returned a bytes"),
        ("{}", "returned a mapping whose text is a NoneType"),
        ("{'text': 1}", "returned a mapping whose text is a int"),
        ("{'txt': 'x'}", "returned a mapping with the unknown key 'txt'"),
        ("{'text': 'x', 'input_tokens': -1}", "returned input_tokens = -1, which is no count"),
        ("{'text': 'x', 'cost_usd': float('nan')}", "returned cost_usd = nan, which is no amount"),
    ],
)
def test_wrong_return_says_what_is_allowed(tmp_path: Path, request_: Request, *, returned: str, said: str) -> None:
    with pytest.raises(BackendError) as caught:
        ask(app(tmp_path, f"def answer(m): return {returned}"), request_)
    assert str(caught.value) == (
        f"backend 'app': app.py:answer {said}; allowed: text, or a mapping with text (or output) and any of "
        "finish_reason, cost_usd, input_tokens, output_tokens, cached_input_tokens; mend it"
    )


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("def other(m): ...\nanswr = other", "app.py has no 'answer'; .*Did you mean 'answr'"),
        ("answer = 3", "is a int; a function"),
        ("import no_such", "app.py cannot be loaded: ModuleNotFoundError: No module named 'no_such'; mend it"),
        ("def answer(:", r"app.py cannot be loaded: SyntaxError: line 1: "),
        ("raise SystemExit(3)", "app.py cannot be loaded: SystemExit: 3; mend it"),
    ],
)
def test_function_that_cannot_be_loaded_is_told_at_start(
    tmp_path: Path, request_: Request, *, source: str, said: str
) -> None:
    spec = app(tmp_path, source)
    check(spec)
    with pytest.raises(BackendError, match=said) as caught:
        ask(spec, request_)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("function", ["missing.py:answer", "no_such_package.module:answer"])
def test_source_that_is_not_there_is_told_by_check(tmp_path: Path, function: str) -> None:
    with pytest.raises(OptionError, match=r"cannot be read|there is no module") as caught:
        check(app(tmp_path, "", function))
    assert caught.value.key == "function"


def test_siblings_of_two_suites_with_equal_names_are_kept_apart(tmp_path: Path, request_: Request) -> None:
    path_before = list(sys.path)
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "sibling_of_app.py").write_text(f"NAME = '{name}'", encoding="utf-8")
        spec = app(tmp_path / name, "import sibling_of_app\ndef answer(m): return sibling_of_app.NAME")
        assert ask(spec, request_).text == name
    assert sys.path == path_before


def test_module_of_the_suite_s_folder_is_found_by_its_dotted_name(tmp_path: Path, request_: Request) -> None:
    (tmp_path / "my_rag_package").mkdir()
    (tmp_path / "my_rag_package" / "__init__.py").write_text("from .inner import answer", encoding="utf-8")
    (tmp_path / "my_rag_package" / "inner.py").write_text("def answer(m): return 'in'", encoding="utf-8")
    assert ask(app(tmp_path, "", "my_rag_package.inner:answer"), request_).text == "in"


def test_identity_follows_the_source(tmp_path: Path) -> None:
    before = create(app(tmp_path, "def answer(m): return 'a'")).identity()
    assert re.fullmatch("[0-9a-f]{64}", str(before["source"]))
    assert create(app(tmp_path, "def answer(m): return 'b'")).identity() != before


def test_edited_file_is_loaded_anew(tmp_path: Path, request_: Request) -> None:
    assert ask(app(tmp_path, "def answer(m): return 'a'"), request_).text == "a"
    assert ask(app(tmp_path, "def answer(m): return 'b'"), request_).text == "b"
