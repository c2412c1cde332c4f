"""Misbehaviour on demand: what the embedded AWS was told to do wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, get_args

from pegbatch.emulator.refusals import Refusal, broken, throttled

FaultKind = Literal["throttle", "error", "drop", "drop-after", "no-image"]
"""Answer 429, answer 500, hang up before the call is done, hang up after it is done; the image of
a child that is to be started cannot be pulled."""
NO_IMAGE = "CannotPullContainerError: the embedded AWS was told that there is no such image"
KINDS: tuple[FaultKind, ...] = get_args(FaultKind)


@dataclass(frozen=True, slots=True)
class Fault:
    """The next so many calls (of one operation, or of any) go wrong in one way."""

    kind: FaultKind
    calls: int
    operation: str | None = None
    after: int = 0
    """Calls that go well first."""


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
