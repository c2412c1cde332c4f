"""An independent judge of runs on the embedded AWS: replays what happened, event by event.

It knows the invented workflow, and reads the plan's files, `local-aws/events.jsonl`, the run's
folder of its bucket and the delivered outputs; it shares no code with engine and worker.

    python -m tests.replay_checker --seeds 0-200
"""

from __future__ import annotations

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from tests.functional.commands import called, planned
from tests.hunt import hunt
from tests.plan_checker import SubmitDirectory, problems_of
from tests.random_workflow_files import write_files
from tests.random_workflows import ALWAYS, InventedWorkflow, invent
from tests.replay import BUSY, ENDED, Replay, Unit

VCPUS = 8
SHOWN_FAILURES = 20


def problems_of_run(replay: Replay) -> list[str]:
    """Return a sentence for everything in a run that is not as promised."""
    checks = (
        _children,
        _states,
        _retries,
        _order_of_children,
        _order_of_records,
        _vcpus,
        _stored_files,
        _recorded_files,
        _delivered_files,
        _marks,
        _summary,
        _answer,
    )
    return [problem for check in checks for problem in check(replay)]


def problems_of_end(replay: Replay) -> list[str]:
    """Return what is wrong with what a run has left, however many tries it took."""
    checks = (_states, _stored_files, _recorded_files, _delivered_files, _summary, _answer)
    return [problem for check in checks for problem in check(replay)]


def _children(replay: Replay) -> Iterator[str]:
    """Each child goes to exactly one end, within its attempts, and fails only for a reason."""
    _, bad = replay.expected
    for name, job in replay.submitted.jobs.items():
        for child in range(job["size"]):
            events = replay.events.get((name, child), [])
            states = [event["state"] for event in events]
            if sum(state in ENDED for state in states) != 1 or states[-1] not in ENDED:
                yield f"child {child} of {name} does not have one end, the last: {states}"
                continue
            wanted = "FAILED" if (name, child) in bad else "SUCCEEDED"
            if states[-1] != wanted:
                yield f"child {child} of {name} is {states[-1]}, not {wanted}"
            starts = [event["attempt"] for event in events if event["state"] == "STARTING"]
            if starts != list(range(1, len(starts) + 1)) or len(starts) > job["attempts"]:
                yield f"child {child} of {name} has attempts {starts} of {job['attempts']}"
            if "RUNNING" not in states and states[-1] == "SUCCEEDED":
                yield f"child {child} of {name} succeeded without running"
    known = {(name, n) for name, job in replay.submitted.jobs.items() for n in range(job["size"])}
    for unit in replay.events.keys() - known:
        yield f"{unit} is not in the plan"


def _states(replay: Replay) -> Iterator[str]:
    """Each task comes to what it must come to, and is recorded where it was planned."""
    expected, _ = replay.expected
    for id, wanted in expected.items():
        rows = replay.records.get(id, [])
        state = rows[-1]["state"] if rows else "unrun"
        if state != wanted:
            reason = rows[-1]["reason"] if rows else ""
            yield f"task {id} is {state}, not {wanted}: {reason}"
        if "succeeded" in [row["state"] for row in rows[:-1]]:
            yield f"task {id} has records after its success"
        for row in rows:
            if (row["array"], row["bag"]) != replay.submitted.places[id]:
                yield f"task {id} is recorded in {row['array']} bag {row['bag']}"
            if (row["state"] == "succeeded") == bool(row["reason"]):
                yield f"task {id} is {row['state']} for the reason {row['reason']!r}"
    for id in replay.records.keys() - expected.keys():
        yield f"there are records of a task {id}"


def _retries(replay: Replay) -> Iterator[str]:
    """A task runs as often as it may and must, no more."""
    retry = int(replay.workflow.option("dagman.retry", "1"))
    expected, _ = replay.expected
    for id, task in replay.workflow.tasks.items():
        runs = [row["state"] for row in replay.records.get(id, []) if row["state"] != "skipped"]
        wanted: list[str] = []
        if expected[id] in ("succeeded", "failed"):
            wanted = ["failed"] * min(task.times, task.tries(retry))
            wanted += ["succeeded"] if expected[id] == "succeeded" else []
        if runs != wanted:
            yield f"task {id} was recorded as {runs}, not {wanted}"
        path = replay.ledger / id
        executions = len(path.read_text().splitlines()) if path.exists() else 0
        if executions != len(wanted):
            yield f"task {id} was started {executions} times, not {len(wanted)}"


def _edges(replay: Replay) -> Iterator[tuple[str, str]]:
    for child, parents in replay.workflow.parents().items():
        for parent in sorted(parents):
            yield parent, child


