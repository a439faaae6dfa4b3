"""Whether tests check anything: those of a sample that check nothing would let every program pass."""

from __future__ import annotations

import ast

_CHECKING = (ast.Assert, ast.Expr, ast.For, ast.While, ast.If, ast.With, ast.Try, ast.Raise)
"""Statements outside of functions that may check something."""
_ALLOWED = "allowed: functions named test_…, or statements that assert"


def flaw_of_tests(text: str) -> str | None:
    """Why the tests cannot be run as they stand, or check nothing; None when they can."""
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return f"the sample's tests are no Python: {error}"
    for node in body:
        if isinstance(node, ast.ClassDef) and _has_tests(node):
            return f"the sample's tests are in a class ('{node.name}', line {node.lineno}); {_ALLOWED}"
        if isinstance(node, ast.AsyncFunctionDef) and node.name.startswith("test"):
            return f"the sample's tests are asynchronous ('{node.name}', line {node.lineno}); {_ALLOWED}"
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_") and _yields(node):
            return f"the sample's test '{node.name}' is a generator, which nobody would run; {_ALLOWED}"
    if not any(_checks(node) for node in body):
        return f"the sample's tests check nothing; {_ALLOWED}"
    return None


def _has_tests(node: ast.ClassDef) -> bool:
    methods = (ast.FunctionDef, ast.AsyncFunctionDef)
    return any(isinstance(each, methods) and each.name.startswith("test") for each in node.body)


def _yields(node: ast.FunctionDef) -> bool:
    return any(isinstance(each, ast.Yield | ast.YieldFrom) for each in ast.walk(node))


def _checks(node: ast.stmt) -> bool:
    if isinstance(node, ast.FunctionDef):
        return node.name.startswith("test_")
    return isinstance(node, _CHECKING) and not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
