"""Why a task failed, or a child was lost: a kind, a sentence, a next step."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pegbatch.engine.analysis.causes import cause_of
from pegbatch.engine.analysis.lost_causes import cause_of_lost
from pegbatch.model.sub_workflows import SUB_WORKFLOW
from tests.sketched_histories import attempt, job, ran

URL = "s3://bucket/run/data/a.txt"
TRACEBACK = """\
starting
Traceback (most recent call last):
  File "fit.py", line 12, in <module>
    main()
  File "fit.py", line 7, in main
    raise ValueError("no convergence")
ValueError: no convergence
"""


def failed(reason: str, **more: Any) -> tuple[str, str]:
    """Return kind and sentence of a failure."""
    code = reason.removeprefix("exit code ")
    known = {"exit_code": int(code)} if code.isdecimal() else {}
    cause = cause_of(ran("t1", state="failed", reason=reason, **{**known, **more}), job("L0"))
    return cause.kind, cause.sentence


@pytest.mark.parametrize(
    ("reason", "more", "kind", "sentence"),
    [
        ("exit code 3", {"stderr_tail": "a\nbad sample\n\n"}, "exit-code",
         "exit code 3: bad sample"),
        ("exit code 3", {"stdout_tail": "said on stdout\n"}, "exit-code",
         "exit code 3: said on stdout"),
        ("exit code 3", {}, "exit-code", "exit code 3"),
        ("exit code 1", {"stderr_tail": TRACEBACK}, "python",
         "exit code 1: ValueError: no convergence"),
        ("exit code 1", {"stdout_tail": TRACEBACK, "stderr_tail": "see log"}, "python",
         "exit code 1: ValueError: no convergence"),
        ("exit code 127", {"stderr_tail": "/bin/sh: 1: exec: ./gone: not found\n"},
         "command-not-found", "exit code 127: ./gone was not found"),
        ("exit code 127", {"stderr_tail": "bash: line 1: blast: command not found\n"},
         "command-not-found", "exit code 127: blast was not found"),
        ("exit code 127", {}, "command-not-found", "exit code 127: a program was not found"),
        ("exit code 126", {"stderr_tail": "sh: 1: ./x: Permission denied\n"}, "not-executable",
         "exit code 126: ./x may not be executed"),
        ("exit code 126", {}, "not-executable", "exit code 126: a program may not be executed"),
        ("blast cannot be started: No such file or directory", {}, "command-not-found",
         "blast cannot be started: No such file or directory"),
        ("./x cannot be started: neither a binary for this machine nor #!", {}, "not-executable",
         "./x cannot be started: neither a binary for this machine nor #!"),
        ("ran longer than maxwalltime (60 s)", {"signal": 15}, "timeout",
         "ran longer than maxwalltime (60 s)"),
        ("told to write its checkpoint at checkpoint.time (60 s)", {"signal": 15},
         "checkpoint-time", "told to write its checkpoint at checkpoint.time (60 s)"),
        ("exit code 1; the disk is full: /scratch", {"exit_code": 1}, "disk-full",
         "exit code 1; the disk is full: /scratch"),
        ("exit code 1", {"stderr_tail": "write a: No space left on device"}, "disk-full",
         "exit code 1, and it says that the disk is full: write a: No space left on device"),
        ("output a.txt was not made\noutput b.txt was not made", {"exit_code": 0},
         "missing-output", "output a.txt was not made (and 1 more like it)"),
        (f"input a.txt: {URL}: its SHA-256 is 1, but 2 was planned with\n  plan again", {},
         "checksum", f"input a.txt: {URL}: its SHA-256 is 1, but 2 was planned with"),
        (f"input a.txt: {URL}: access denied: 403", {}, "access-denied",
         f"input a.txt: {URL}: access denied: 403"),
        (f"input a.txt: {URL}: there is no such object", {}, "missing-input",
         f"input a.txt: {URL}: there is no such object"),
        (f"input a.txt: {URL}: the server hung up", {}, "store",
         f"input a.txt: {URL}: the server hung up"),
        (f"outputs cannot be put: {URL}: access denied: AccessDenied", {}, "access-denied",
         f"outputs cannot be put: {URL}: access denied: AccessDenied"),
        (f"outputs cannot be put: {URL}: 503", {}, "store", f"outputs cannot be put: {URL}: 503"),
        ("its directory cannot be made ready: Too many links: /scratch/x", {}, "directory",
         "its directory cannot be made ready: Too many links: /scratch/x"),
        ("exit code 0, but its output matches exitcode.failuremsg 'ERROR'", {"exit_code": 0},
         "message", "exit code 0, but its output matches exitcode.failuremsg 'ERROR'"),
        ("ended by signal 11 (SIGSEGV)", {"signal": 11}, "signal",
         "ended by SIGSEGV: the program touched memory that is not its own"),
        ("exit code 134", {"stderr_tail": "assert x > 0"}, "signal",
         "exit code 134 (SIGABRT): the program gave up by itself: assert x > 0"),
        ("ended by signal 63", {"signal": 63}, "signal", "ended by signal 63"),
        ("", {}, "unknown", "no reason was given"),
        ("something new", {}, "unknown", "something new"),
    ],
)  # fmt: skip
def test_a_failure_is_told_by_kind_and_sentence(
    reason: str, more: dict[str, Any], kind: str, sentence: str
) -> None:
    assert failed(reason, **more) == (kind, sentence)


@pytest.mark.parametrize(
    ("reason", "more"),
    [
        ("ended by signal 9 (SIGKILL); was it out of memory?", {"signal": 9}),
        ("exit code 137", {"stderr_tail": "Killed"}),
        ("exit code 1", {"stderr_tail": "MemoryError"}),
        ("exit code 134", {"stderr_tail": "terminate called after throwing 'std::bad_alloc'"}),
        ("exit code 1", {"stderr_tail": "fork: Cannot allocate memory"}),
        ("exit code 1", {"stderr_tail": "java.lang.OutOfMemoryError: Java heap space"}),
    ],
)
def test_memory_is_told_with_what_was_asked_for_and_what_was_used(
    reason: str, more: dict[str, Any]
) -> None:
    kind, sentence = failed(reason, max_rss_mib=1990.4, **more)
    assert kind == "memory"
    assert "the child asked for 2,048 MiB and the largest process used 1,990 MiB" in sentence


def test_who_is_killed_with_memory_to_spare_was_hardly_killed_for_it() -> None:
    kind, sentence = failed("exit code 137", max_rss_mib=26.0)
    assert kind == "signal"
    assert "but there was some left (the child asked for 2,048 MiB" in sentence


def test_a_kill_whose_memory_nobody_knows_may_have_been_for_it() -> None:
    cause = cause_of(ran("t1", state="failed", reason="x", signal=9), None)
    assert (cause.kind, cause.sentence) == (
        "memory", "ended by SIGKILL, most likely for its memory"
    )  # fmt: skip


PLANNER = """\
pegbatch: warning: f.yml:1: a key is not known
pegbatch: f.yml:4: there is no entry for transformation shel in the transformation catalog
  add it there, with the path of its executable
