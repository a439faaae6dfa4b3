"""Rows of a dataset from the hub, by the `datasets` library."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from harness.errors import MissingExtraError, OptionError
from harness.suite.columnar import plain_table
from harness.suite.values import quoted

if TYPE_CHECKING:
    from harness.suite.table import Table


def read_hub(name: str, split: str) -> Table:
    """Rows of one split; raises OptionError (of `hub` or `split`) or FilesError.

    The library decides by its own environment (HF_HUB_OFFLINE) whether it asks the network.
    """
    try:
        load_dataset = _library()
    except MissingExtraError as error:
        raise OptionError(str(error), "hub") from None
    try:
        rows = list(load_dataset(name, split=split))
    except Exception as error:  # noqa: BLE001 - the library raises errors of a dozen packages
        reason = (str(error).strip().split("\n")[0] or type(error).__name__)[:200].rstrip(".")
        key = "split" if "split" in reason.lower() else "hub"
        message = f"hub dataset {quoted(name)} could not be read: {reason}; check the name, the split and the network"
        raise OptionError(message, key) from None
    return plain_table(f"{name}/{split}", rows)


def _library() -> Any:
    """`datasets.load_dataset`; raises MissingExtraError. A folder named `datasets` also imports, without it."""
    try:
        return importlib.import_module("datasets").load_dataset  # here: 0.8 s, only for hub datasets
    except (ImportError, AttributeError):
        raise MissingExtraError("a dataset from the hub", "hub") from None
