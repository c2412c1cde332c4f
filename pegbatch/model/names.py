"""Making names from what a workflow says, fit for folders, keys and job names."""

from __future__ import annotations

import re

_LIKE_A_TRY = re.compile(r"[^.]*_t\d+").fullmatch
_UNFIT = re.compile(r"[^A-Za-z0-9_-]+")


def safe_name(text: str, *, longest: int = 64) -> str:
    """Return letters, digits, `-` and `_` only, starting with a letter or digit; never empty.

    Source: AWS Batch API, jobName: first character alphanumeric, then `-` and `_` as well.
    """
    name = _UNFIT.sub("_", text).strip("_-")[:longest]
    return name or "workflow"


def job_name(workflow: str, run: str, array: str) -> str:
    """Return the name of a job on Batch: `<workflow>-<8 hex of the run>-<array>`.

    Shapes: at most 128 characters; the workflow's part is what gives way. The second try of `L1-x`
    is `L1-x_t2`, and the first try of an array that has such a name itself is `L1-x_t2_t1`.
    Source: AWS Batch API, jobName: up to 128 characters.
    """
    whole = f"{array}_t1" if _LIKE_A_TRY(array) else array
    tail = f"-{run}-{safe_name(whole, longest=100)}"
    return safe_name(workflow, longest=128 - len(tail)) + tail
