"""pegbatch: Pegasus workflows as linked array jobs on AWS Batch.

`pegbatch.plan` and `pegbatch.Run` are the Python API (docs/python.md). It is brought in when it is
first asked for: the worker imports this package, too, and has to start fast.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pegbatch.api import Failure, History, OutputFile, Run, RunStatus, plan

__all__ = ["Failure", "History", "OutputFile", "Run", "RunStatus", "plan"]


def __getattr__(name: str) -> Any:
    """Bring in what belongs to the Python API."""
    if name in __all__:
        return getattr(importlib.import_module("pegbatch.api"), name)
    raise AttributeError(f"module 'pegbatch' has no attribute {name!r}")


def __dir__() -> list[str]:
    """Name the Python API, too."""
    return [*globals(), *__all__]
