"""Run events: the append-only log in `run.db`; the state of a run is a fold over them.

Kinds and their bodies (docs/formats.md):

- `run-started`     {try, run_url, service: local|aws, job_prefix}, and wire: true with --wire;
                    begins a try: that of the plan, or a later one (`tries/<try>.json`)
- `uploaded`        {try, files, bytes}: inputs, plan and worker lie in the store
- `intent`          {try, array, job_name, job_queue}: written before the SubmitJob call
- `submitted`       {try, array, job_name, job_id}: written after it
- `withdrawn`       {try, array}: written in its place where Batch has refused the call for certain,
                    or it was never made; the intent counts no more
- `state`           {try, array, status, reason, children: {STATUS: n}}: where status or
                    reason are others than before; counts that change alone are not written
- `cancel-requested` {try, unstarted: [array, …]}: those of which no child had begun
- `finished`        {try, state: succeeded|failed|cancelled}, and where they are known: lost, the
                    children that Batch let fail for good; spent: [[vcpus, memory_mib, seconds,
                    containers], …], what its containers have taken
- `seen`            {try, done}: tasks that had ended when somebody looked; at most two a minute;
                    and, where it is known, spent: about what containers had taken by then
- `fetched`         {try, files, bytes}
- `registered`      {try, files}: outputs are in a replica catalog
- `hooked`          {try, at: start|end}: the hooks of the workflow are run now
- `notified`        {try, what: first-failure|verdict}: who wants to know is told now
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

EventKind = Literal[
    "run-started",
    "uploaded",
    "intent",
    "submitted",
    "withdrawn",
    "state",
    "cancel-requested",
    "finished",
    "fetched",
    "registered",
    "hooked",
    "notified",
    "seen",
]


@dataclass(frozen=True, slots=True)
class RunEvent:
    """One line of the log."""

    time: float
    """Seconds since the epoch."""
    kind: EventKind
    body: Mapping[str, Any]
