"""A span as one line of JSON, in the form that OTLP/JSON gives a span.

Source: OTLP 1.x, `opentelemetry/proto/trace/v1/trace.proto` in its JSON mapping: ids in hex, 64-bit numbers as text,
enums as numbers. What all spans have in common (resource, scope) is not repeated in each line. The text is put together
by hand, which takes half the time of building what a serialiser could write.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from harness.schema import AttributeValue, Span, SpanEvent

_KINDS = {"internal": 1, "client": 3}
"""`SPAN_KIND_INTERNAL`, `SPAN_KIND_CLIENT`."""
_ERROR = 2
"""`STATUS_CODE_ERROR`."""


class Encoder:
    """Makes lines; remembers the text of attributes that many spans share."""

    def __init__(self) -> None:
        """Begin with nothing remembered."""
        self._shared: dict[int, tuple[Mapping[str, Any], str]] = {}
        """By the mapping's identity, which is kept alive for it."""

    def lines(self, spans: Iterable[Span]) -> str:
        """One JSON object a span, each with a line end."""
        return "".join([self._line(span) for span in spans])

    def _line(self, span: Span) -> str:
        trace_id, span_id, parent_id, name, kind, start_ns, end_ns, own, shared, events, link, error = span
        parent = f'"parentSpanId":"{parent_id}",' if parent_id is not None else ""
        common = self._text_of(shared) if shared else ""
        attributes = attributes_text(own)
        both = f"{common},{attributes}" if common and attributes else common or attributes
        more = f',"events":[{",".join([_event(event) for event in events])}]' if events else ""
        if link is not None:
            more += f',"links":[{{"traceId":"{link[0]}","spanId":"{link[1]}"}}]'
        if error is not None:
            more += f',"status":{{"code":{_ERROR},"message":{string_text(error)}}}'
        return (
            f'{{"traceId":"{trace_id}","spanId":"{span_id}",{parent}"name":{string_text(name)},"kind":{_KINDS[kind]},'
            f'"startTimeUnixNano":"{start_ns}","endTimeUnixNano":"{end_ns}","attributes":[{both}]{more}}}\n'
        )

    def _text_of(self, shared: Mapping[str, AttributeValue | None]) -> str:
        known = self._shared.get(id(shared))
        if known is None:
            known = self._shared[id(shared)] = (shared, attributes_text(shared))
        return known[1]


def _event(event: SpanEvent) -> str:
    name, time_ns, attributes = event
    return f'{{"timeUnixNano":"{time_ns}","name":"{name}","attributes":[{attributes_text(attributes)}]}}'


def attributes_text(attributes: Mapping[str, AttributeValue | None]) -> str:
    """Attributes as they stand in a list; those that are None are left out."""
    pairs = []
    for key, value in attributes.items():
        if type(value) is str:
            pairs.append(f'{_key(key)}"stringValue":{string_text(value)}}}}}')
        elif value is not None:
            pairs.append(_pair(key, value))
    return ",".join(pairs)


@lru_cache(4096, typed=True)
def _pair(key: str, value: bool | float | tuple[str, ...]) -> str:  # noqa: FBT001 - an attribute's value
    """An attribute that is no text: most have few values."""
    return f"{_key(key)}{_VALUES[type(value)](value)}}}}}"


@lru_cache(1024)
def _key(key: str) -> str:
    return f'{{"key":{string_text(key)},"value":{{'


def string_text(text: str) -> str:
    """A JSON string; what no UTF-8 can hold is replaced."""
    try:
        return orjson.dumps(text).decode()
    except TypeError:  # half a surrogate pair
        return orjson.dumps(text.encode("utf-8", "replace").decode()).decode()


def _array(texts: tuple[str, ...]) -> str:
    values = ",".join([f'{{"stringValue":{string_text(text)}}}' for text in texts])
    return f'"arrayValue":{{"values":[{values}]}}'


_VALUES: dict[type, Callable[[Any], str]] = {
    int: lambda value: f'"intValue":"{value}"',
    float: lambda value: f'"doubleValue":{orjson.dumps(value).decode()}',
    bool: lambda value: f'"boolValue":{"true" if value else "false"}',
    tuple: _array,
}
