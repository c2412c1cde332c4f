"""One child on this machine, outside any service: the worker as a container would start it."""

from __future__ import annotations

import gzip
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from pegbatch.adapters.worker_archive import write_worker
from pegbatch.model.layout import bags_file, index_file, plan_key
from pegbatch.model.manifest import IndexLine, format_index_line

ARRAY = "task"
"""The one array of such a run, with one bag and one task."""
LOG = "worker.log"


def lay_run(folder: Path, row: Mapping[str, Any]) -> None:
    """Write a run of one task into a new folder, which is then the run's URL.

    Shapes: row is a bag line (docs/formats.md) of bag 0.
    Errors: OSError.
    """
    member = gzip.compress(orjson.dumps(row) + b"\n", mtime=0)
    files = {
        bags_file(ARRAY): member,
        index_file(ARRAY): format_index_line(IndexLine(0, 0, len(member))),
    }
    for name, data in files.items():
        path = folder / plan_key(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def run_child(folder: Path, environment: Mapping[str, str]) -> int:
    """Run the child of such a run to its end; return its exit code.

    Shapes: what it says goes to LOG in the folder; it ends with us.
    Errors: OutsideError, OSError.
    """
    archive = folder / "worker.pyz"
    write_worker(archive)
    told = {**environment, "TMPDIR": str(folder), "PEGBATCH_JOB_KIND": "compute"}
    with (folder / LOG).open("wb") as log:
        child = subprocess.Popen(
            [sys.executable, str(archive), f"file://{folder}", ARRAY],
            cwd=folder,
            env=told,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            # Ctrl-C is for us; the worker gets SIGTERM, which it knows how to take.
            start_new_session=True,
        )
        try:
            return child.wait()
        except BaseException:
            child.terminate()
            child.wait()
            raise
