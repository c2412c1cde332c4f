"""Why a task failed: from its record to a kind, a sentence and a next step.

The rules are asked in order; the first that has an answer gives it. What the worker says of the
machine (disk, memory, time) comes before what the program says of itself.
"""

from __future__ import annotations

import re
import signal
from collections.abc import Callable
from typing import TypeAlias

from pegbatch.engine.analysis.last_words import last_line, traceback_line
from pegbatch.engine.analysis.planner_words import planner_cause
from pegbatch.model.analysis import Cause, last_words
from pegbatch.model.history import Execution
from pegbatch.model.plan import Job

_Rule: TypeAlias = Callable[[Execution, Job | None], Cause | None]

SIGNAL_EXIT = 128
"""Added to a signal's number, as a shell's exit code."""
NOT_EXECUTABLE, NOT_FOUND = 126, 127
"""Exit codes of a shell. Source: POSIX, Exit Status for Commands."""
LARGE_SHARE = 0.5
"""Of the memory asked for: what was killed with less than that was hardly killed for it."""
_LONGEST_SIGNAL = 64

PLAN_AGAIN = "then plan again (`--reuse` spares what is done)"
MORE_MEMORY = f"ask for more memory (profile `memory`, MiB) or do less at a time, {PLAN_AGAIN}"
MORE_DISK = (
    "give the machines more disk (ephemeralStorage on Fargate, a larger volume on EC2), or leave "
    "less on it"
)
JOB_ROLE = (
    "let the job role (jobRoleArn of the job definition) read and write that bucket; "
    "`pegbatch check` says what it lacks"
)
RUN_AGAIN = "nothing is wrong with the task: `pegbatch run` runs it again"

_NO_SPACE = re.compile(r"No space left on device|Disk quota exceeded|ENOSPC|the disk is full")
_NO_MEMORY = re.compile(
    r"\bMemoryError\b|std::bad_alloc|Cannot allocate memory|OutOfMemory|[Oo]ut of memory|oom-kill"
)
_WRONG_BYTES = ("SHA-256", "no checksum travels")
_SHELL_COMPLAINT = re.compile(r"(?:.*: )?(?P<name>[^:]{1,200}): (?:command )?not found\Z")
_SHELL_REFUSAL = re.compile(
    r"(?:.*: )?(?P<name>[^:]{1,200}): (?:Permission denied|cannot execute.*|Exec format error)\Z"
)


def cause_of(execution: Execution, job: Job | None) -> Cause:
    """Return why an execution failed.

    Shapes: job is the one of its array, where the plan has it: it says what was asked for.
    """
    for rule in _RULES:
        cause = rule(execution, job)
        if cause is not None:
            return cause
    return Cause("unknown", _first_line(execution.reason) or "no reason was given")


def _disk(execution: Execution, job: Job | None) -> Cause | None:
    if "the disk is full" in execution.reason:
        return Cause("disk-full", _first_line(execution.reason), MORE_DISK)
    said = _said(execution)
    if execution.reason.startswith(("exit code", "ended by signal")) and _NO_SPACE.search(said):
        sentence = f"{_ending(execution)}, and it says that the disk is full"
        return Cause("disk-full", _with_line(sentence, said), MORE_DISK)
    return None


def _time_limit(execution: Execution, job: Job | None) -> Cause | None:
    reason = execution.reason
    if reason.startswith("ran longer than maxwalltime"):
        advice = f"raise `maxwalltime` (minutes), or give it less to do, {PLAN_AGAIN}"
        return Cause("timeout", _first_line(reason), advice)
    if reason.startswith("told to write its checkpoint"):
        advice = f"give it more tries to go on from its checkpoint (`dagman.retry`), {PLAN_AGAIN}"
        return Cause("checkpoint-time", _first_line(reason), advice)
    return None


def _memory(execution: Execution, job: Job | None) -> Cause | None:
    number, said = _signal_number(execution), _said(execution)
    if number == signal.SIGKILL and _may_be_memory(execution, job):
        sentence = f"{_ending(execution)}, most likely for its memory{_memory_text(execution, job)}"
        return Cause("memory", sentence, MORE_MEMORY)
    has_ended_badly = execution.reason.startswith(("exit code", "ended by signal"))
    if has_ended_badly and execution.exit_code != 0 and _NO_MEMORY.search(said):
        sentence = f"{_ending(execution)}: out of memory{_memory_text(execution, job)}"
        return Cause("memory", sentence, MORE_MEMORY)
    return None


def _may_be_memory(execution: Execution, job: Job | None) -> bool:
    """Say whether SIGKILL may have come for memory: where much was used, or nobody knows."""
    if job is None or execution.max_rss_mib is None:
        return True
    return execution.max_rss_mib >= LARGE_SHARE * job.resources.memory_mib


def _memory_text(execution: Execution, job: Job | None) -> str:
    """Return what was asked for and what was used, as far as that is known."""
    asked = "" if job is None else f"the child asked for {job.resources.memory_mib:,} MiB"
    rss = execution.max_rss_mib
    used = "" if rss is None else f"the largest process used {rss:,.0f} MiB"
    both = " and ".join(filter(None, (asked, used)))
    return f" ({both})" if both else ""


def _inputs(execution: Execution, job: Job | None) -> Cause | None:
    reason = execution.reason
    if not reason.startswith("input "):
        return None
    sentence = _counted(reason, "input ")
    if any(words in reason for words in _WRONG_BYTES):
        advice = (
            "`pegbatch run` brings damaged files anew; for a file that has changed since planning, "
            "plan again"
        )
        return Cause("checksum", sentence, advice)
    if "access denied" in reason:
        return Cause("access-denied", sentence, JOB_ROLE)
    if "there is no such object" in reason or "404" in reason:
        advice = "bring the file back, or mend its replica and plan again"
        return Cause("missing-input", sentence, advice)
    return Cause("store", sentence, RUN_AGAIN)


