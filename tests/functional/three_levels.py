"""A workflow in a workflow in a workflow, each written by a job of the one around it.

Each job that counts notes that it ran, says that it has begun, waits while there is a gate, and
fails where it is told to.
"""

from __future__ import annotations

import os
import signal
from collections import Counter
from pathlib import Path

from pegbatch.emulator.background import ensure_running, local_folder
from tests.functional.commands import answer, pegbatch, planned
from tests.functional.emulator_bench import client, until

_HEAD = 'pegasus: "5.0.4"\n'
OUTER = (
    _HEAD
    + """\
name: outer
jobs:
  - type: job
    id: O1
    name: write
    arguments: [middle.template, middle.yml]
    uses: [{lfn: middle.template, type: input}, {lfn: middle.yml, type: output, stageOut: false}]
  - type: pegasusWorkflow
    id: OS
    file: middle.yml
    uses:
      - {lfn: middle.yml, type: input}
      - {lfn: inner.template, type: input}
      - {lfn: m.txt, type: output, stageOut: false}
  - type: job
    id: O3
    name: work
    arguments: [O3, o.txt, m.txt]
    uses: [{lfn: m.txt, type: input}, {lfn: o.txt, type: output, stageOut: true}]
"""
)
MIDDLE = (
    _HEAD
    + """\
name: middle
jobs:
  - type: job
    id: M1
    name: write
    arguments: [inner.template, inner.yml]
    uses: [{lfn: inner.template, type: input}, {lfn: inner.yml, type: output, stageOut: false}]
  - type: job
    id: M2
    name: work
    arguments: [M2, m2.txt]
    uses: [{lfn: m2.txt, type: output, stageOut: false}]
  - type: pegasusWorkflow
    id: MS
    file: inner.yml
    uses:
      - {lfn: inner.yml, type: input}
      - {lfn: m2.txt, type: input}
      - {lfn: i.txt, type: output, stageOut: false}
  - type: job
    id: M3
    name: work
    arguments: [M3, m.txt, i.txt]
    uses: [{lfn: i.txt, type: input}, {lfn: m.txt, type: output, stageOut: false}]
"""
)
INNER = (
    _HEAD
    + """\
name: inner
jobs:
  - type: job
    id: I1
    name: work
    arguments: [I1, i1.txt, m2.txt]
    uses: [{lfn: m2.txt, type: input}, {lfn: i1.txt, type: output, stageOut: false}]
  - type: job
    id: I2
    name: work
    arguments: [I2, i.txt, i1.txt]
    uses: [{lfn: i1.txt, type: input}, {lfn: i.txt, type: output, stageOut: false}]
"""
)
WRITE = '#!/bin/sh\ncp "$1" "$2"\n'
WORK = """\
#!/bin/sh
name=$1; out=$2; shift 2
echo "$name" >> "$DESK/ran"
touch "$DESK/$name.started"
while [ -e "$DESK/$name.gate" ]; do sleep 0.05; done
[ ! -e "$DESK/$name.fails" ] || exit 3
{ echo "$name"; cat /dev/null "$@"; } > "$out"
"""
ONCE = {"M2": 1, "I1": 1, "I2": 1, "M3": 1, "O3": 1}
"""How often each job that counts runs where nothing is in its way."""
RESULT = "O3\nM3\nI2\nI1\nM2\n"


