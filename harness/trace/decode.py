"""Lines of spans → spans, for the exporter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from harness.schema import Span, SpanEvent

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from harness.schema import AttributeValue


def decoded(lines: str) -> Iterator[Span]:
    """The spans that stand in these lines."""
    for line in lines.splitlines():
        yield _span(orjson.loads(line))


def _span(fields: Mapping[str, Any]) -> Span:
    links = fields.get("links")
    return Span(
        trace_id=fields["traceId"],
        span_id=fields["spanId"],
        parent_id=fields.get("parentSpanId"),
        name=fields["name"],
        kind="client" if fields["kind"] == 3 else "internal",  # noqa: PLR2004 - SPAN_KIND_CLIENT
        start_ns=int(fields["startTimeUnixNano"]),
        end_ns=int(fields["endTimeUnixNano"]),
        attributes=_attributes(fields["attributes"]),
        events=[
            SpanEvent(event["name"], int(event["timeUnixNano"]), _attributes(event["attributes"]))
            for event in fields.get("events", ())
        ],
        link=(links[0]["traceId"], links[0]["spanId"]) if links else None,
        error=fields["status"]["message"] if "status" in fields else None,
    )


def _attributes(pairs: Iterable[Mapping[str, Any]]) -> dict[str, AttributeValue]:
    return {pair["key"]: _value(*pair["value"].items()) for pair in pairs}


def _value(kept: tuple[str, Any]) -> AttributeValue:
    kind, value = kept
    if kind == "intValue":
        return int(value)
    if kind == "arrayValue":
        return tuple(one["stringValue"] for one in value["values"])
    return value  # type: ignore[no-any-return] # JSON has the right type already
