"""Rows of Python values → Arrow tables, without pandas.

Arrow parses lines of JSON itself. Given Python objects, it would ask pandas, and so import it, what each of them is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pyarrow as pa

_TYPES: Mapping[str, Callable[[Any], Any]] = {
    "string": lambda pa: pa.string(),
    "int32": lambda pa: pa.int32(),
    "int64": lambda pa: pa.int64(),
    "double": lambda pa: pa.float64(),
    "bool": lambda pa: pa.bool_(),
    "list<string>": lambda pa: pa.list_(pa.string()),
}


def schema_of(columns: Mapping[str, str]) -> pa.Schema:
    """The schema of columns, given as name → type."""
    import pyarrow as pa

    return pa.schema([(name, _TYPES[kind](pa)) for name, kind in columns.items()])


def table_of(schema: pa.Schema, rows: Sequence[Sequence[Any]]) -> pa.Table:
    """A table of at least one row; each row has the schema's columns in order, texts as `utf8` makes them."""
    import pyarrow as pa
    import pyarrow.json

    names = schema.names
    text = b"\n".join([orjson.dumps(dict(zip(names, row, strict=True))) for row in rows])
    parse = pyarrow.json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="error")
    read = pyarrow.json.ReadOptions(use_threads=False, block_size=len(text) + 1)
    return pyarrow.json.read_json(pa.BufferReader(text), read, parse)


def utf8(text: str | None) -> str | None:
    """The text with lone surrogates replaced: Arrow holds UTF-8 only."""
    return text if text is None or text.isascii() else text.encode("utf-8", "replace").decode()
