"""Running the hooks of a workflow on this machine."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from pegbatch.model.words import split_words


def run_hook(
    command: str, directory: Path, environment: Mapping[str, str], *, seconds: float
) -> str:
    """Run one hook without a shell; what it says goes to standard error.

    Shapes: the result says what went wrong, and is empty where nothing did.
    """
    try:
        ended = subprocess.run(
            split_words(command),
            cwd=directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=sys.__stderr__,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"ended after {seconds:.0f} s"
    except (OSError, ValueError) as error:
        return str(error)
    return f"exit code {ended.returncode}" if ended.returncode else ""
