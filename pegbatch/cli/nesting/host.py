"""The job inside which a run is driven: where it is, and what it is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from pegbatch.errors import InputError, UsageError
from pegbatch.model.known_run import KnownRun
from pegbatch.model.layout import join_url, nested_key
from pegbatch.model.sub_workflows import (
    DEFINITION_VARIABLE,
    NESTING_MAX,
    NESTING_VARIABLE,
    QUEUE_VARIABLE,
)

BATCH_VARIABLE = "AWS_ENDPOINT_URL_BATCH"
"""Told by the embedded AWS: its own address."""
HEX_DIGITS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """What the run of a sub-workflow has from the job that drives it."""

    run_url: str
    """Of the sub-workflow's run."""
    run_hex: str
    """Ends the names of its jobs; the same whoever drives it."""
    nesting: int
    """1 where the outer run is part of no other."""
    job_queue: str
    job_definition: str
    local_folder: Path | None
    """Of the embedded AWS; None on Amazon."""
    batch_url: str
    """Of the embedded AWS; empty on Amazon."""
    wire: bool
    wanted: tuple[str, ...] = ()
    """URLs at which the outer run looks for what this one makes."""


def read_host(
    outer: KnownRun, task: str, environment: Mapping[str, str], wanted: tuple[str, ...] = ()
) -> Host:
    """Return the host of the run of a task's sub-workflow.

    Errors: UsageError where the job was not told what such a job is told; InputError where runs
    are nested without end.
    """
    nesting = _nesting(environment)
    run_url = join_url(outer.run_url, nested_key(task))
    is_local = outer.service == "local"
    return Host(
        run_url=run_url,
        run_hex=sha256(f"{outer.run_url}\n{task}".encode()).hexdigest()[:HEX_DIGITS],
        nesting=nesting,
        job_queue=_told(environment, QUEUE_VARIABLE),
        job_definition=_told(environment, DEFINITION_VARIABLE),
        local_folder=Path(outer.local_folder) if is_local else None,
        batch_url=_told(environment, BATCH_VARIABLE) if is_local else "",
        wire=outer.wire,
        wanted=wanted,
    )


def _nesting(environment: Mapping[str, str]) -> int:
    text = _told(environment, NESTING_VARIABLE)
    nesting = int(text) if text.isdecimal() else 0
    if nesting > NESTING_MAX:
        raise InputError(
            f"sub-workflows are nested {nesting} deep, and {NESTING_MAX} is the bound",
            hint="does the workflow contain itself?",
        )
    return nesting


def _told(environment: Mapping[str, str], name: str) -> str:
    found = environment.get(name, "")
    if not found:
        raise UsageError(
            f"the job was not told {name}", hint="only `pegbatch run` submits such jobs"
        )
    return found
