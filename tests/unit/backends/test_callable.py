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


@pytest.mark.parametrize("kind", ["def", "async def"])
@pytest.mark.parametrize("raised", ["SystemExit", "KeyboardInterrupt", "GeneratorExit", "Cancelled"])
def test_exception_that_a_loop_would_mistake_is_told(
    tmp_path: Path, request_: Request, *, raised: str, kind: str
) -> None:
    source = f"from asyncio import CancelledError as Cancelled\n{kind} answer(m): raise {raised}"
    with pytest.raises(BackendError, match=rf"raised .*{raised}.* \(.*app\.py:2\); mend it"):
        ask(app(tmp_path, source), request_)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("def answer(m): raise StopIteration", r"StopIteration \(.*app\.py:1\)"),
        ("async def answer(m): raise StopIteration", "RuntimeError: coroutine raised StopIteration"),
        ("def answer(): ...", r"TypeError: answer\(\) takes 0 positional arguments but 1 was given"),
    ],
)
def test_call_that_fails_by_itself_names_no_line_of_the_harness(
    tmp_path: Path, request_: Request, *, source: str, said: str
) -> None:
    with pytest.raises(BackendError, match=rf"raised {said}; mend it$"):
        ask(app(tmp_path, source), request_)


def test_exception_that_cannot_tell_itself_is_told_by_its_type(tmp_path: Path, request_: Request) -> None:
    source = "class Mute(Exception):\n  def __str__(self): raise self\ndef answer(m): raise Mute"
    with pytest.raises(BackendError, match=r"raised Mute: \(its text cannot be made\) \("):
        ask(app(tmp_path, source), request_)


@pytest.mark.parametrize(
    "source",
    [
        "import asyncio\nasync def answer(m):\n  asyncio.current_task().cancel()\n  await asyncio.sleep(5)",
        "import asyncio\nasync def answer(m):\n  [t.cancel() for t in asyncio.all_tasks()]\n  await asyncio.sleep(5)",
    ],
)
def test_function_that_cancels_its_own_task_fails_its_own_call(tmp_path: Path, request_: Request, source: str) -> None:
    with pytest.raises(BackendError, match="raised CancelledError"):
        ask(app(tmp_path, source), request_)


def test_function_that_cancels_others_before_they_begin_fails_them_at_once(tmp_path: Path, request_: Request) -> None:
    source = (
        "import asyncio\nasync def answer(m):\n  [t.cancel() for t in asyncio.all_tasks()]\n  await asyncio.sleep(5)"
    )

    async def ask_all() -> list[BaseException | object]:
        backend = create(app(tmp_path, source, timeout_s=30))
        try:
            return await asyncio.gather(*(backend.generate(request_) for _ in range(4)), return_exceptions=True)
        finally:
            await backend.stop()

    began = time.perf_counter()
    assert all("raised CancelledError" in str(error) for error in asyncio.run(ask_all()))
    assert time.perf_counter() - began < 10


def test_function_that_stops_its_loop_stops_no_other_call(tmp_path: Path, request_: Request) -> None:
    source = (
        "import asyncio\ncount = 0\nasync def answer(m):\n  global count\n  count += 1\n"
        "  if count == 1: asyncio.get_running_loop().stop()\n  await asyncio.sleep(0.01)\n  return str(count)"
    )
    assert [answer.text for answer in asyncio.run(_ask(app(tmp_path, source), request_, 3))] == ["3", "3", "3"]


@pytest.mark.parametrize(
    "body",
    [
        "  time.sleep(2)",
        "  while True:\n    try: await asyncio.sleep(2)\n    except asyncio.CancelledError: pass",
    ],
)
def test_coroutine_that_does_not_let_go_is_left_to_itself(tmp_path: Path, request_: Request, body: str) -> None:
    source = f"import asyncio, time\nasync def answer(m):\n{body}"
    began = time.perf_counter()
    with pytest.raises(BackendError, match=r"did not return within 0\.1 s; raise"):
        ask(app(tmp_path, source, timeout_s=0.1), request_)
    assert time.perf_counter() - began < 1.9


def test_calls_that_never_return_are_not_made_without_end(tmp_path: Path, request_: Request) -> None:
    async def ask_often() -> list[str]:
        backend = create(app(tmp_path, "import time\ndef answer(m): time.sleep(1)", timeout_s=0.05, max_concurrency=2))
        said = []
        for _ in range(4):
            with pytest.raises(BackendError) as caught:
                await backend.generate(request_)
            said.append(str(caught.value))
        await asyncio.sleep(1)
        with pytest.raises(BackendError, match="did not return within"):
            await backend.generate(request_)
        return said

    late = (
        "backend 'app': app.py:answer did not return within 0.05 s and still runs; raise timeout_s if it needs longer"
    )
    refused = (
        "backend 'app': app.py:answer is not called again: 2 calls of it never returned; "
        "raise timeout_s if it needs longer"
    )
    assert asyncio.run(ask_often()) == [late, late, refused, refused]


