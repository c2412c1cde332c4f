"""What Pegasus calls a planned workflow."""

from __future__ import annotations

from pegbatch.cli.wiring import OpenRun
from pegbatch.model.dag import dag_name


def identity_of(run: OpenRun) -> dict[str, str]:
    """Return what braindump.yml says, with the place where the submit directory is now."""
    return {**run.directory.braindump(), "submit_dir": str(run.directory.path)}


def name_of(run: OpenRun) -> str:
    """Return Pegasus's name of the planned workflow."""
    return dag_name(run.plan.label or run.plan.workflow)


def number_of(run: OpenRun) -> str:
    """Return the number of the workflow, `root_wf_uuid`; empty where none is known."""
    return run.directory.braindump().get("root_wf_uuid", "")
