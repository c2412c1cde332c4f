"""Bad weather: children killed in four ways, and which calls go wrong."""

from __future__ import annotations

import json
import os
import random
import signal
import threading
from collections import Counter
from contextlib import suppress
from pathlib import Path

from pegbatch.emulator import presence

CHILDREN_STRUCK = 1 / 12
"""Some of them have ended when the blow falls; one in twenty is killed."""
LATEST_SECONDS = 0.4
"""After a child has started; most last about so long."""
HARMLESS = ("host", "host", "spot", "process")
DEADLY = ("memory", "kill")
"""Batch does not start such a child again: the run fails, and is taken up by the next try."""
BATCH_FAULTS = (
    "throttle=1/10",
    "drop-after:SubmitJob=1/15",
    "error:DescribeJobs=1/20",
    "drop:DescribeJobs=1/20",
    "half:ListJobs=1/20",
)
S3_FAULTS = (
    "error:s3=1/250",
    "throttle:s3=1/250",
    "drop:s3=1/250",
    "drop-after:s3=1/250",
    "half:s3.GET=1/50",
)
"""Together one call in fifty; of those that read twice as many."""
RATE = "25"


class Striker:
    """Watches the events of an embedded AWS, and kills one child in twenty."""

    def __init__(self, folder: Path, seed: int, deadly: int) -> None:
        """Take the folder of the embedded AWS, and how many children may be lost for good."""
        self.hits: Counter[str] = Counter()
        self.started = 0
        self._folder = folder
        self._source = random.Random(seed)
        self._deadly = deadly
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Striker:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._end.set()
        self._thread.join()

    def _watch(self) -> None:
        path, place = self._folder / "events.jsonl", 0
        while not self._end.wait(0.02):
            if not path.exists():
                continue
            with path.open() as file:
                file.seek(place)
                lines = file.readlines()
            # What is not a whole line yet is read again.
            lines = lines if not lines or lines[-1].endswith("\n") else lines[:-1]
            place += sum(len(line.encode()) for line in lines)
            for line in lines:
                self._consider(json.loads(line))

    def _consider(self, event: dict[str, object]) -> None:
        if event["state"] != "RUNNING":
            return
        self.started += 1
        if self._source.random() >= CHILDREN_STRUCK:
            return
        how = self._source.choice(DEADLY + HARMLESS if self._deadly > 0 else HARMLESS)
        self._deadly -= how in DEADLY
        unit = str(event["job"]) + ("" if event["child"] is None else f":{event['child']}")
        attempt, delay = str(event["attempt"]), self._source.uniform(0, LATEST_SECONDS)
        threading.Timer(delay, self._strike, (unit, attempt, how)).start()

    def _strike(self, unit: str, attempt: str, how: str) -> None:
        if how in ("kill", "process"):
            hit = self._kill(unit, attempt, first=how == "kill")
        else:
            hit = self._have_killed(unit, how)
        self.hits[how if hit else "too late"] += 1

    def _have_killed(self, unit: str, how: str) -> bool:
        endpoint = presence.read(self._folder)
        if endpoint is None:
            return False
        answer = presence.ask(endpoint, "POST", "strike", {"job": unit, "how": how})
        return bool(answer and answer["hit"])

    def _kill(self, unit: str, attempt: str, *, first: bool) -> bool:
        """Kill the first process of a child (the worker), or another one of it (a task's)."""
        wanted = {f"AWS_BATCH_JOB_ID={unit}", f"AWS_BATCH_JOB_ATTEMPT={attempt}"}
        found = sorted(pid for pid in processes() if wanted <= variables(pid))
        chosen = found[:1] if first else found[1:2]
        for pid in chosen:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return bool(chosen)


def processes() -> list[int]:
    """Return the ids of all processes of the machine."""
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]


def variables(pid: int) -> set[str]:
    """Return what a process was started with, as NAME=value."""
    try:
        return set(Path(f"/proc/{pid}/environ").read_text(errors="replace").split("\0"))
    except OSError:
        return set()
