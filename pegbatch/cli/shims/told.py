"""Lines that scripts look for in what Pegasus's commands print."""

from __future__ import annotations

from pathlib import Path


def started_text(submit_dir: Path) -> str:
    """Return what is printed once a workflow has been submitted.

    Source: pegasus-run; tools take the first path below the first sentence.
    """
    return (
        "\nYour workflow has been started and is running in the base directory:\n\n"
        f"{submit_dir}\n\n"
        "*** To monitor the workflow you can run ***\n\n"
        f"pegasus-status -l {submit_dir}\n\n"
        "*** To remove your workflow run ***\n\n"
        f"pegasus-remove {submit_dir}\n"
    )
