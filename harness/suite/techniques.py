"""Techniques of a prompt file with those of a suite entry laid over them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec import Struct

from harness.schema import ChainOfThoughtSpec, ExamplesSpec, Techniques
from harness.suite.dataset import read_named_file
from harness.suite.prompt_form import ChainOfThoughtForm
from harness.suite.table import cell_text
from harness.suite.values import quoted
from harness.suite.variables import RowNames, check_variables, make_plain

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from harness.suite.document import Document, Place
    from harness.suite.mistakes import MistakeLog
    from harness.suite.prompt_form import TechniquesForm
    from harness.suite.table import Table
    from harness.suite.variables import Demand

_DEFAULT_CHAIN_OF_THOUGHT = ChainOfThoughtSpec(
    instruction=(
        'Think step by step. Then give the final answer on the last line as "Answer: " followed by the answer only.'
    ),
    answer_prefix="Answer:",
)


class Layer(NamedTuple):
    """Techniques as one file writes them."""

    form: TechniquesForm
    """What is written; None in a field means nothing is."""
    document: Document
    """The file."""
    place: Place
    """Where in the file."""
    folder: Path
    """Folder of the file: its paths start here."""


class _Written(Struct, frozen=True):
    """A value with the layer that wrote it."""

    value: Any
    layer: Layer
    place: Place


def lay_over(layers: Sequence[Layer], demand: Demand, log: MistakeLog) -> Techniques:
    """The techniques of the layers, later ones over earlier ones, key by key; mistakes are logged."""
    return Techniques(examples=_examples(layers, demand, log), chain_of_thought=_chain_of_thought(layers))


def _chain_of_thought(layers: Sequence[Layer]) -> ChainOfThoughtSpec | None:
    spec: ChainOfThoughtSpec | None = None
    for layer in layers:
        written = layer.form.chain_of_thought
        if isinstance(written, ChainOfThoughtForm):
            below = spec or _DEFAULT_CHAIN_OF_THOUGHT
            instruction = below.instruction if written.instruction is None else written.instruction
            prefix = below.answer_prefix if written.answer_prefix is None else written.answer_prefix
            spec = ChainOfThoughtSpec(instruction, prefix)
        elif written is not None:
            spec = (spec or _DEFAULT_CHAIN_OF_THOUGHT) if written else None
    return spec


def _examples(layers: Sequence[Layer], demand: Demand, log: MistakeLog) -> ExamplesSpec | None:
    with_examples = [layer for layer in layers if layer.form.examples is not None]
    if not with_examples:
        return None
    path = _written(with_examples, "path")
    if path is None:
        last = with_examples[-1]
        message = "'examples' has no path; a file of examples is needed; write for example 'path: examples.jsonl'"
        log.add(last.document.shown, last.document.mark((*last.place, "examples")), message)
        return None
    table = read_named_file(path.value, path.layer.folder, log, at=(path.layer.document, path.place))
    answer = _written(with_examples, "answer")
    column = answer.value if answer is not None else "answer"
    if table is None or not _check_rows(table, column, demand, log=log):
        return None
    k, select, seed = (_written(with_examples, key) for key in ("k", "select", "seed"))
    if k is not None and k.value > len(table.rows):
        message = (
            f"'k' is the number {k.value}; {table.shown} has {len(table.rows)} rows; "
            "at most as many are allowed; lower k or add rows"
        )
        log.add(k.layer.document.shown, k.layer.document.mark(k.place), message)
        return None
    return ExamplesSpec(
        rows=tuple(table.rows),
        select=select.value if select is not None else "first",
        k=k.value if k is not None else len(table.rows),
        answer=column,
        seed=seed.value if seed is not None else 0,
    )


def _written(layers: Sequence[Layer], key: str) -> _Written | None:
    """The last layer's value of one key of `examples`."""
    for layer in reversed(layers):
        value = getattr(layer.form.examples, key)
        if value is not None:
            return _Written(value, layer, (*layer.place, "examples", key))
    return None


def _check_rows(table: Table, answer: str, demand: Demand, *, log: MistakeLog) -> bool:
    """Whether every row holds the declared inputs and an answer, which becomes text; mistakes are logged."""
    before = len(log)
    for index, row in enumerate(table.rows):
        text = cell_text(row.get(answer))
        if text:
            row[answer] = text
            continue
        state = "missing" if answer not in row else "empty"
        message = (
            f"example {quoted(str(index + 1))}: answer column {quoted(answer)} is {state}; "
            "each example has an answer; fill it, or name the column by 'answer:'"
        )
        log.add_of_kind("examples without an answer", table.position(index), message)
    names = RowNames("example", [str(number) for number in range(1, len(table.rows) + 1)])
    check_variables(table, names, [demand], log=log)
    make_plain(table)
    return len(log) == before
