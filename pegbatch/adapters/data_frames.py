"""Tables as pandas data frames, where pandas is installed: nothing else needs it."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from typing import Any

from pegbatch.errors import NotInstalled

_TYPES = {
    "text": "string",
    "whole": "Int64",
    "number": "Float64",
    "truth": "boolean",
    "time": "Float64",
}
"""All of them know missing values."""


def data_frame(columns: Mapping[str, Sequence[Any]], kinds: Mapping[str, str]) -> Any:
    """Return columns of equal length as a data frame; None is a missing value of the column's type.

    Shapes: kinds names the columns that are not text: whole, number, truth or time, which is in
    seconds since the epoch and becomes a time in UTC.
    Errors: NotInstalled where pandas is not installed.
    """
    try:
        pandas = importlib.import_module("pandas")
    except ImportError as error:
        raise NotInstalled(
            "data frames are made by pandas, which is not installed",
            hint="`pip install pandas`, or take the same numbers from Run.history()",
        ) from error
    return pandas.DataFrame(
        {name: _series(pandas, values, kinds.get(name, "text")) for name, values in columns.items()}
    )


def _series(pandas: Any, values: Sequence[Any], kind: str) -> Any:
    series = pandas.Series(values, dtype=_TYPES[kind])
    return (
        pandas.to_datetime(series, unit="s", utc=True, errors="coerce").dt.as_unit("us")
        if kind == "time"
        else series
    )