class ThreeLevels:
    """A folder with the three workflows and all that they are planned with."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.base, self.desk = folder, folder / "base", folder / "desk"
        for name, text in (("write", WRITE), ("work", WORK)):
            program = folder / "bin" / name
            program.parent.mkdir(exist_ok=True)
            program.write_text(text)
            program.chmod(0o755)
        self.base.mkdir()
        self.desk.mkdir()
        for name, text in (("outer", OUTER), ("middle", MIDDLE), ("inner", INNER)):
            (folder / f"{name}.yml").write_text(text)
        self._write_catalogs()

    def _write_catalogs(self) -> None:
        programs = "".join(
            f"  - {{name: {name}, sites: [{{name: local, pfn: bin/{name}, type: stageable}}]}}\n"
            for name in ("write", "work")
        )
        (self.folder / "transformations.yml").write_text(f"{_HEAD}transformations:\n{programs}")
        (self.folder / "sites.yml").write_text(
            f"{_HEAD}sites:\n  - {{name: local}}\n"
            f"  - {{name: here, profiles: {{env: {{DESK: {self.desk}}}}}}}\n"
        )
        replicas = "".join(
            f"  - {{lfn: {name}.template, pfns: [{{site: local, pfn: {name}.yml}}]}}\n"
            for name in ("middle", "inner")
        )
        (self.folder / "replicas.yml").write_text(f"{_HEAD}replicas:\n{replicas}")
        names = (("site", "sites"), ("transformation", "transformations"), ("replica", "replicas"))
        (self.folder / "pegasus.properties").write_text(
            "".join(f"pegasus.catalog.{kind}.file = {name}.yml\n" for kind, name in names)
        )

    def plan(self) -> Path:
        """Plan the outer workflow; return its submit directory."""
        conf = ("--conf", str(self.folder / "pegasus.properties"))
        return Path(planned(self.folder / "outer.yml", self.base, *conf)["submit_dir"])

    def run(self, submit_dir: Path, *options: str) -> int:
        """Run it, or go on with it, one vCPU at a time; return the exit code."""
        result = pegbatch("run", "--vcpus", "1", *options, submit_dir, cwd=self.folder)
        return result.returncode

    def stop_at(self, job: str) -> None:
        """Have a job wait."""
        (self.desk / f"{job}.gate").touch()

    def let_go(self, job: str) -> None:
        """Have it go on."""
        (self.desk / f"{job}.gate").unlink()

    def break_at(self, job: str, *, is_broken: bool = True) -> None:
        """Have a job fail, or fail no more."""
        path = self.desk / f"{job}.fails"
        path.touch() if is_broken else path.unlink()

    def has_begun(self, job: str) -> bool:
        """Say whether a job has begun."""
        return (self.desk / f"{job}.started").exists()

    def tally(self) -> dict[str, int]:
        """Return how often each job has begun."""
        return dict(Counter((self.desk / "ran").read_text().split()))

    def result(self) -> str:
        """Return what the outermost workflow has delivered."""
        return (self.base / "wf-output" / "o.txt").read_text()

    def sub_workflows(self, submit_dir: Path) -> dict[str, int]:
        """Return what the statistics of a run say of its sub-workflows."""
        found = answer("statistics", "-s", "summary", submit_dir, cwd=self.folder)
        return dict(found["summary"]["sub_workflows"])

    def going_on(self) -> list[str]:
        """Return the names of the jobs on the embedded AWS that have not ended."""
        batch = client("batch", ensure_running(local_folder(self.base)))
        (queue,) = batch.describe_job_queues()["jobQueues"]
        return [
            job["jobName"]
            for status in ("SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING")
            for job in batch.list_jobs(jobQueue=queue["jobQueueArn"], jobStatus=status)[
                "jobSummaryList"
            ]
        ]

    def planners(self, depth: int) -> set[int]:
        """Return the processes that plan and watch a workflow of some depth, from 1."""
        mark, place = f"PEGBATCH_NESTING={depth}".encode(), str(self.base).encode()
        found = set()
        for entry in Path("/proc").iterdir():
            if entry.name.isdecimal():
                variables, words = _read(entry / "environ"), _read(entry / "cmdline")
                if mark in variables.split(b"\0") and place in variables and b"nesting" in words:
                    found.add(int(entry.name))
        return found

    def kill_planner(self, depth: int) -> None:
        """Kill the planner of some depth, and wait until there is another one."""
        (pid,) = self.planners(depth)
        os.kill(pid, signal.SIGKILL)
        until(lambda: bool(self.planners(depth) - {pid}))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
