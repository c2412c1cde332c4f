"""What a child says of itself among its records."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from pegbatch.model.child_lines import LINE_START, ChildLine, child_line, find_child_line
from pegbatch.model.records import parse_records, record_line, undone_record

RUNNING = ChildLine(bag=3, try_=2, attempt=1, host="node-1", start=10.5)
ENDED = replace(RUNNING, end=20.25, exit_code=75, again=True, reason="ended by SIGTERM")
RECORD = record_line(undone_record("t", 3, 2, '{"child": in a reason\n{"child":', now=1.0))


@pytest.mark.parametrize("line", [RUNNING, ENDED])
def test_a_line_is_read_as_it_was_written(line: ChildLine) -> None:
    assert find_child_line(child_line(line)) == line


def test_the_last_line_counts_wherever_it_stands() -> None:
    assert find_child_line(child_line(RUNNING) + RECORD) == RUNNING
    assert find_child_line(child_line(RUNNING) + RECORD + child_line(ENDED)) == ENDED
    assert find_child_line(RECORD + child_line(ENDED) + RECORD) == ENDED


@pytest.mark.parametrize("data", [b"", RECORD, b"\n\n", b'{"children": 1}\n'])
def test_without_such_a_line_nothing_is_found(data: bytes) -> None:
    assert find_child_line(data) is None


def _spoilt(**parts: object) -> bytes:
    told = json.loads(child_line(ENDED))["child"] | parts
    return json.dumps({"child": told}).encode() + b"\n"


@pytest.mark.parametrize(
    "spoilt",
    [
        child_line(ENDED)[:-9],
        LINE_START + b" []}\n",
        LINE_START + b"[" * 99_999,
        _spoilt(start="soon"),
        _spoilt(end=[]),
        _spoilt(end=float("nan")),
        _spoilt(start=float("inf")),
        _spoilt(bag=float("inf")),
        LINE_START + b' {"bag": 1}}\n',
    ],
)
def test_a_line_that_is_not_sound_leaves_the_one_before_it(spoilt: bytes) -> None:
    assert find_child_line(spoilt) is None
    assert find_child_line(child_line(RUNNING) + RECORD + spoilt) == RUNNING


def test_readers_of_records_pass_over_it() -> None:
    (record,) = parse_records(child_line(RUNNING) + RECORD + child_line(ENDED))
    assert record.id == "t"
