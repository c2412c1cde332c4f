"""A desk for runs that fail, are mended, and are resumed; and a judge of what ran again."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pegbatch.adapters.sqlite_runs import SqliteRuns
from tests.functional.commands import pegbatch
from tests.functional.workflow_texts import shell_workflow
from tests.records_left import records_left

HEAD = shell_workflow(
    "mended",
    """\
replicaCatalog:
  pegasus: "5.0"
  replicas:
    - lfn: seed
      pfns: [{site: local, pfn: "SEED"}]
jobs:
""",
)
WIDTH = 4
TASKS = 2 * WIDTH + 1
"""a0…a3, then b0…b3 (each reads its a), then end (reads all b)."""


class ResumeDesk:
    """A folder with a workflow whose tasks fail as long as a file says so."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.base = folder / "base"
        self.outputs = self.base / "out"
        self.tally = folder / "tally"
        self.seed = folder / "seed.txt"
        self.broken = folder / "broken"
        self.broken.mkdir()
        self.seed.write_text("seed\n")

    def write(self) -> Path:
        """Write the workflow file and return it."""
        lines = []
        for n in range(WIDTH):
            lines.append(self._job(f"a{n}", "cat seed; echo", ["seed"]))
            lines.append(self._job(f"b{n}", f"cat a{n} a{n}; echo", [f"a{n}"]))
        lines.append(self._job("end", "cat b?; echo", [f"b{n}" for n in range(WIDTH)]))
        path = self.folder / "wf.yml"
        path.write_text(HEAD.replace("SEED", str(self.seed)) + "".join(lines))
        return path

    def _job(self, name: str, script: str, reads: list[str], *, delivered: bool = True) -> str:
        uses = [{"lfn": lfn, "type": "input"} for lfn in reads]
        uses.append({"lfn": name, "type": "output", "stageOut": delivered})
        words = f"echo {name} >>{self.tally}; test ! -e {self.broken}/{name} || exit 3; "
        found = {
            "type": "job",
            "id": name,
            "name": "sh",
            "arguments": ["-c", f"'{words}{{ {script} {name}; }} >{name}'"],
            "uses": uses,
            "profiles": {"pegasus": {"runtime": 1}},
        }
        return f"  - {json.dumps(found)}\n"

    def plan(self, *options: str | Path) -> Path:
        """Plan the workflow and return its submit directory."""
        self.write()
        return self.plan_as_it_is(*options)

    def plan_as_it_is(self, *options: str | Path) -> Path:
        """Plan the workflow file that is there."""
        words = ("--dir", self.base, "--output-dir", self.outputs, "--sites", "here", "--json")
        planned = self.call("plan", *words, *options, self.folder / "wf.yml")
        assert planned.returncode == 0, planned.stderr
        return Path(json.loads(planned.stdout)["submit_dir"])

    def call(self, *words: str | Path) -> Any:
        """Call pegbatch in a process of its own."""
        return pegbatch(*words, cwd=self.folder)

    def breaks(self, *names: str) -> None:
        """Let exactly these tasks fail from now on."""
        for path in self.broken.iterdir():
            path.unlink()
        for name in names:
            (self.broken / name).touch()

    def ran(self) -> Counter[str]:
        """Return how often each task was started, and begin to count anew."""
        found = Counter(self.tally.read_text().split()) if self.tally.exists() else Counter()
        self.tally.unlink(missing_ok=True)
        return found

    def status(self, submit_dir: Path) -> dict[str, Any]:
        """Return `status --json`."""
        asked = self.call("status", "--json", submit_dir)
        assert asked.returncode == 0, asked.stderr
        found: dict[str, Any] = json.loads(asked.stdout)
        return found

    def delivered(self) -> dict[str, str]:
        """Return the outputs by name."""
        return {path.name: path.read_text() for path in self.outputs.iterdir()}

    def store(self) -> Path:
        """Return the folder of the run in the embedded store."""
        (found,) = (self.base / "local-aws" / "s3" / "pegbatch").glob("mended-*")
        return found


def undisturbed() -> dict[str, str]:
    """Return what the outputs are where nothing goes wrong."""
    made = {f"a{n}": f"seed\na{n}\n" for n in range(WIDTH)}
    made |= {f"b{n}": 2 * made[f"a{n}"] + f"b{n}\n" for n in range(WIDTH)}
    return {**made, "end": "".join(made[f"b{n}"] for n in range(WIDTH)) + "end\n"}


def successes(run_folder: Path) -> Counter[str]:
    """Return how many successes each task has on record, from the files of the store.

    Those that were undone before a later try are left out.
    """
    found: Counter[str] = Counter()
    for id, rows in records_left(run_folder).items():
        for row in rows:
            if row["state"] == "undone":
                found.pop(id, None)
            found.update([id] if row["state"] == "succeeded" else [])
    return found


def submissions(submit_dir: Path) -> list[tuple[int, str]]:
    """Return (try, array) of every submission in the log, in order."""
    events = SqliteRuns(submit_dir).events()
    return [(e.body["try"], e.body["array"]) for e in events if e.kind == "submitted"]


def once(names: Iterable[str]) -> Counter[str]:
    """Return each name, once."""
    return Counter(dict.fromkeys(names, 1))
