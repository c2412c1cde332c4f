"""Reading logs: reference 4.7."""

from __future__ import annotations

from typing import Any

import pytest

from pegbatch.emulator.rules.log_patterns import compile_pattern
from tests.unit.emulator.bench import Bench, Refused

GROUP = "/aws/batch/job"


def write(bench: Bench, job: str, text: str) -> str:
    """Put a text into the log of a job's last attempt, and return the stream's name."""
    unit = next(u for j in bench.world.jobs().values() for u in j.units if u.id == job)
    stream = bench.world.logs.stream(unit, unit.attempts[-1])
    stream.path.parent.mkdir(parents=True, exist_ok=True)
    with stream.path.open("a") as file:
        file.write(text)
    return stream.name


def read(bench: Bench, stream: str, **body: Any) -> Any:
    return bench.call("GetLogEvents", logGroupName=GROUP, logStreamName=stream, **body)


def messages(answer: Any) -> list[str]:
    return [event["message"] for event in answer["events"]]


@pytest.fixture
def numbers(bench: Bench) -> str:
    """Return the stream of an ended job that wrote the numbers from 0 to 99."""
    job = bench.submit()
    stream = write(bench, job, "".join(f"{n}\n" for n in range(100)))
    bench.wait(99)
    bench.finish(job)
    return stream


def test_log_events_are_read_forwards_in_pages_until_the_token_repeats(
    bench: Bench, numbers: str
) -> None:
    found: list[str] = []
    answer = read(bench, numbers, startFromHead=True, limit=30)
    while True:
        found += messages(answer)
        token = answer["nextForwardToken"]
        answer = read(bench, numbers, startFromHead=True, limit=30, nextToken=token)
        if answer["nextForwardToken"] == token:
            break
    assert found == [str(n) for n in range(100)]
    assert answer["events"] == []


def test_without_start_from_head_the_latest_events_come_first_and_earlier_ones_after(
    bench: Bench, numbers: str
) -> None:
    answer = read(bench, numbers, limit=10)
    assert messages(answer) == [str(n) for n in range(90, 100)]
    answer = read(bench, numbers, limit=10, nextToken=answer["nextBackwardToken"])
    assert messages(answer) == [str(n) for n in range(80, 90)]


def test_the_first_line_has_no_events_before_it(bench: Bench, numbers: str) -> None:
    answer = read(bench, numbers, limit=100)
    assert len(answer["events"]) == 100
    answer = read(bench, numbers, nextToken=answer["nextBackwardToken"])
    assert answer["events"] == []


def test_events_of_a_page_have_at_most_a_mebibyte(bench: Bench) -> None:
    job = bench.submit()
    stream = write(bench, job, ("x" * 100_000 + "\n") * 20)
    bench.finish(job)
    answer = read(bench, stream, startFromHead=True)
    assert len(answer["events"]) == 10


def test_a_line_of_more_than_256_kib_becomes_several_events(bench: Bench) -> None:
    job = bench.submit()
    stream = write(bench, job, "x" * 600_000)
    bench.finish(job)
    found = messages(read(bench, stream, startFromHead=True))
    assert [len(text) for text in found] == [262_144, 262_144, 600_000 - 2 * 262_144]


def test_a_line_that_is_being_written_waits_for_its_end(bench: Bench) -> None:
    job = bench.submit()
    stream = write(bench, job, "whole\nhal")
    answer = read(bench, stream, startFromHead=True)
    assert messages(answer) == ["whole"]
    write(bench, job, "f\nlast")
    bench.finish(job)
    rest = read(bench, stream, nextToken=answer["nextForwardToken"])
    assert messages(rest) == ["half", "last"]


def test_timestamps_lie_between_start_and_end_and_select_events(bench: Bench, numbers: str) -> None:
    times = [e["timestamp"] for e in read(bench, numbers, startFromHead=True)["events"]]
    stop = int(bench.time * 1000)
    assert times == sorted(times)
    assert stop - 99_000 <= times[0] and times[-1] <= stop
    late = read(bench, numbers, startTime=times[50])
    assert messages(late) == [str(n) for n in range(50, 100)]
    early = read(bench, numbers, endTime=times[3])
    assert messages(early) == ["0", "1", "2"]


