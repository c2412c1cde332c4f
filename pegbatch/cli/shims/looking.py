"""Where a run stands, for the commands of Pegasus that say so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pegbatch.cli.shims.identity import name_of, number_of
from pegbatch.cli.wiring import OpenRun, open_run
from pegbatch.engine.looking.job_queue import queue_of
from pegbatch.errors import PegbatchError


def queue_of_run(run: OpenRun) -> list[dict[str, Any]]:
    """Return the jobs of a run that are not over, as the log knows them; nobody is asked."""
    return queue_of(
        run.plan.jobs,
        run.state(),
        name=name_of(run),
        number=number_of(run),
        submit_dir=str(run.directory.path),
    )


def open_known(path: Path) -> OpenRun | None:
    """Open a submit directory that was there once; None where it is gone or damaged."""
    try:
        return open_run(path)
    except (PegbatchError, OSError):
        return None
