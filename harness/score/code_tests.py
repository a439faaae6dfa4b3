"""Whether tests check anything: those of a sample that check nothing would let every program pass."""

from __future__ import annotations

import ast
import warnings

from harness.score.code_names import bound_names

_CHECKING = (ast.Assert, ast.Expr, ast.For, ast.While, ast.If, ast.With, ast.Try, ast.Raise)
"""Statements outside of functions that may check something."""
_ALLOWED = "allowed: functions named test_…, or statements that assert"


def flaw_of_python(text: str) -> str | None:
    """What is wrong with a text that should be Python, on one line; None when it is."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an escape that Python doubts is no flaw, and nobody's warning
            compile(text, "<sample>", "exec", dont_inherit=True)
    except SyntaxError as error:
        return f"{error.msg}, line {error.lineno}"
    except (ValueError, RecursionError, MemoryError, OverflowError) as error:
        return f"{type(error).__name__}: {error}"
    return None


def flaw_of_tests(text: str, column: str) -> str | None:
    """Why the tests of a column cannot be run as they stand, or check nothing; None when they can."""
    where = f"the sample's column '{column}'"
    flaw = flaw_of_python(text)
    if flaw is not None:
        return f"{where} is no Python: {flaw}"
    body = parsed(text)
    for node in body:
        if isinstance(node, ast.ClassDef) and _has_tests(node):
            return f"{where} has its tests in a class ('{node.name}', line {node.lineno}); {_ALLOWED}"
        if isinstance(node, ast.AsyncFunctionDef) and node.name.startswith("test"):
            return f"{where} has asynchronous tests ('{node.name}', line {node.lineno}); {_ALLOWED}"
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_") and _yields(node):
            return f"{where} has a test that is a generator ('{node.name}'), which nobody would run; {_ALLOWED}"
    return None if any(map(_checks, body)) else f"{where} checks nothing; {_ALLOWED}"


def flaw_of_check(text: str, column: str) -> str | None:
    """Why HumanEval's tests cannot be run as they stand: they define `check`, to be called with the entry point."""
    where = f"the sample's column '{column}'"
    flaw = flaw_of_python(text)
    if flaw is not None:
        return f"{where} is no Python: {flaw}"
    if not bound_names(text)[0] & {"check", "*"}:
        return f"{where} defines no function 'check'; HumanEval's tests do, and it is called with the entry point"
    for node in parsed(text):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == "check":
            if isinstance(node, ast.AsyncFunctionDef) or _yields(node):
                return f"{where} has a 'check' that nobody would run: it is asynchronous or a generator"
            if not (node.args.posonlyargs or node.args.args or node.args.vararg):
                return f"{where} has a 'check' without a parameter, which the entry point is to be handed to"
    return None


def parsed(text: str) -> list[ast.stmt]:
    """The outermost statements of a text without a flaw."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(text).body


def _has_tests(node: ast.ClassDef) -> bool:
    methods = (ast.FunctionDef, ast.AsyncFunctionDef)
    return any(isinstance(each, methods) and each.name.startswith("test") for each in node.body)


def _yields(node: ast.FunctionDef) -> bool:
    return any(isinstance(each, ast.Yield | ast.YieldFrom) for each in ast.walk(node))


def _checks(node: ast.stmt) -> bool:
    if isinstance(node, ast.FunctionDef):
        return node.name.startswith("test_")
    return isinstance(node, _CHECKING) and not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
