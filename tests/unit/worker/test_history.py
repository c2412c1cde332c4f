"""Records of a bag, over tries and attempts."""

from __future__ import annotations

import pytest

from pegbatch.model.child_lines import LINE_START
from pegbatch.model.records import settle
from pegbatch.worker.history import read_records
from tests.run_layout import sh
from tests.unit.worker.conftest import RUN, Bench


def test_records_come_oldest_first_by_number_not_by_name(bench: Bench) -> None:
    bench.run.add_array("L0", [sh("t", "exit 1", tries=99)])
    for attempt in ("10", "9", "2"):
        bench.child(attempt=attempt, attempts="20")
    found = list(read_records(bench.store, RUN, "L0", 0))
    assert [record.attempt for record in found] == [2, 9, 10]
    assert settle(found)["t"].attempt == 10


def test_other_files_in_the_folder_are_let_alone(bench: Bench) -> None:
    for name in ("notes.txt", "a.b.jsonl", "1.2.3.jsonl"):
        bench.store.write(f"{RUN}/records/L0/0/{name}", b"?")
    assert list(read_records(bench.store, RUN, "L0", 0)) == []


def test_a_file_that_vanishes_after_the_listing_holds_nothing(bench: Bench) -> None:
    url = f"{RUN}/records/L0/0/1.1.jsonl"
    bench.store.write(url, b"{}\n")
    bench.store.before = lambda operation, seen: (
        bench.store.objects.pop(url, None) if operation == "read" else None
    )
    assert list(read_records(bench.store, RUN, "L0", 0)) == []


DAMAGE = [b"{}", b"no json", b"[]", b'{"id": []}', b"\xff", b"[" * 99_999]


@pytest.mark.parametrize("text", DAMAGE, ids=range(len(DAMAGE)))
def test_what_is_no_record_is_passed_over_and_its_task_run_again(bench: Bench, text: bytes) -> None:
    bench.run.add_array("L0", [sh("torn", "exit 0"), sh("whole", "exit 0")])
    assert bench.child() == 0
    url = f"{RUN}/records/L0/0/1.1.jsonl"
    lines = bench.store.read(url).splitlines()
    torn, whole = (line for line in lines if not line.startswith(LINE_START))
    bench.store.write(url, text + b"\n" + whole + b"\n" + torn[:-9])
    assert [record.id for record in read_records(bench.store, RUN, "L0", 0)] == ["whole"]
    bench.run.add_try("L0", 2, [0])
    assert bench.child("L0.t2", number="2") == 0
    assert bench.run.states("L0", 0, number=2) == {"torn": "succeeded"}
