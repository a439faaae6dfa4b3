"""The base of the file forms: strict models that say what they allow."""

from typing import Annotated, Any, ClassVar, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from harness.suite.document import WrittenFloat, WrittenInt, plain
from harness.suite.values import described

NOT_YET = "{key} is not available in this version; leave it out until a later one"
"""What is said of a key of the interface that has no effect yet."""


class Form(BaseModel):
    """One mapping of a file: unknown keys are mistakes, and no value is silently turned into another type."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)

    refused: ClassVar[dict[str, str]] = {}
    """Keys that are known and not allowed, with the whole message."""

    @model_validator(mode="before")
    @classmethod
    def _remember_form(cls, value: Any, info: ValidationInfo) -> Any:
        """Note which form a mapping was read as, for messages that list the allowed keys."""
        if isinstance(info.context, dict):
            info.context[id(value)] = cls
        return value

    @classmethod
    def read(cls, value: Any, forms: "dict[int, type[Form]]") -> Self:
        """The form of a value; `forms` collects which mapping was read as which form. Raises ValidationError."""
        return cls.model_validate(value, context=forms)


def mistake(message: str) -> PydanticCustomError:
    """An error whose message is already in the user's words."""
    return PydanticCustomError("mistake", "{message}", {"message": message})


def later(*keys: str) -> dict[str, str]:
    """Messages for keys that belong to later versions."""
    return {key: NOT_YET.format(key=f"'{key}'") for key in keys}


def _as_text(value: Any) -> str:
    """The text of a scalar as it is written: `1.10` stays `1.10`."""
    if isinstance(value, (WrittenInt, WrittenFloat)):
        return value.source
    if isinstance(value, str):
        if "\0" in value:
            raise mistake("holds a NUL character; printable text is allowed; remove it")
        return value
    hint = "write the text" if value is None else "put it in quotes" if isinstance(value, bool) else "write one value"
    raise mistake(f"is {described(value)}; text is allowed; {hint}")


def _as_columns(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


Text = Annotated[str, BeforeValidator(_as_text), WithJsonSchema({"type": ["string", "number"]})]
"""A text; numbers are read as they are written."""

Columns = Annotated[
    list[Text],
    BeforeValidator(_as_columns),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}),
]
"""One name or a list of names."""

Free = Annotated[dict[str, Any], AfterValidator(plain)]
"""A mapping that another room checks."""


def shape(value: Any) -> str:
    """Which alternative of an entry is meant: `(text)`, `(switch)`, `(mapping)`, or `(other)`, which is none."""
    if isinstance(value, (dict, Form)):
        return "(mapping)"
    if isinstance(value, bool):
        return "(switch)"
    return "(text)" if isinstance(value, (str, WrittenInt, WrittenFloat)) else "(other)"


SHAPES = frozenset({"(text)", "(switch)", "(mapping)", "(evaluate)"})
"""Parts of pydantic's error locations that are no part of the file."""
