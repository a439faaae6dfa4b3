"""JSON Schemas of the files, for editors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.suite.prompt_form import PromptForm
from harness.suite.suite_form import SuiteForm

if TYPE_CHECKING:
    from harness.suite.form import Form

_DRAFT = "https://json-schema.org/draft/2020-12/schema"


def suite_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of suite.yaml."""
    return _schema(SuiteForm, "suite.yaml of pytest-prompt-suite")


def prompt_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of prompts/<name>/v<version>.yaml."""
    return _schema(PromptForm, "prompt file of pytest-prompt-suite")


def _schema(form: type[Form], title: str) -> dict[str, Any]:
    return {"$schema": _DRAFT, **form.model_json_schema(), "title": title}