--- not of the planner
"""


def test_the_planner_of_a_sub_workflow_says_itself_why_and_what_next() -> None:
    of_planner = replace(job("L0"), transformations=(str(SUB_WORKFLOW),))
    execution = ran("t1", state="failed", reason="exit code 4", exit_code=4, stderr_tail=PLANNER)
    cause = cause_of(execution, of_planner)
    assert cause.sentence == (
        "exit code 4: f.yml:4: there is no entry for transformation shel in the transformation "
        "catalog"
    )
    assert cause.advice == "add it there, with the path of its executable"
    # What other tasks say is not taken for words of ours.
    assert cause_of(execution, job("L0")).sentence == "exit code 4: --- not of the planner"
    silent = replace(execution, stderr_tail="")
    assert cause_of(silent, of_planner).sentence == "exit code 4"


def test_each_kind_that_the_program_cannot_explain_has_a_next_step() -> None:
    silent = ("blast cannot be started: No such file or directory", "output a was not made")
    assert all(cause_of(ran("t", reason=reason), None).advice for reason in silent)


@pytest.mark.parametrize(
    ("reason", "code", "kind", "words"),
    [
        ("OutOfMemoryError: Container killed due to memory usage", 137, "memory", "2,048 MiB"),
        ("Essential container in task exited", 137, "memory", "it asked for 2,048 MiB"),
        ("CannotPullContainerError: no such image", None, "image-pull", "could not be pulled"),
        ("Host EC2 (instance i-012) terminated.", None, "reclaimed", "taken away"),
        ("Your Spot Task was interrupted.", None, "reclaimed", "Spot"),
        ("Job attempt duration exceeded timeout", 143, "timeout", "ran longer"),
        ("Task failed to start", None, "directory", "could not be started"),
        ("ResourceInitializationError: secret", None, "directory", "could not be set up"),
        ("CannotStartContainerError: no command", None, "not-executable", "be started"),
        (
            'Task failed to start: CannotStartContainerError: exec: "s3://b/run": stat s3://b/run: '
            "no such file or directory",
            None,
            "not-executable",
            "no entry script",
        ),
        ("DockerTimeoutError: Could not transition", None, "lost", "did not answer"),
        ("cancelled by pegbatch cancel", None, "cancelled", "cancelled"),
        ("Dependent Job failed", None, "dependency", "never started"),
        ("Essential container in task exited", 1, "lost", "the entry script"),
        ("Essential container in task exited", 5, "store", "the store said no"),
        ("Essential container in task exited", 70, "lost", "a bug in pegbatch"),
        ("Essential container in task exited", 75, "store", "no attempt left"),
        ("Essential container in task exited", 127, "command-not-found", "no entry script"),
        ("Essential container in task exited", 143, "reclaimed", "SIGTERM"),
        ("Essential container in task exited", 33, "lost", "without a word"),
        ("", None, "lost", "Batch says nothing of it"),
    ],
)
def test_a_lost_child_is_told_in_words_with_a_next_step(
    reason: str, code: int | None, kind: str, words: str
) -> None:
    cause = cause_of_lost(attempt(state="lost", reason=reason, exit_code=code), job("L0"))
    assert (cause.kind, words in cause.sentence) == (kind, True), cause.sentence
    assert cause.advice or kind == "dependency"
