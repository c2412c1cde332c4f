"""events.jsonl: one line for every state change, for whoever wants to replay a run."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import orjson

from pegbatch.adapters.private_files import open_private
from pegbatch.emulator.state.effects import Change


class Journal:
    """Appends whole lines and flushes them (format: docs/formats.md)."""

    def __init__(self, path: Path) -> None:
        """Open for appending; what is there stays."""
        self._file = open_private(path, append=True)

    def write(self, changes: Iterable[Change]) -> None:
        """Append one line a change."""
        self._file.write(b"".join(orjson.dumps(change._asdict()) + b"\n" for change in changes))
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()
