"""Making names from what a workflow says, fit for folders, keys and job names."""

from __future__ import annotations

import re

_UNFIT = re.compile(r"[^A-Za-z0-9_-]+")


def safe_name(text: str, *, longest: int = 64) -> str:
    """Return letters, digits, `-` and `_` only, starting with a letter or digit; never empty.

    Source: AWS Batch API, jobName: first character alphanumeric, then `-` and `_` as well.
    """
    name = _UNFIT.sub("_", text).strip("_-")[:longest]
    return name or "workflow"


def job_name(workflow: str, run: str, array: str) -> str:
    """Return the name of a job on Batch: `<workflow>-<8 hex of the run>-<array>`.

    Shapes: at most 128 characters; the workflow's part is what gives way.
    Source: AWS Batch API, jobName: up to 128 characters.
    """
    tail = f"-{run}-{safe_name(array, longest=100)}"
    return safe_name(workflow, longest=128 - len(tail)) + tail
