"""Hooks: commands that a workflow wants run when it, or one of its tasks, starts or ends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Literal, NamedTuple, TypeAlias

EVENTS = ("start", "error", "success", "end", "all")
"""The words of DAX 3.6 and of Pegasus 5; `never` is no event."""

Happening = Literal["start", "success", "error"]
"""What a hook may wait for: the beginning, or one of two ends."""

_NAMES = {"start": "start", "error": "on_error", "success": "on_success", "end": "at_end"}
"""What Pegasus calls the events in PEGASUS_EVENT."""


class Hook(NamedTuple):
    """One command and what it waits for."""

    event: str
    """One of EVENTS."""
    command: str
    """Split into words like arguments and started without a shell."""


Hooks: TypeAlias = tuple[Hook, ...]


def hooks_to_json(hooks: Hooks) -> list[dict[str, str]]:
    """Return hooks as they stand in `plan.json` and in bag lines."""
    return [{"on": hook.event, "cmd": hook.command} for hook in hooks]


def hooks_from_json(rows: Iterable[Mapping[str, str]]) -> Hooks:
    """Read hooks as `hooks_to_json` wrote them.

    Errors: KeyError, TypeError where a part is missing.
    """
    return tuple(Hook(row["on"], row["cmd"]) for row in rows)


def hooks_for(hooks: Iterable[Hook], happening: Happening) -> Iterator[tuple[str, str]]:
    """Yield the commands that a happening starts, each with its PEGASUS_EVENT.

    Source: Pegasus user guide, "Workflow and job notifications"; `all` is told as what it became.
    """
    matching = ("start", "all") if happening == "start" else (happening, "end", "all")
    for hook in hooks:
        if hook.event in matching:
            told = "end" if hook.event == "all" else hook.event
            yield _NAMES["start" if happening == "start" else told], hook.command


def hook_environment(
    event: str,
    *,
    now: float,
    submit_dir: str,
    run: str,
    job: str,
    status: int | None = None,
) -> dict[str, str]:
    """Return the PEGASUS_* variables of a hook.

    Shapes: event as `hooks_for` yields it; status is the exit code, None at the start.
    Source: Pegasus user guide, "Environment set for the notification scripts".
    """
    values = {
        "PEGASUS_EVENT": event,
        "PEGASUS_EVENT_TIMESTAMP": str(int(now)),
        "PEGASUS_EVENT_TIMESTAMP_ISO": datetime.fromtimestamp(now, UTC).isoformat(
            timespec="seconds"
        ),
        "PEGASUS_SUBMIT_DIR": submit_dir,
        "PEGASUS_WFID": run,
        "PEGASUS_JOBID": job,
    }
    if status is not None:
        values["PEGASUS_STATUS"] = str(status)
    return values