def test_module_that_never_ends_loading_does_not_hold_the_loop_up(tmp_path: Path) -> None:
    async def start() -> None:
        async with asyncio.timeout(0.1):
            await create(app(tmp_path, "import time\ntime.sleep(0.5)\ndef answer(m): ...")).start()

    began = time.perf_counter()
    with pytest.raises(TimeoutError):
        asyncio.run(start())
    assert time.perf_counter() - began < 0.45


@pytest.mark.parametrize("returned", ["Shouting('x')", "{'text': Shouting('x')}"])
def test_text_of_a_class_of_its_own_becomes_plain_text(tmp_path: Path, request_: Request, returned: str) -> None:
    source = "class Shouting(str):\n  def strip(self): raise ValueError\n  __str__ = strip\n"
    answer = ask(app(tmp_path, f"{source}def answer(m): return {returned}"), request_).text
    assert (answer, type(answer)) == ("x", str)


def test_returned_mapping_that_cannot_be_read_is_told(tmp_path: Path, request_: Request) -> None:
    source = "class Broken(dict):\n  def get(self, *_): raise LookupError('no')\n"
    with pytest.raises(BackendError, match=r"answer returned what cannot be read \(LookupError: no\); allowed: text"):
        ask(app(tmp_path, f"{source}def answer(m): return Broken(text='x')"), request_)


def test_finish_reason_is_one_harmless_line(tmp_path: Path, request_: Request) -> None:
    source = "def answer(m): return {'text': 'x', 'finish_reason': 'a\\n\\x1b[31m\\ud800' + 'b' * 1000}"
    reason = ask(app(tmp_path, source), request_).finish_reason
    assert reason is not None
    assert reason.startswith("a \\x1b[31m\\ud800bbb")
    assert len(reason) == 300


def test_own_timeout_error_of_the_function_is_not_the_harness_s(tmp_path: Path, request_: Request) -> None:
    with pytest.raises(BackendError, match="raised TimeoutError: mine") as caught:
        ask(app(tmp_path, "async def answer(m): raise TimeoutError('mine')"), request_)
    assert caught.value.kind == "callable"


@pytest.mark.parametrize(
    ("source", "runs_on"),
    [
        ("import asyncio\nasync def answer(m): await asyncio.sleep(5)", False),
        ("import asyncio\ndef answer(m): return asyncio.sleep(5)", False),
        ("import time\ndef answer(m): time.sleep(1)", True),
    ],
)
def test_slow_function_times_out_and_is_called_again_only_when_it_has_ended(
    tmp_path: Path, request_: Request, *, source: str, runs_on: bool
) -> None:
    with pytest.raises(BackendError) as caught:
        ask(app(tmp_path, source, timeout_s=0.1), request_)
    assert (caught.value.kind, caught.value.retryable) == ("timeout", not runs_on)
    assert str(caught.value) == (
        f"backend 'app': app.py:answer did not return within 0.1 s{' and still runs' if runs_on else ''}; "
        "raise timeout_s if it needs longer"
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
        ("{'text': 'x', 'cost_usd': 1e300}", "returned cost_usd = 1e+300, which is no amount"),
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
        (
            "def other(m): ...\nif False:\n    answer = 1\nanswr = other",
            "app.py has no 'answer'; .*Did you mean 'answr'",
        ),
        ("answer = 3", "is a int; a function"),
        (
            "import no_such\nanswer = 1",
            "app.py cannot be loaded: ModuleNotFoundError: No module named 'no_such'; mend it",
        ),
        ("answer = 1\nraise SystemExit(3)", "app.py cannot be loaded: SystemExit: 3; mend it"),
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


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (
            "import os\ndef answer(messages): return ''\n",
            "function 'app.py:anser': app.py has no 'anser'; it has: answer, os. Did you mean 'answer'?",
        ),
        ("", "function 'app.py:anser': app.py has no 'anser'; it has: none"),
        (
            "def answer(:\n",
            "function 'app.py:anser': app.py is not valid Python, line 1 (invalid syntax); mend the file",
        ),
    ],
)
def test_misspelt_function_is_told_by_check_without_running_the_file(tmp_path: Path, source: str, said: str) -> None:
    with pytest.raises(OptionError) as caught:
        check(app(tmp_path, source, "app.py:anser"))
    assert (str(caught.value), caught.value.key) == (said, "function")


@pytest.mark.parametrize(
    "source", ["from os import *\n", "def __getattr__(name): ...\n", "if True:\n    anser = print\n"]
)
def test_name_that_the_text_cannot_rule_out_is_left_to_the_start(tmp_path: Path, source: str) -> None:
    check(app(tmp_path, source, "app.py:anser"))


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
