"""How a task ended here, held against its record."""

from __future__ import annotations

from dataclasses import replace

from pegbatch.model.records import StoredOutput
from pegbatch.model.reproduction import Reproduction, compare, reproduction_to_json
from tests.task_records import task_record


def stored(lfn: str, sha256: str) -> StoredOutput:
    return StoredOutput(lfn=lfn, url=f"data/{lfn}", size_bytes=1, sha256=sha256)


RECORD = task_record(
    "t1", exit_code=0, start=10.0, end=12.0, outputs=tuple(stored(lfn, lfn * 2) for lfn in "abc")
)


def test_outputs_are_held_against_each_other_by_their_checksums() -> None:
    here = tuple(stored(lfn, sha256) for lfn, sha256 in (("a", "aa"), ("b", "x"), ("d", "")))
    found = compare(RECORD, replace(RECORD, outputs=here))
    assert found.same_end
    assert found.files == (("a", "same"), ("b", "differs"), ("c", "not made"), ("d", "new"))


def test_a_failure_has_made_nothing_to_hold_against_it() -> None:
    failed = replace(RECORD, state="failed", exit_code=3, outputs=())
    found = compare(failed, replace(failed, signal=9, exit_code=None))
    assert (found.same_end, found.files) == (False, ())


def test_without_a_run_there_is_no_comparison() -> None:
    found = Reproduction(
        id="t1",
        transformation="t",
        array="L0",
        bag=0,
        folder="/tmp/x",
        files=1,
        size_bytes=2,
        record=RECORD,
    )
    told = reproduction_to_json(found)
    assert told["record"]["seconds"] == 2.0
    assert (told["ran"], told["comparison"]) == (None, None)
