"""What a run on directories has left in its records folder, read without the package."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Any


def records_left(run: Path) -> defaultdict[str, list[dict[str, Any]]]:
    """Return the records of each task and transfer, oldest first, with the array of each."""
    found: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for path in (run / "records").glob("*/*/*.jsonl"):
        array, bag = path.parts[-3:-1]
        place = {"array": array, "bag": int(bag)}
        for line in path.read_text().splitlines():
            record = json.loads(line) | place
            if "child" not in record:
                found[record["id"]].append(record)
    for rows in found.values():
        rows.sort(key=lambda row: (row["try"], row["attempt"]))
    return found