def _order_of_children(replay: Replay) -> Iterator[str]:
    """A child starts after all children that hold a parent of one of its tasks have ended."""
    places = replay.submitted.places
    ties = {(places[parent], places[child]) for parent, child in _edges(replay)}
    for before, after in sorted(ties):
        start = replay.started(after)
        if before == after or start is None:
            continue
        end = replay.ended(before)
        if start["number"] < end["number"] or start["time"] < end["time"]:
            yield f"child {after} started before {before} ended"


def _order_of_records(replay: Replay) -> Iterator[str]:
    """A task's program starts after its parents have ended for good, in the same bag too."""
    for parent, child in _edges(replay):
        ends = [row["end"] for row in replay.records.get(parent, [])]
        ran = [row for row in replay.records.get(child, []) if row["state"] != "skipped"]
        if ran and (not ends or min(row["start"] for row in ran) < ends[-1]):
            yield f"task {child} began before {parent} had ended"
    for id, rows in replay.records.items():
        if any(row["end"] < row["start"] for row in rows):
            yield f"task {id} ended before it began"


def _vcpus(replay: Replay) -> Iterator[str]:
    """No more vCPUs are busy than there are, and what can run side by side does."""
    sizes = {name: job["resources"]["vcpus"] for name, job in replay.submitted.jobs.items()}
    rows = [
        (event["number"], unit, event) for unit, some in replay.events.items() for event in some
    ]
    busy: dict[Unit, int] = {}
    most_vcpus = most_children = 0
    for _, unit, event in sorted(rows, key=lambda row: row[0]):
        busy.pop(unit, None)
        if event["state"] in BUSY:
            busy[unit] = sizes[unit[0]]
        most_vcpus = max(most_vcpus, sum(busy.values()))
        most_children = max(most_children, len(busy))
    if most_vcpus > VCPUS:
        yield f"{most_vcpus} vCPUs were busy at once"
    widest = max(job["size"] for job in replay.submitted.jobs.values())
    if widest > 1 and most_children < 2 and not replay.stops:
        yield f"an array of {widest}, and never two children at once"


def _contents(replay: Replay) -> dict[str, str]:
    expected, _ = replay.expected
    return replay.workflow.contents({id for id, state in expected.items() if state == "succeeded"})


def _stored_files(replay: Replay) -> Iterator[str]:
    """The run's folder holds what succeeded tasks made, whole, and nothing of the others.

    What a clean-up may delete is not looked for; that it is not deleted too early shows elsewhere.
    """
    contents, data = _contents(replay), replay.folder / "data"
    paths = [path for path in data.rglob("*") if path.is_file()]
    for path in paths:
        lfn = str(path.relative_to(data))
        if path.read_text() != contents.get(lfn):
            yield f"data/{lfn} is {path.read_text()!r}, not {contents.get(lfn)!r}"
    there = {str(path.relative_to(data)) for path in paths}
    kept = replay.workflow.cleanup == "none"
    for lfn in sorted(contents.keys() - there if kept else ()):
        yield f"data/{lfn} is not there"


def _recorded_files(replay: Replay) -> Iterator[str]:
    """The record of a success names its outputs, with size, checksum and place."""
    contents = _contents(replay)
    for id, state in replay.expected[0].items():
        rows = replay.records.get(id, [])
        made = set(replay.workflow.tasks[id].made()) if state == "succeeded" else set()
        found = {output["lfn"]: output for output in rows[-1]["outputs"]} if rows else {}
        if found.keys() != made:
            yield f"task {id} records outputs {sorted(found)}, not {sorted(made)}"
        for lfn, output in found.items():
            text = contents.get(lfn, "").encode()
            if (output["sha256"], output["size_bytes"]) != (sha256(text).hexdigest(), len(text)):
                yield f"task {id} records another size or checksum of {lfn}"
            if output["url"] != f"{replay.said['run']}/data/{lfn}":
                yield f"task {id} records {lfn} at {output['url']}"


def _delivered_files(replay: Replay) -> Iterator[str]:
    """The output directory holds exactly the files to deliver that were made."""
    expected, _ = replay.expected
    contents = _contents(replay)
    tasks = [task for task in replay.workflow.tasks.values() if task.delivered]
    wanted = {lfn for task in tasks for lfn in task.made() if expected[task.id] == "succeeded"}
    paths = [path for path in replay.outputs.rglob("*") if path.is_file()]
    found = {str(path.relative_to(replay.outputs)): path.read_text() for path in paths}
    if found.keys() != wanted:
        yield f"delivered but not to be: {sorted(found.keys() - wanted)[:5]}"
        yield f"to be delivered, but not: {sorted(wanted - found.keys())[:5]}"
    for lfn, text in found.items():
        if text != contents.get(lfn):
            yield f"{lfn} was delivered with wrong bytes"


