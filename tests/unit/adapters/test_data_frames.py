"""Columns as data frames."""

from __future__ import annotations

import sys

import pytest

from pegbatch.adapters.data_frames import data_frame
from pegbatch.errors import UsageError

KINDS = {"n": "whole", "x": "number", "ok": "truth", "at": "time"}
COLUMNS = {
    "id": ["=cmd()", None],
    "n": [1, None],
    "x": [0.5, None],
    "ok": [True, None],
    "at": [1_700_000_000.25, None],
}


def test_every_column_has_its_type_and_knows_missing_values() -> None:
    frame = data_frame(COLUMNS, KINDS)
    assert {name: str(kind) for name, kind in frame.dtypes.items()} == {
        "id": "string",
        "n": "Int64",
        "x": "Float64",
        "ok": "boolean",
        "at": "datetime64[us, UTC]",
    }
    assert frame.isna().sum().to_dict() == dict.fromkeys(COLUMNS, 1)
    assert frame.id[0] == "=cmd()"
    assert frame["at"][0].isoformat() == "2023-11-14T22:13:20.250000+00:00"


def test_types_do_not_depend_on_what_is_there() -> None:
    empty = data_frame({name: [] for name in COLUMNS}, KINDS)
    unknown = data_frame({name: [None, None] for name in COLUMNS}, KINDS)
    full = data_frame(COLUMNS, KINDS)
    assert list(empty.dtypes) == list(unknown.dtypes) == list(full.dtypes)


def test_a_time_that_no_calendar_has_is_missing() -> None:
    assert data_frame({"at": [1e300]}, KINDS)["at"].isna().all()


def test_without_pandas_an_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(UsageError, match="pip install pandas"):
        data_frame(COLUMNS, KINDS)
