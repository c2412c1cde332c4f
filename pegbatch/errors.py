"""The error tree: everything pegbatch raises on purpose.

Each family has the exit code of the command line (design: commands) and each error a
kebab-case `code`. Anything else that escapes is our own bug (exit code 70).
This module imports nothing of the package.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeVar

T = TypeVar("T")

EXIT_DONE = 0
EXIT_BUG = 70
EXIT_INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, and where."""

    message: str
    where: str | None = None
    """`file:line`, a URL, or None where there is no place to point at."""
    hint: str | None = None
    """What the user can do next."""

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        advice = f"\n  {self.hint}" if self.hint else ""
        return f"{place}{self.message}{advice}"


class PegbatchError(Exception):
    """Base of all errors with a meaning for the user: one or more problems."""

    code = "error"
    exit_code = 1

    def __init__(
        self,
        message: str = "",
        *,
        where: str | None = None,
        hint: str | None = None,
        problems: Iterable[Problem] = (),
        answer: Mapping[str, object] = MappingProxyType({}),
    ) -> None:
        """Take one message, or all problems of one pass over the input at once.

        Shapes: answer is what a program that asked for JSON is told beside the error: what was
        done all the same.
        """
        found = tuple(problems)
        self.problems = found if found else (Problem(message, where, hint),)
        self.answer = answer
        super().__init__("\n".join(str(problem) for problem in self.problems))


class UsageError(PegbatchError):
    """The command line itself does not fit."""

    code = "usage"
    exit_code = 2


class NotInstalled(UsageError):
    """What was asked for takes a package that is not there."""

    code = "not-installed"


class InputError(PegbatchError):
    """A file is unreadable, malformed, or contradicts itself (unknown id, cycle)."""

    code = "bad-input"
    exit_code = 3


class InputChanged(InputError):
    """A file of this machine is not what it was when the workflow was planned."""

    code = "input-changed"

    def __init__(self, where: str, why: str = "") -> None:
        """Take the file, and why it cannot be told, where it cannot even be read."""
        super().__init__(
            why or "the file is not what it was when the workflow was planned",
            where=where,
            hint="bring it back as it was, or plan the workflow again",
        )


class NoSubmitDirectory(InputError):
    """A directory is not one that `plan` wrote."""

    code = "no-submit-directory"


class Gathering:
    """Collects what several readings refuse, so that the user is told all of it at once."""

    def __init__(self) -> None:
        """Start without problems."""
        self.problems: list[Problem] = []

    def attempt(self, read: Callable[[], T]) -> T | None:
        """Return what is read; None where it is refused, and keep why."""
        try:
            return read()
        except InputError as error:
            self.problems.extend(error.problems)
            return None

    def finish(self) -> None:
        """Refuse if anything was refused.

        Errors: InputError with all problems.
        """
        if self.problems:
            raise InputError(problems=self.problems)


class PlanError(PegbatchError):
    """The input is well formed but cannot be planned (no site, transformation, replica, name)."""

    code = "cannot-plan"
    exit_code = 4


class OutsideError(PegbatchError):
    """Something outside refused or broke: AWS, the disk, the database."""

    code = "outside"
    exit_code = 5


class StoreError(OutsideError):
    """An object store or directory did not do what it was asked."""

    code = "store"


class ObjectMissing(StoreError):
    """There is no object at a URL (404)."""

    code = "object-missing"


class BucketMissing(StoreError):
    """There is no bucket of that name, so nothing can be put into it."""

    code = "bucket-missing"


class StoreUnreachable(StoreError):
    """The store did not answer, or not sensibly, however often it was asked (5xx, reset)."""

    code = "store-unreachable"


class AccessDenied(OutsideError):
    """The outside knows us and says no (403); never retried."""

    code = "access-denied"


class JobServiceError(OutsideError):
    """AWS Batch (or the embedded one) refused a request or did not answer."""

    code = "batch"


class JobServiceUnreachable(JobServiceError):
    """AWS Batch did not answer, or not sensibly, however often it was asked (429, 5xx, reset)."""

    code = "batch-unreachable"


class SubmitUnclear(JobServiceError):
    """A SubmitJob call broke off: the job may exist or not, and has to be looked for."""

    code = "submit-unclear"


class RunLocked(OutsideError):
    """Another process is working on this submit directory."""

    code = "run-locked"
