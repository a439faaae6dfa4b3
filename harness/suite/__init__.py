"""suite.yaml, prompt files and datasets → a validated Suite; mistakes carry file:line:column."""

from harness.suite.catalogue import Catalogue, LoadOptions
from harness.suite.json_schema import prompt_schema, suite_schema
from harness.suite.label_move import FileEdit, LabelMove, move_label, write_edits
from harness.suite.labels import LabelColumns, Labels, read_labels
from harness.suite.loader import load_suite
from harness.suite.references import floating_prompts
from harness.suite.starter import write_starter

__all__ = [
    "Catalogue",
    "FileEdit",
    "LabelColumns",
    "LabelMove",
    "Labels",
    "LoadOptions",
    "floating_prompts",
    "load_suite",
    "move_label",
    "prompt_schema",
    "read_labels",
    "suite_schema",
    "write_edits",
    "write_starter",
]
