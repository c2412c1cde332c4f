"""What must not be left when all has ended: processes, drafts, scratch files, parts of uploads."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from tests.soak.weather import processes, variables

DRAFT = re.compile(r"#\d+$|\.tmp$|\.part$|^\.tmp|\.new$")
"""Names of files that somebody was still writing."""


def marked_processes(base: Path) -> dict[int, str]:
    """Return the processes, but for this one, that know of a folder: by variable, or by word."""
    found = {}
    for pid in processes():
        if pid == os.getpid():
            continue
        words = _words(pid)
        mark = str(base)
        if any(mark in text for text in (*words, *variables(pid))):
            found[pid] = " ".join(words)
    return found


def drafts(folder: Path) -> Iterator[Path]:
    """Yield the files below a folder that have the name of a draft."""
    for root, _, files in os.walk(folder):
        yield from (Path(root) / name for name in files if DRAFT.search(name))


def leftovers(base: Path, scratch: Path) -> list[str]:
    """Return a sentence for everything that is left; to be called when nothing runs any more.

    Shapes: base is where everything lies, scratch was the TMPDIR of all processes.
    """
    found = [f"process {pid} is left: {text}" for pid, text in marked_processes(base).items()]
    found += [f"{path} is left" for path in drafts(base)]
    found += [f"{path} is left in the folder for temporary files" for path in scratch.iterdir()]
    return found


def _words(pid: int) -> list[str]:
    try:
        text = Path(f"/proc/{pid}/cmdline").read_text(errors="replace")
    except OSError:
        return []
    return text.split("\0")
