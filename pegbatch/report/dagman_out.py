"""The file `<label>-0.dag.dagman.out`: lines of DAGMan's log that Pegasus's client looks for."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from pegbatch.model.dag import DagCounts

EXITING = "EXITING WITH STATUS"
"""Only in the file of a run that is over."""
_HEADINGS = ("Done", "Pre", "Queued", "Post", "Ready", "Un-Ready", "Failed")
_WIDTH = 9


def dagman_text(counts: DagCounts, *, now: float) -> str:
    """Return the whole file.

    Units: now is in seconds since the epoch; lines begin with UTC.
    Source: Pegasus.client.status of pegasus-wms.api, `parse_dagman_file`.
    """
    failed = int(counts.state == "Failure")
    numbers = (counts.done, 0, counts.queued, counts.post, counts.ready, counts.unready)
    lines = [
        "written by pegbatch, whole and again and again: how the run stands, in DAGMan's words",
        # 2: a node has failed. While others go on a client must not take the run for over.
        f"DAG status: {2 * failed} ({'DAG_STATUS_NODE_FAILED' if failed else 'DAG_STATUS_OK'})",
        f"Of {counts.total} nodes total:",
        _row(_HEADINGS),
        _row("===" for _ in _HEADINGS),
        _row(map(str, (*numbers, counts.failed))),
    ]
    if counts.state != "Running":
        lines.append(f"**** pegbatch {EXITING} {failed}")
    stamp = datetime.fromtimestamp(now, UTC).strftime("%m/%d/%y %H:%M:%S")
    return "".join(f"{stamp} {line}\n" for line in lines)


def _row(words: Iterable[str]) -> str:
    return "".join(f"{word:>{_WIDTH}}" for word in words)
