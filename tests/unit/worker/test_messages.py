"""Messages in the output that decide against the exit code."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pegbatch.worker.messages import LONGEST_LINE_BYTES, LineSearch
from tests.run_layout import sh
from tests.unit.worker.conftest import Bench


@pytest.mark.parametrize(
    ("script", "stdout"),
    [("echo Fatal: x", None), ("echo Fatal: x >&2", None), ("echo Fatal: x", "o")],
)
def test_a_failure_message_fails_a_task_that_exits_with_0(
    bench: Bench, script: str, stdout: str | None
) -> None:
    more = {"stdout": stdout, "outputs": [stdout]} if stdout else {}
    bench.run.add_array("L0", [sh("t", script, failure_message="^Fat.l: ", **more)])
    bench.child()
    (record,) = bench.run.records("L0", 0)
    reason = "exit code 0, but its output matches exitcode.failuremsg '^Fat.l: '"
    assert (record.state, record.reason) == ("failed", reason)
    assert bench.run.get("o") is None


def test_a_failure_message_far_before_the_end_is_found(bench: Bench) -> None:
    script = "echo broken; head -c 300000 /dev/zero | tr '\\0' '.'; echo; echo fine"
    bench.run.add_array("L0", [sh("t", script, failure_message="broken", stderr="e")])
    bench.child()
    assert bench.run.states("L0", 0) == {"t": "failed"}


@pytest.mark.parametrize(("said", "state"), [("all done", "succeeded"), ("hm", "failed")])
def test_a_success_message_must_be_there(bench: Bench, said: str, state: str) -> None:
    bench.run.add_array("L0", [sh("t", f"echo {said} >&2", success_message="all done$")])
    bench.child()
    (record,) = bench.run.records("L0", 0)
    assert record.state == state
    assert ("does not match exitcode.successmsg" in record.reason) == (state == "failed")


def test_the_exit_code_is_told_before_any_message(bench: Bench) -> None:
    script = "echo bad; exit 3"
    bench.run.add_array("L0", [sh("t", script, failure_message="bad", success_message="good")])
    bench.child()
    assert bench.run.records("L0", 0)[0].reason == "exit code 3"


@given(st.lists(st.binary(max_size=12), max_size=12))
def test_it_does_not_matter_how_a_stream_is_cut(pieces: list[bytes]) -> None:
    patterns = [re.compile(text) for text in (b"^a", b"b$", b"^$", b"a.b")]
    search = LineSearch(patterns)
    for piece in pieces:
        search.feed(piece)
    search.close()
    lines = b"".join(pieces).split(b"\n")
    assert search.found == {one for one in patterns if any(map(one.search, lines))}


def test_a_message_in_an_endless_line_is_found_across_the_cut() -> None:
    search = LineSearch([re.compile(b"needle")])
    for _ in range(3 * LONGEST_LINE_BYTES // 65536):
        search.feed(b"." * 65536)
    search.feed(b"nee")
    search.feed(b"." * 0 + b"dle" + b"." * 65536)
    search.close()
    assert search.found
