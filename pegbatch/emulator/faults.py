"""Misbehaviour on demand: what the embedded AWS was told to do wrong."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, get_args

from pegbatch.emulator.refusals import Refusal, broken, throttled

FaultKind = Literal["throttle", "error", "drop", "drop-after", "half", "no-image"]
"""Answer 429 (503 where the service is not Batch), answer 500, hang up before the call is done,
hang up after it is done, hang up in the middle of the answer's body; the image of a child that is
to be started cannot be pulled."""
NO_IMAGE = "CannotPullContainerError: the embedded AWS was told that there is no such image"
AFTERWARDS: tuple[FaultKind, ...] = ("drop-after", "half")
"""The call is done all the same."""
KINDS: tuple[FaultKind, ...] = get_args(FaultKind)


@dataclass(frozen=True, slots=True)
class Fault:
    """The next so many calls (of one operation, or of any) go wrong in one way."""

    kind: FaultKind
    calls: int
    """How many; without meaning where there is a share."""
    operation: str | None = None
    """An operation of Batch or Logs; another service, as in `s3`; one method of it, `s3.GET`. None:
    any operation of Batch and Logs."""
    after: int = 0
    """Calls that go well first."""
    one_in: int = 0
    """Not the next calls, but one in so many from now on, by chance; 0: the next ones."""


@dataclass(slots=True)
class _Armed:
    fault: Fault
    left: int
    skip: int


@dataclass(slots=True)
class Faults:
    """The faults that are still to come, and the bound on the rate of calls."""

    calls_per_second: float | None = None
    _armed: list[_Armed] = field(default_factory=list)
    _tokens: float = 0.0
    _refilled: float = 0.0
    _dice: random.Random = field(default_factory=lambda: random.Random(0))

    def arm(self, fault: Fault) -> None:
        """Have something go wrong."""
        self._armed.append(_Armed(fault, fault.calls, fault.after))

    def clear(self) -> None:
        """Behave again."""
        self._armed.clear()

    def next(self, operation: str, now: float) -> FaultKind | None:
        """Return what is to go wrong with a call, and count it."""
        if not self._has_token(now):
            return "throttle"
        return self._strike(lambda fault: _concerns(fault, operation))

    def next_elsewhere(self, service: str, method: str) -> FaultKind | None:
        """Return what is to go wrong with a call of a service that is not ours, and count it."""
        names = (service, f"{service}.{method}")
        return self._strike(lambda fault: fault.operation in names)

    def next_start(self) -> str | None:
        """Return why a child that is to be started cannot be, if so."""
        return NO_IMAGE if self._strike(lambda fault: fault.kind == "no-image") else None

    def _strike(self, concerns: Callable[[Fault], bool]) -> FaultKind | None:
        for armed in self._armed:
            if not concerns(armed.fault):
                continue
            if armed.skip > 0:
                armed.skip -= 1
                continue
            if armed.fault.one_in:
                if self._dice.randrange(armed.fault.one_in) == 0:
                    return armed.fault.kind
                continue
            armed.left -= 1
            if armed.left <= 0:
                self._armed.remove(armed)
            return armed.fault.kind
        return None

    def _has_token(self, now: float) -> bool:
        rate = self.calls_per_second
        if rate is None:
            return True
        # The bucket holds one second's calls, full at the start.
        burst = max(1.0, rate)
        earned = (now - self._refilled) * rate if self._refilled else burst
        self._tokens = min(burst, self._tokens + earned)
        self._refilled = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


def _concerns(fault: Fault, operation: str) -> bool:
    return fault.kind != "no-image" and fault.operation in (None, operation)


def refusal(kind: FaultKind) -> Refusal | None:
    """Return the answer of a fault; None where the connection is to be dropped."""
    if kind == "throttle":
        return throttled()
    return broken() if kind == "error" else None


def foreign_refusal(kind: FaultKind) -> Refusal | None:
    """Return the answer of a fault as S3 gives it; None where the connection is to be dropped."""
    if kind == "throttle":
        return Refusal("Please reduce your request rate.", error_type="SlowDown", status=503)
    if kind == "error":
        return Refusal("told to fail", error_type="InternalError", status=500)
    return None
