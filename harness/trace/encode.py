"""A span as one line of JSON, in the form that OTLP/JSON gives a span.

Source: OTLP 1.x, `opentelemetry/proto/trace/v1/trace.proto` in its JSON mapping: ids in hex, 64-bit numbers as text,
enums as numbers. What all spans share (resource, scope) is not repeated in each line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from harness.schema import AttributeValue, Span, SpanEvent

_KINDS = {"internal": 1, "client": 3}
"""`SPAN_KIND_INTERNAL`, `SPAN_KIND_CLIENT`."""
_ERROR = 2
"""`STATUS_CODE_ERROR`."""
_VALUES: dict[type, Callable[[Any], dict[str, Any]]] = {
    str: lambda value: {"stringValue": value},
    int: lambda value: {"intValue": str(value)},
    float: lambda value: {"doubleValue": value},
    bool: lambda value: {"boolValue": value},
    tuple: lambda value: {"arrayValue": {"values": [{"stringValue": text} for text in value]}},
}


def line(span: Span) -> bytes:
    """The span's JSON object and a line end."""
    fields = _fields(span)
    try:
        return orjson.dumps(fields, option=orjson.OPT_APPEND_NEWLINE)
    except (TypeError, ValueError):  # half a surrogate pair in somebody's text: no UTF-8 can hold it
        return orjson.dumps(_mended(fields), option=orjson.OPT_APPEND_NEWLINE)


def _fields(span: Span) -> dict[str, Any]:
    trace_id, span_id, parent_id, name, kind, start_ns, end_ns, attributes, events, link, error = span
    fields: dict[str, Any] = {"traceId": trace_id, "spanId": span_id}
    if parent_id is not None:
        fields["parentSpanId"] = parent_id
    fields["name"] = name
    fields["kind"] = _KINDS[kind]
    fields["startTimeUnixNano"] = str(start_ns)
    fields["endTimeUnixNano"] = str(end_ns)
    fields["attributes"] = _attributes(attributes)
    if events:
        fields["events"] = _events(events)
    if link is not None:
        fields["links"] = [{"traceId": link[0], "spanId": link[1]}]
    if error is not None:
        fields["status"] = {"code": _ERROR, "message": error}
    return fields


def _events(events: Sequence[SpanEvent]) -> list[dict[str, Any]]:
    return [
        {"timeUnixNano": str(time_ns), "name": name, "attributes": _attributes(attributes)}
        for name, time_ns, attributes in events
    ]


def _attributes(attributes: Mapping[str, AttributeValue | None]) -> list[dict[str, Any]]:
    return [
        {"key": key, "value": _VALUES[type(value)](value)} for key, value in attributes.items() if value is not None
    ]


def _mended(value: Any) -> Any:
    """The same with every text as UTF-8 can hold it."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [_mended(one) for one in value]
    if isinstance(value, dict):
        return {_mended(key): _mended(one) for key, one in value.items()}
    return value
