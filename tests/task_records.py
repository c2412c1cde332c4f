"""Records of tasks as tests of their readers need them: what does not matter is filled in."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pegbatch.model.records import TaskRecord

_RECORD = TaskRecord(
    id="t",
    bag=0,
    try_=1,
    attempt=1,
    state="succeeded",
    reason="",
    exit_code=None,
    signal=None,
    start=0.0,
    end=0.0,
    max_rss_mib=None,
    outputs=(),
    stdout_tail="",
    stderr_tail="",
)


def task_record(id: str = "t", **fields: Any) -> TaskRecord:
    """Return the record of a task that succeeded in the first attempt, apart from these fields."""
    return replace(_RECORD, id=id, **fields)
