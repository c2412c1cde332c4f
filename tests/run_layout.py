"""Lay a run out in a store as plan and submission would, task by task, without the planner."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import count, takewhile
from typing import Any

from pegbatch.errors import ObjectMissing
from pegbatch.model import layout
from pegbatch.model.manifest import IndexLine, format_index_line
from pegbatch.model.records import TaskRecord, parse_records
from pegbatch.ports import ObjectStore

Line = dict[str, Any]


def file(lfn: str, url: str | None = None, **more: Any) -> Line:
    """Return one input or output; without a URL it is data of the run."""
    return {"lfn": lfn, "url": layout.data_key(lfn) if url is None else url, **more}


def task(
    task_id: str,
    *argv: str,
    inputs: Iterable[str | Line] = (),
    outputs: Iterable[str | Line] = (),
    after: Iterable[tuple[str, int, str]] = (),
    **more: Any,
) -> Line:
    """Return one bag line; plain names are data of the run."""
    return {
        "id": task_id,
        "name": "prog",
        "transformation": "test::prog:1.0",
        "cluster": "",
        "index": 0,
        "argv": list(argv) or ["true"],
        "inputs": [file(use) if isinstance(use, str) else use for use in inputs],
        "outputs": [file(use) if isinstance(use, str) else use for use in outputs],
        "after": [{"array": a, "bag": b, "id": i} for a, b, i in after],
        **more,
    }


def sh(task_id: str, script: str, **more: Any) -> Line:
    """Return a task that runs a shell script."""
    return task(task_id, "/bin/sh", "-c", script, **more)


class RunLayout:
    """A run in a store."""

    def __init__(self, store: ObjectStore, run_url: str) -> None:
        self.store = store
        self.run_url = run_url
        self._members: dict[str, list[IndexLine]] = {}
        self._arrays: list[dict[str, Any]] = []

    def url(self, key: str) -> str:
        return layout.join_url(self.run_url, key)

    def put(self, lfn: str, data: bytes) -> None:
        """Put a data file of the run."""
        self.store.write(self.url(layout.data_key(lfn)), data)

    def get(self, lfn: str) -> bytes | None:
        """Return a data file of the run, None where there is none."""
        return self.get_key(layout.data_key(lfn))

    def get_key(self, key: str) -> bytes | None:
        try:
            return self.store.read(self.url(key))
        except ObjectMissing:
            return None

    def add_array(self, name: str, *bags: Sequence[Line]) -> None:
        """Put bags file and index of an array."""
        data = b""
        lines: list[IndexLine] = []
        for number, bag in enumerate(bags):
            text = "".join(json.dumps({"bag": number, **line}) + "\n" for line in bag)
            member = gzip.compress(text.encode(), mtime=0)
            lines.append(IndexLine(number, len(data), len(member)))
            data += member
        self._members[name] = lines
        self._arrays.append({"name": name, "size": len(bags), "tasks": sum(map(len, bags))})
        self.store.write(self.url(layout.plan_key(layout.bags_file(name))), data)
        self._put_index(name, lines)

    def add_try(self, name: str, number: int, bags: Iterable[int]) -> None:
        """Put the index of a later try, which runs some of the bags."""
        self._put_index(f"{name}.t{number}", [self._members[name][bag] for bag in bags])

    def add_verdict(self, outputs: int = 0) -> None:
        """Put what the verdict counts by, once all arrays are added."""
        counted = {
            "workflow": "laid-out",
            "tasks": sum(array["tasks"] for array in self._arrays),
            "outputs": outputs,
            "arrays": self._arrays,
        }
        url = self.url(layout.plan_key(layout.VERDICT_FILE))
        self.store.write(url, json.dumps(counted).encode())

    def records(self, array: str, bag: int, number: int = 1, attempt: int = 1) -> list[TaskRecord]:
        """Return the records of one attempt, of all its parts; none where there is no file."""
        keys = (layout.record_key(array, bag, number, attempt, part) for part in count(1))
        parts = takewhile(lambda data: data is not None, map(self.get_key, keys))
        return parse_records(b"".join(part or b"" for part in parts))

    def states(self, array: str, bag: int, number: int = 1, attempt: int = 1) -> Mapping[str, str]:
        """Return the state of each task that one attempt recorded."""
        return {r.id: r.state for r in self.records(array, bag, number, attempt)}

    def marks(self) -> list[str]:
        """Return the failure marks, `<array>/<bag>.<try>.<failed>.<skipped>`."""
        folder = self.url(layout.FAILURES_KEY)
        names = sorted(info.url.removeprefix(f"{folder}/") for info in self.store.list(folder))
        return [name for name in names if not name.endswith((".again", ".lost", ".complaint"))]

    def log(self, array: str, bag: int, number: int = 1, attempt: int = 1) -> str:
        """Return the log of one attempt."""
        return (self.get_key(layout.log_key(array, bag, number, attempt)) or b"").decode()

    def _put_index(self, name: str, lines: Iterable[IndexLine]) -> None:
        data = b"".join(format_index_line(line) for line in lines)
        self.store.write(self.url(layout.plan_key(layout.index_file(name))), data)