def _marks(replay: Replay) -> Iterator[str]:
    """A failure mark for each bag that ran with failed or skipped tasks, with their numbers."""
    wanted: dict[Unit, Counter[str]] = defaultdict(Counter)
    for id, state in replay.expected[0].items():
        if state in ("failed", "skipped"):
            wanted[replay.submitted.places[id]][state] += 1
    names = {
        f"{array}/{bag}.1.{counts['failed']}.{counts['skipped']}"
        for (array, bag), counts in wanted.items()
    }
    folder = replay.folder / "failures"
    found = {
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and path.suffix not in (".again", ".lost")
    }
    if found != names:
        yield f"failure marks are {sorted(found)}, not {sorted(names)}"


def _summary(replay: Replay) -> Iterator[str]:
    """summary.json counts what became of the tasks, and tells of failures."""
    counts = Counter(replay.expected[0].values())
    skipped = counts["skipped"] + counts["unrun"]
    wanted = {
        "total": len(replay.workflow.tasks),
        "succeeded": counts["succeeded"],
        "failed": counts["failed"],
        "skipped": skipped,
        "running": 0,
        "waiting": 0,
    }
    if replay.summary["tasks"] != wanted:
        yield f"summary.json counts {replay.summary['tasks']}, not {wanted}"
    state = "failed" if counts["failed"] + skipped else "succeeded"
    if replay.summary["state"] != state:
        yield f"summary.json says {replay.summary['state']}, not {state}"
    rows = replay.summary["failures"]
    for row in rows:
        if replay.expected[0].get(row["id"]) != row["state"]:
            yield f"summary.json calls {row['id']} {row['state']}"
        if (row["array"], row["bag"]) != replay.submitted.places.get(row["id"]):
            yield f"summary.json places {row['id']} in {row['array']}, bag {row['bag']}"
    told = min(SHOWN_FAILURES, counts["failed"] + counts["skipped"])
    if len({row["id"] for row in rows}) != len(rows) or len(rows) != told:
        yield f"summary.json tells of {len(rows)} failures, not of {told}"


def _answer(replay: Replay) -> Iterator[str]:
    """The command says the same as the summary, and exits 0 only if everything succeeded."""
    right = set(replay.expected[0].values()) == {"succeeded"}
    if replay.exit_code != (0 if right else 1):
        yield f"the exit code is {replay.exit_code}"
    if replay.said["state"] != ("succeeded" if right else "failed"):
        yield f"`run` says {replay.said['state']}"
    if replay.said["tasks"] != replay.summary["tasks"]:
        yield f"`run` counts {replay.said['tasks']}, summary.json {replay.summary['tasks']}"


def run_invented(workflow: InventedWorkflow, base: Path) -> tuple[Replay, list[str]]:
    """Plan and run a workflow below a folder; return the run, and what is wrong with the plan."""
    folder = base / "files" / workflow.name
    path = write_files(workflow, folder)
    outputs = folder / "outputs"
    words = ["--output-dir", str(outputs), "--conf", str(folder / "pegasus.properties")]
    plan = planned(path, base, *words, *workflow.words())
    submit_dir = Path(plan["submit_dir"])
    code, printed, talk = called("run", "--json", "--vcpus", VCPUS, submit_dir)
    assert code in (0, 1) and printed, f"{workflow.name}: exit code {code}\n{printed}{talk}"
    replay = Replay(
        workflow=workflow,
        base=base,
        submitted=SubmitDirectory(submit_dir),
        ledger=folder / "ledger",
        outputs=outputs,
        said=json.loads(printed),
        exit_code=code,
    )
    chained = "chain" in workflow.cluster
    return replay, [] if chained else problems_of(submit_dir, path)


def judge(workflow: InventedWorkflow, base: Path) -> list[str]:
    """Plan, run and replay a workflow; return everything that is wrong."""
    replay, problems = run_invented(workflow, base)
    return problems + problems_of_run(replay)


def judge_seed(seed: int, base: Path) -> tuple[str, list[str]]:
    """Judge the workflow of a seed; return what it is, and everything that is wrong."""
    workflow = invent(seed)
    problems = judge(workflow, base)
    hopeless = sum(task.times == ALWAYS for task in workflow.tasks.values())
    said = f"{len(workflow.tasks)} tasks, {hopeless} hopeless, {' '.join(workflow.words())}"
    return said, problems


def main() -> int:
    """Hunt: run the workflows of many seeds and print what is wrong with each."""
    return hunt(main.__doc__, judge_seed)


if __name__ == "__main__":
    sys.exit(main())
