"""One soak from plan to judgement."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.functional.commands import ROOT
from tests.plan_checker import SubmitDirectory, problems_of
from tests.random_workflow_files import write_files
from tests.random_workflows import InventedWorkflow
from tests.soak.afterwards import judge, mirror_bucket, submitted_jobs
from tests.soak.leaks import leftovers
from tests.soak.shapes import soak_workflow
from tests.soak.weather import BATCH_FAULTS, RATE, S3_FAULTS, Striker
from tests.tries import Tries

MOST_TRIES = 40
MOST_OTHER_ENDS = 5
"""Ends of a client that should not be; more of them tell nothing new."""
LONGEST_SECONDS = 1800
"""For one client; longer than this it hangs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What a soak is to be like."""

    tasks: int = 2000
    seed: int = 1
    wire: bool = False
    n_to_n_failure: str = "child"
    vcpus: int = 6
    deadly: int = 6
    """Children lost for good, at most."""
    client_kills: int = 6
    emulator_kills: int = 1
    """On directories alone: what goes over the wire is in the memory of the embedded AWS."""


@dataclass(slots=True, kw_only=True)
class Soak:
    """One soak under way."""

    wishes: Wishes
    base: Path
    workflow: InventedWorkflow
    submit_dir: Path = Path()
    counts: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)

    @property
    def folder(self) -> Path:
        """Where the embedded AWS lives."""
        return self.base / "work" / "local-aws"

    @property
    def scratch(self) -> Path:
        """The folder for temporary files of every process."""
        return self.base / "tmp"

    @property
    def outputs(self) -> Path:
        """Where the outputs are delivered."""
        return self.base / "outputs"

    def start(self, *words: str | Path, log: Path) -> subprocess.Popen[str]:
        """Start `pegbatch …`."""
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(self.scratch)}
        with log.open("a") as file:
            return subprocess.Popen(
                [sys.executable, "-m", "pegbatch", *map(str, words)],
                cwd=self.base,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=file,
                text=True,
            )

    def call(self, *words: str | Path) -> str:
        """Run `pegbatch …` to a good end, and return what it prints."""
        log = self.base / "calls.log"
        with self.start(*words, log=log) as process:
            printed, _ = process.communicate(timeout=LONGEST_SECONDS)
        assert process.returncode == 0, f"{words}: {process.returncode}\n{log.read_text()[-2000:]}"
        return printed

    def emulator_words(self) -> list[str]:
        """Return how the embedded AWS is started."""
        words = ["--vcpus", str(self.wishes.vcpus), "--rate", RATE]
        words += ["--n-to-n-failure", self.wishes.n_to_n_failure]
        return words + (["--wire"] if self.wishes.wire else [])

    def start_emulator(self) -> int:
        """Have the embedded AWS running, as ill-tempered as it is to be; return its process id."""
        place = ("--dir", self.base / "work")
        words = ("emulator", "--background", "--json", *place, *self.emulator_words())
        pid = int(json.loads(self.call(*words))["pid"])
        faults = (*BATCH_FAULTS, *(S3_FAULTS if self.wishes.wire else ()))
        # A client may have been quicker to start it, so it is told when it runs.
        self.call("emulator", *place, *(word for fault in faults for word in ("--fault", fault)))
        return pid


def soak(wishes: Wishes, base: Path) -> Soak:
    """Plan, run through the weather, judge; `problems` of the result says what is wrong."""
    workflow = soak_workflow(wishes.tasks, wishes.seed)
    found = Soak(wishes=wishes, base=base, workflow=workflow)
    found.scratch.mkdir(parents=True)
    _plan(found)
    with _emulator(found) as pid:
        striker = Striker(found.folder, wishes.seed, wishes.deadly)
        with striker:
            said = _drive(found, pid)
        found.counts.update(striker.hits)
        found.counts["children started"] = striker.started
        found.call("emulator", "--behave", "--dir", found.base / "work")
        tries = _gather(found, said)
    if said:
        found.problems += judge(tries, found.workflow, found.outputs, said)
    found.problems += leftovers(found.base, found.scratch)
    return found


def _plan(found: Soak) -> None:
    path = write_files(found.workflow, found.base / "files")
    words = ["plan", "--json", "--dir", found.base / "work", "--output-dir", found.outputs]
    words += ["--conf", found.base / "files" / "pegasus.properties", *found.workflow.words(), path]
    plan = json.loads(found.call(*words))
    found.submit_dir = Path(plan["submit_dir"])
    found.counts["arrays"] = len(plan["arrays"])
    found.counts["children"] = sum(array["size"] for array in plan["arrays"])
    if not set(found.workflow.cluster) & {"chain", "label"}:
        found.problems += problems_of(found.submit_dir, path)


@contextmanager
def _emulator(found: Soak) -> Iterator[int]:
    pid = found.start_emulator()
    try:
        yield pid
    finally:
        found.call("emulator", "--stop", "--dir", found.base / "work")


def _drive(found: Soak, pid: int) -> dict[str, Any]:
    """Run, and run again, until a client says that all went well; return what it said."""
    dice = random.Random(found.wishes.seed + 1)
    kills = found.wishes.client_kills
    crashes = 0 if found.wishes.wire else found.wishes.emulator_kills
    log = found.base / "clients.log"
    words = ["run", "--json", *(["--wire"] if found.wishes.wire else []), found.submit_dir]
    while _goes_on(found):
        with found.start(*words, log=log) as client:
            if kills:
                kills -= 1
                _wait(client, dice.expovariate(1 / 5))
                if crashes and dice.random() < 0.5:
                    crashes -= 1
                    pid = _crash(found, pid)
                    _wait(client, dice.expovariate(1 / 5))
                if client.poll() is None:
                    client.kill()
                    found.counts["clients killed"] += 1
            printed, _ = client.communicate(timeout=LONGEST_SECONDS)
        if client.returncode == 0:
            return dict(json.loads(printed))
        _note_end(found, client.returncode, log)
    found.problems.append(f"there is no good end; see {log}")
    return {}


def _goes_on(found: Soak) -> bool:
    tries, others = found.counts["failed tries"], found.counts["other ends"]
    return tries < MOST_TRIES and others < MOST_OTHER_ENDS


def _wait(client: subprocess.Popen[str], seconds: float) -> None:
    try:
        client.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        return


def _crash(found: Soak, pid: int) -> int:
    """Kill the embedded AWS, and start it again, unless a client is quicker to."""
    os.kill(pid, signal.SIGKILL)
    found.counts["emulators killed"] += 1
    return found.start_emulator()


def _note_end(found: Soak, code: int, log: Path) -> None:
    if code == 1:
        found.counts["failed tries"] += 1
    elif code != -signal.SIGKILL:
        found.counts["other ends"] += 1
        last = log.read_text().strip().splitlines()[-3:]
        found.problems.append(f"a client ended with {code}: {' / '.join(last)}")


def _gather(found: Soak, said: dict[str, Any]) -> Tries:
    """Collect what the judges want to see while the embedded AWS is still there."""
    run = found.folder / "s3" / str(said.get("run", "")).removeprefix("s3://")
    if found.wishes.wire and said:
        parts = mirror_bucket(found.folder, said["run"])
        found.problems += [f"the parts of an upload of {key} are left" for key in parts]
    jobs = submitted_jobs(found.folder, found.workflow.name)
    found.counts["tries"] = max((job.number for job in jobs), default=0)
    return Tries(
        parents=found.workflow.parents(),
        submitted=SubmitDirectory(found.submit_dir),
        run=run,
        events=found.folder / "events.jsonl",
        jobs=jobs,
    )


def timed(wishes: Wishes, base: Path) -> tuple[Soak, float]:
    """Soak, and say how long it took."""
    start = time.monotonic()
    return soak(wishes, base), time.monotonic() - start
