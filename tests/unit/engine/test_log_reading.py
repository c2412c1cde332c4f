"""Logs are read in order and in little memory, and followed without saying anything twice."""

from __future__ import annotations

from dataclasses import replace

from pegbatch.engine.logs.following import ChildFollower
from pegbatch.engine.logs.places import SubmittedArray, stored_logs
from pegbatch.engine.logs.reading import LogReader
from pegbatch.engine.logs.texts import CHUNK_BYTES
from pegbatch.model.layout import log_key
from pegbatch.model.logs import AttemptLog
from pegbatch.ports import JobAttempt, JobState
from tests.fakes import FakeStreams
from tests.fakes_store import MemoryStore
from tests.unit.engine.test_log_book import JOB

RUN = "s3://bucket/run"


def test_many_logs_come_in_order_from_wherever_they_lie() -> None:
    store, streams = MemoryStore(), FakeStreams(s="x\ny\nz")
    large = b"l" * CHUNK_BYTES + b"\nend"
    for bag in range(100):
        data = large if bag == 50 else b"bag %d\n" % bag
        store.put_bare(f"{RUN}/{log_key('L0', bag, 1, 1)}", data)
    logs = stored_logs(store, RUN, "L0")
    logs.insert(7, AttemptLog(array="L0", bag=6, number=1, attempt=2, stream="s"))
    store.delete([logs[3].url])
    reader = LogReader(store, lambda: streams)
    read = [b"".join(blocks) for _, blocks in reader.many(logs)]
    assert read[:3] == [b"bag 0\n", b"bag 1\n", b"bag 2\n"]
    assert (read[3], read[7], read[51]) == (b"", b"x\ny\nz\n", large + b"\n")
    assert len(read) == 101


def job(status: str, *ended: str, running: str | None = None) -> JobState:
    attempts = tuple(JobAttempt(start=1.0, end=2.0, log_stream=one) for one in ended)
    stream = running or (ended[-1] if ended else None)
    return JobState(job_id="j:0", name="n", status=status, log_stream=stream, attempts=attempts)


def test_a_child_is_followed_over_its_attempts() -> None:
    streams = FakeStreams()
    one = SubmittedArray(number=1, job=replace(JOB, size=2), job_id="j")
    follower = ChildFollower(one, 0, streams)

    def look(state: JobState) -> list[tuple[int, bytes]]:
        return [(said.log.attempt, said.block) for said in follower.look(state)]

    assert look(job("RUNNABLE")) == []
    # The stream appears when something is said.
    assert look(job("RUNNING", running="a")) == [(1, b"")]
    streams.streams["a"] = ["1", "2", "3"]
    assert look(job("RUNNING", running="a")) == [(1, b"1\n2\n"), (1, b"3\n")]
    assert look(job("RUNNING", running="a")) == []
    streams.streams["a"].append("last words")
    assert look(job("RUNNABLE", "a")) == [(1, b"last words\n")]
    streams.streams["b"] = ["again"]
    assert look(job("RUNNING", "a", running="b")) == [(2, b""), (2, b"again\n")]
    assert look(job("SUCCEEDED", "a", "b")) == []


def test_an_attempt_that_is_shown_from_elsewhere_is_left_out() -> None:
    streams = FakeStreams(a="1", b="2")
    follower = ChildFollower(SubmittedArray(number=1, job=JOB, job_id="j"), 0, streams)
    follower.close(1)
    said = list(follower.look(job("SUCCEEDED", "a", "b")))
    assert [(one.log.attempt, one.block) for one in said] == [(2, b""), (2, b"2\n")]
