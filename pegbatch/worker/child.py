"""Which child this is, and where its run lies: the words and variables it was started with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pegbatch.errors import Problem, UsageError
from pegbatch.model import layout

KINDS = ("compute", "stage-in", "barrier", "clean-up", "verdict")


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """One attempt of one child of one array."""

    run_url: str
    """Without a slash at the end."""
    array: str
    """As told, `.t2` included."""
    kind: str
    """One of KINDS."""
    index: int
    """AWS_BATCH_JOB_ARRAY_INDEX; 0 in a plain job."""
    try_: int
    """The submission of the run, from 1."""
    attempt: int
    """From 1."""
    attempts: int
    """How often Batch starts the child at most."""
    stop_on_failure: bool
    service: str = ""
    """`local` or `aws`; told to the verdict."""
    run_started: float | None = None
    """Of the first submission, in seconds since the epoch; told to the verdict."""
    integrity: bool = True
    """Whether checksums are compared."""

    @property
    def base_array(self) -> str:
        """The plan's name of the array, under which records lie in every try."""
        return layout.base_array(self.array)

    @property
    def last_attempt(self) -> bool:
        """Whether Batch will not start this child again."""
        return self.attempt >= self.attempts

    def url(self, relative: str) -> str:
        """Return the URL of a key of the run; absolute URLs stay as they are."""
        return layout.join_url(self.run_url, relative)


def read_child(words: Sequence[str], environ: Mapping[str, str]) -> Child:
    """Read command words and environment.

    Errors: UsageError with everything that does not fit.
    Source: docs/formats.md, "How a child is told what to do"; AWS Batch, job environment variables.
    """
    problems: list[Problem] = []
    if len(words) != 2:
        problems.append(
            Problem(f"{len(words)} arguments", hint="give the run's URL and the name of the array")
        )
    kind = environ.get("PEGBATCH_JOB_KIND", "compute")
    if kind not in KINDS:
        problems.append(
            Problem(f"unknown job kind {kind!r}", "PEGBATCH_JOB_KIND", f"one of {', '.join(KINDS)}")
        )
    numbers = {
        "index": _number("AWS_BATCH_JOB_ARRAY_INDEX", 0, environ, problems),
        "try_": _number("PEGBATCH_TRY", 1, environ, problems),
        "attempt": _number("AWS_BATCH_JOB_ATTEMPT", 1, environ, problems),
        "attempts": _number("PEGBATCH_ATTEMPTS", 1, environ, problems),
    }
    run_started = _time("PEGBATCH_RUN_STARTED", environ, problems)
    if problems:
        raise UsageError(problems=problems)
    return Child(
        run_url=words[0].rstrip("/"),
        array=words[1],
        kind=kind,
        stop_on_failure=environ.get("PEGBATCH_ON_FAILURE") == "stop",
        service=environ.get("PEGBATCH_SERVICE", ""),
        run_started=run_started,
        integrity=environ.get("PEGBATCH_INTEGRITY") != "none",
        **numbers,
    )


def _number(name: str, default: int, environ: Mapping[str, str], problems: list[Problem]) -> int:
    """Return a variable as a number of at least its default."""
    text = environ.get(name) or str(default)
    if text.isascii() and text.isdecimal() and int(text) >= default:
        return int(text)
    problems.append(Problem(f"{text!r} is not a number from {default} on", name))
    return default


def _time(name: str, environ: Mapping[str, str], problems: list[Problem]) -> float | None:
    """Return a variable as seconds since the epoch; None where it is not set."""
    text = environ.get(name, "")
    if not text:
        return None
    try:
        return float(text)
    except ValueError:
        problems.append(Problem(f"{text!r} is not a number of seconds", name))
        return None