def test_bytes_that_are_no_text_are_shown_all_the_same(bench: Bench) -> None:
    job = bench.submit()
    unit = bench.running[job]
    path = bench.world.logs.stream(unit, unit.attempts[-1]).path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\xff\xfe ok\n")
    stream = bench.describe(job)["container"]["logStreamName"]
    assert messages(read(bench, stream, startFromHead=True))[0].endswith(" ok")


def test_a_stream_that_nothing_was_written_to_is_empty(bench: Bench) -> None:
    job = bench.submit()
    stream = bench.describe(job)["container"]["logStreamName"]
    assert read(bench, stream)["events"] == []


def test_unknown_groups_and_streams_are_not_found(bench: Bench, numbers: str) -> None:
    for body in (
        {"logGroupName": GROUP, "logStreamName": "none"},
        {"logGroupName": "/none", "logStreamName": numbers},
    ):
        with pytest.raises(Refused) as refused:
            bench.call("GetLogEvents", **body)
        assert refused.value.error_type == "ResourceNotFoundException"


def test_a_wrong_token_is_refused(bench: Bench, numbers: str) -> None:
    with pytest.raises(Refused, match="nextToken"):
        read(bench, numbers, nextToken="x/y")


def test_filtering_goes_over_all_streams_in_pages(bench: Bench) -> None:
    array = bench.submit(size=3)
    for index in range(3):
        write(bench, f"{array}:{index}", f"start {index}\nERROR {index}\n")
    bench.finish_all()
    found, body = [], {"logGroupName": GROUP, "filterPattern": "ERROR", "limit": 2}
    while True:
        answer = bench.call("FilterLogEvents", **body)
        found += messages(answer)
        if "nextToken" not in answer:
            break
        body["nextToken"] = answer["nextToken"]
    assert found == ["ERROR 0", "ERROR 1", "ERROR 2"]


def test_filtering_takes_streams_by_name_or_prefix(bench: Bench, numbers: str) -> None:
    other = write(bench, bench.submit("other"), "7\n")
    body = {"logGroupName": GROUP, "filterPattern": '"7"'}
    by_name = bench.call("FilterLogEvents", logStreamNames=[other], **body)
    assert [(e["logStreamName"], e["message"]) for e in by_name["events"]] == [(other, "7")]
    by_prefix = bench.call("FilterLogEvents", logStreamNamePrefix=numbers, **body)
    assert len(by_prefix["events"]) == 19
    with pytest.raises(Refused, match="together"):
        bench.call("FilterLogEvents", logStreamNames=[other], logStreamNamePrefix="d", **body)


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ("", True),
        ("ERROR", True),
        ("error", False),
        ("ERROR disk", True),
        ("ERROR net", False),
        ('"ERROR disk"', True),
        ('"disk ERROR"', False),
        ("ERROR -disk", False),
        ("?net ?disk", True),
        ("?net ?cpu", False),
    ],
)
def test_patterns_are_words_that_must_may_or_must_not_be_there(pattern: str, matches: bool) -> None:
    assert compile_pattern(pattern)("an ERROR disk full") is matches


def test_patterns_for_json_are_refused_and_not_misread() -> None:
    with pytest.raises(Exception, match="patterns of words only"):
        compile_pattern("{ $.a = 1 }")


def test_streams_are_described_by_name_or_last_event_in_pages(bench: Bench) -> None:
    names = []
    for _ in range(3):
        job = bench.submit()
        names.append(write(bench, job, "x\n"))
        bench.wait(5)
        bench.finish(job)
    body = {"logGroupName": GROUP, "orderBy": "LastEventTime", "descending": True, "limit": 2}
    first = bench.call("DescribeLogStreams", **body)
    rest = bench.call("DescribeLogStreams", nextToken=first["nextToken"], **body)
    found = [s["logStreamName"] for page in (first, rest) for s in page["logStreams"]]
    assert found == names[::-1]
    one = bench.call("DescribeLogStreams", logGroupName=GROUP, logStreamNamePrefix=names[1])
    assert [s["storedBytes"] for s in one["logStreams"]] == [2]


def test_there_is_one_log_group(bench: Bench) -> None:
    found = bench.call("DescribeLogGroups", logGroupNamePrefix="/aws")["logGroups"]
    assert [group["logGroupName"] for group in found] == [GROUP]
    assert bench.call("DescribeLogGroups", logGroupNamePrefix="/x")["logGroups"] == []
