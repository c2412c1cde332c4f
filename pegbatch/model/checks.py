"""What `pegbatch check` found: one finding a question."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Verdict(StrEnum):
    """The answer to one question."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    NOT_APPLICABLE = "does not apply"


@dataclass(frozen=True, slots=True)
class Finding:
    """One question, its answer, and what to do about it."""

    check: str
    """Name of the question: `credentials`, `job queue`."""
    verdict: Verdict
    message: str
    hint: str = ""
    """What to do; empty where nothing is to be done."""


def finding_to_json(finding: Finding) -> dict[str, Any]:
    """Return a finding as the object that `check --json` prints."""
    return {
        "check": finding.check,
        "verdict": finding.verdict.value,
        "message": finding.message,
        "hint": finding.hint,
    }
