"""What the worker tells the planner of a sub-workflow: a JSON file in the task's directory."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pegbatch.errors import InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenFile:
    """A file that the outer workflow hands to its sub-workflow, or wants from it."""

    lfn: str
    urls: tuple[str, ...]
    """Of an input, tried in this order; of an output, all of which get it."""
    sha256: str | None = None
    optional: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """One task's sub-workflow; URLs are absolute."""

    run: str
    """URL of the outer run."""
    task: str
    file: str
    """LFN of the workflow's file, in the working directory."""
    options: str
    inputs: tuple[GivenFile, ...]
    outputs: tuple[GivenFile, ...]


def read_orders(path: Path) -> Orders:
    """Read the file.

    Errors: InputError where it is no such thing.
    """
    try:
        data = json.loads(path.read_bytes())
        return Orders(
            run=data["run"],
            task=data["task"],
            file=data["file"],
            options=data["options"],
            inputs=_files(data["inputs"], "others"),
            outputs=_files(data["outputs"], "deliver"),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"not the orders of a sub-workflow: {error!r}", where=str(path)) from error


def _files(rows: Sequence[Mapping[str, Any]], more: str) -> tuple[GivenFile, ...]:
    return tuple(
        GivenFile(
            lfn=row["lfn"],
            urls=(row["url"], *row[more]),
            sha256=row["sha256"],
            optional=row["optional"],
        )
        for row in rows
    )
