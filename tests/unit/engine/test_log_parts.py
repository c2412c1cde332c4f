"""A task's own part of its child's log, whatever it and its fellows print."""

from __future__ import annotations

from pegbatch.engine.logs.parts import TaskPart, task_part
from pegbatch.model.logs import LoggedTask

FELLOWS = (("a", "ns::t:1"), ("b", "u"), ("c\N{NO-BREAK SPACE}", "u"))
LOG = b"""array L0 bag 0 try 1 attempt 1 of 3: 3 tasks
=== task a ns::t:1
a says
=== task b u
b says
--- task a succeeded after 0.1 s
b goes on
--- task b failed after 0.2 s: exit code 3
1 failed, 0 skipped; trying again
"""


def task(id_: str, name: str = "u", *, beside_others: bool = False) -> LoggedTask:
    return LoggedTask(
        id=id_,
        transformation=name,
        array="L0",
        bag=0,
        beside_others=beside_others,
        bag_fellows=FELLOWS,
    )


def part(wanted: LoggedTask, *blocks: bytes) -> bytes:
    return b"".join(task_part(wanted, blocks))


def test_a_part_goes_from_its_header_to_the_next_ones() -> None:
    assert part(task("a", "ns::t:1"), LOG) == (
        b"=== task a ns::t:1\na says\n--- task a succeeded after 0.1 s\n"
    )


def test_an_end_that_is_said_late_is_its_tasks() -> None:
    assert part(task("b"), LOG) == (
        b"=== task b u\nb says\nb goes on\n--- task b failed after 0.2 s: exit code 3\n"
        b"1 failed, 0 skipped; trying again\n"
    )


def test_a_task_that_is_tried_again_has_several_parts() -> None:
    again = LOG + b"=== task a ns::t:1\na again\n=== task b u\nb again\n"
    assert part(task("a", "ns::t:1"), again).endswith(b"=== task a ns::t:1\na again\n")
    assert b"b again" not in part(task("a", "ns::t:1"), again)


def test_what_only_looks_like_a_header_stays_where_it_is() -> None:
    said = b"=== task b u \n=== task z u\n--- task z succeeded after 1 s\n === task b u\n"
    assert part(task("a", "ns::t:1"), b"=== task a ns::t:1\n" + said).endswith(said)


def test_a_name_that_the_worker_escapes_is_found() -> None:
    assert part(task("c\N{NO-BREAK SPACE}"), b"=== task c\\xa0 u\nc says\n").endswith(b"c says\n")


def test_a_task_that_did_not_run_has_no_part() -> None:
    assert part(task("z"), LOG) == b""


def test_marked_lines_are_told_apart() -> None:
    log = b"=== task a ns::t:1\n=== task b u\n[b] one\n[a] two\n[b] [a] three\n"
    log += b"--- task a succeeded after 1 s\n"
    assert part(task("a", "ns::t:1", beside_others=True), log) == (
        b"=== task a ns::t:1\ntwo\n--- task a succeeded after 1 s\n"
    )


def test_a_line_that_is_cut_belongs_to_whom_it_began_with() -> None:
    blocks = (b"=== task a ns::t:1\nlong ", b"=== task b u", b"\nend\n=== task b u\nb says\n")
    assert part(task("a", "ns::t:1"), *blocks) == (b"=== task a ns::t:1\nlong === task b u\nend\n")


def test_success_is_noticed_and_failure_is_not_taken_for_it() -> None:
    for wanted, expected in ((task("a", "ns::t:1"), True), (task("b"), False)):
        seen = TaskPart(wanted)
        seen.take(LOG)
        assert seen.succeeded is expected