def _outputs(execution: Execution, job: Job | None) -> Cause | None:
    reason = execution.reason
    if reason.startswith("outputs cannot be put"):
        if "access denied" in reason:
            return Cause("access-denied", _first_line(reason), JOB_ROLE)
        return Cause("store", _first_line(reason), RUN_AGAIN)
    if not reason.startswith("output "):
        return None
    advice = (
        "the program ended with 0: look where it writes, and how the workflow spells the name; "
        "an output that need not be there is `optional`"
    )
    return Cause("missing-output", _counted(reason, "output "), advice)


def _start(execution: Execution, job: Job | None) -> Cause | None:
    reason = _first_line(execution.reason)
    if reason.startswith("its directory cannot be made ready"):
        return Cause("directory", reason, "see to the scratch disk of the machine, then run again")
    if " cannot be started: " not in reason:
        return None
    if "No such file" in reason:
        return Cause("command-not-found", reason, _NOT_THERE)
    return Cause("not-executable", reason, _NOT_STARTED)


_NOT_THERE = (
    "put the program into the image, name its full path in the transformation catalog, extend PATH "
    "(profile `env`), or make it stageable"
)
_NOT_STARTED = "make it executable, for this kind of machine, with a #! line that the image has"


def _shell(execution: Execution, job: Job | None) -> Cause | None:
    """Read what a shell means by its two special exit codes."""
    line = last_line(_said(execution))
    if execution.exit_code == NOT_FOUND:
        found = _SHELL_COMPLAINT.match(line)
        what = f"{found['name'].strip()} was not found" if found else _with_line("", line)
        return Cause("command-not-found", f"exit code 127: {what or _NO_PROGRAM}", _NOT_THERE)
    if execution.exit_code == NOT_EXECUTABLE:
        found = _SHELL_REFUSAL.match(line)
        what = f"{found['name'].strip()} may not be executed" if found else _with_line("", line)
        return Cause("not-executable", f"exit code 126: {what or _NO_RIGHTS}", _NOT_STARTED)
    return None


_NO_PROGRAM = "a program was not found"
_NO_RIGHTS = "a program may not be executed"


def _messages(execution: Execution, job: Job | None) -> Cause | None:
    if "exitcode.failuremsg" in execution.reason or "exitcode.successmsg" in execution.reason:
        return Cause("message", _first_line(execution.reason), "see what the program said")
    return None


def _python(execution: Execution, job: Job | None) -> Cause | None:
    for said in (execution.stderr_tail, execution.stdout_tail):
        line = traceback_line(said)
        if line and execution.exit_code:
            return Cause("python", f"exit code {execution.exit_code}: {line}")
    return None


def _signalled(execution: Execution, job: Job | None) -> Cause | None:
    number = _signal_number(execution)
    if number is None:
        return None
    sentence = f"{_ending(execution)}{_SIGNALS.get(number, '')}"
    if number == signal.SIGKILL:
        sentence += (
            f", mostly sent for memory, but there was some left{_memory_text(execution, job)}"
        )
        return Cause("signal", sentence, "find out who sent it: the task itself, or its machine")
    return Cause("signal", _with_line(sentence, _said(execution)), _SIGNAL_ADVICE.get(number, ""))


_SIGNALS: dict[int, str] = {
    signal.SIGSEGV: ": the program touched memory that is not its own",
    signal.SIGBUS: ": the program touched memory that is not there",
    signal.SIGILL: ": the program was built for another processor",
    signal.SIGFPE: ": a division by zero, or the like",
    signal.SIGABRT: ": the program gave up by itself",
    signal.SIGXFSZ: ": a file grew beyond the limit",
    signal.SIGXCPU: ": it used more processor time than the limit",
}
_SIGNAL_ADVICE: dict[int, str] = {
    signal.SIGILL: "build it for the machines of the compute environment, or choose others",
}


def _exit_code(execution: Execution, job: Job | None) -> Cause | None:
    if not execution.exit_code:
        return None
    return Cause("exit-code", _with_line(f"exit code {execution.exit_code}", _said(execution)))


_RULES: tuple[_Rule, ...] = (
    _disk,
    _time_limit,
    _inputs,
    _outputs,
    _start,
    planner_cause,
    _memory,
    _messages,
    _shell,
    _python,
    _signalled,
    _exit_code,
)


def signal_name(number: int) -> str:
    """Return `SIGKILL` for 9, and `signal 99` for what has no name."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _signal_number(execution: Execution) -> int | None:
    """Return the signal that ended a program, or a program of its shell."""
    if execution.signal is not None:
        return execution.signal
    code = execution.exit_code or 0
    number = code - SIGNAL_EXIT
    return number if 0 < number <= _LONGEST_SIGNAL else None


def _ending(execution: Execution) -> str:
    """Return how a program ended: `ended by SIGKILL`, `exit code 137 (SIGKILL)`, `exit code 3`."""
    if execution.signal is not None:
        return f"ended by {signal_name(execution.signal)}"
    number = _signal_number(execution)
    name = "" if number is None else f" ({signal_name(number)})"
    return f"exit code {execution.exit_code}{name}"


def _said(execution: Execution) -> str:
    return last_words(execution)[1]


def _with_line(sentence: str, said: str) -> str:
    """Add the last line that a program said."""
    return ": ".join(filter(None, (sentence, last_line(said))))


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0]


def _counted(reason: str, start: str) -> str:
    """Return the first line of a reason and how many more begin like it."""
    more = sum(line.startswith(start) for line in reason.splitlines()) - 1
    return _first_line(reason) + (f" (and {more:,} more like it)" if more > 0 else "")
