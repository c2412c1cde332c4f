"""The table of faults: each row names tests, and they are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
COLUMNS = 5


def rows() -> list[list[str]]:
    """Return the cells of every row that tells of a fault."""
    lines = (ROOT / "docs" / "faults.md").read_text().splitlines()
    table = [line for line in lines if line.startswith("| ") and not line.startswith("| fault |")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table]


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0][:60])
def test_every_fault_is_injected_by_a_test_that_is_there(row: list[str]) -> None:
    assert len(row) == COLUMNS, "a row has a fault, what is seen, lost, run again, and tests"
    assert all(row), "no cell is empty"
    named = re.findall(r"`([\w/.]+\.py)::(\w+)`", row[-1])
    assert named, "the row names no test"
    for file, test in named:
        path = ROOT / "tests" / file
        assert path.is_file(), file
        assert re.search(rf"^(async )?def {test}\(", path.read_text(), re.MULTILINE), test


def test_no_fault_is_told_twice() -> None:
    faults = [row[0] for row in rows()]
    assert len(faults) > 10
    assert len(set(faults)) == len(faults)
