"""What a run has to know of itself besides its plan: `plan/run.json` in the store.

With the plan beside it, it brings a submit directory back that was deleted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pegbatch.errors import InputError

RUN_FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownRun:
    """A run, as its newest try left it."""

    run_url: str
    service: str
    """`local` or `aws`."""
    wire: bool
    job_prefix: str
    started: float
    """Of the first submission; seconds since the epoch."""
    number: int
    """The newest try; `try` in JSON."""
    queues: tuple[str, ...]
    """Names or ARNs of the queues that its jobs were sent to."""
    local_folder: str = ""
    """Of the embedded AWS that it runs on; empty on Amazon."""


def known_run_to_json(run: KnownRun) -> dict[str, Any]:
    """Return the JSON object of `run.json`."""
    return {
        "format": RUN_FORMAT,
        "run": run.run_url,
        "service": run.service,
        "wire": run.wire,
        "job_prefix": run.job_prefix,
        "started": run.started,
        "try": run.number,
        "queues": list(run.queues),
        **({"local_folder": run.local_folder} if run.local_folder else {}),
    }


def known_run_from_json(data: Any, *, source: str) -> KnownRun:
    """Read the JSON object of `run.json`; nothing in it is believed to be of the right kind.

    Errors: InputError where the format is another, or a part is missing or no such thing.
    """
    known = data.get("format") if isinstance(data, dict) else None
    if known != RUN_FORMAT:
        raise InputError(
            f"format {known!r} of a run is not {RUN_FORMAT}",
            where=source,
            hint="restore it with the version of pegbatch that began this run",
        )
    try:
        return _read(data)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise InputError(
            f"not what a run says of itself: {error!r}",
            where=source,
            hint="the run cannot be restored; plan the workflow again",
        ) from error


def _read(data: Mapping[str, Any]) -> KnownRun:
    service, number = str(data["service"]), int(data["try"])
    if service not in ("local", "aws") or number < 1:
        raise ValueError(f"service {service!r}, try {number}")
    return KnownRun(
        run_url=str(data["run"]),
        service=service,
        wire=data["wire"] is True,
        job_prefix=str(data["job_prefix"]),
        started=float(data["started"]),
        number=number,
        queues=tuple(map(str, data["queues"])),
        local_folder=str(data.get("local_folder", "")),
    )
