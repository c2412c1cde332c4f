"""An independent judge of plans: reads a submit directory and the workflow file, and nothing else.

It shares no code with the planner. `problems_of(submit_dir, workflow)` is empty for a right plan.
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.workflow_reader import ReadWorkflow, read_workflow

INDEX_LINE = re.compile(rb"(\d{10}) (\d{14}) (\d{10})\n")
LEGAL_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,59}")
MOST_LINKS = 20
MOST_CHILDREN = 10_000

Json = dict[str, Any]


@dataclass
class SubmitDirectory:
    """What lies in a submit directory, decoded."""

    path: Path

    @cached_property
    def plan(self) -> Json:
        """The header."""
        plan: Json = json.loads((self.path / "plan.json").read_text())
        return plan

    @cached_property
    def jobs(self) -> dict[str, Json]:
        """Every job of the plan by name, in plan order."""
        return {job["name"]: job for job in self.plan["jobs"]}

    @cached_property
    def computing(self) -> dict[str, Json]:
        """The jobs that run tasks."""
        return {name: job for name, job in self.jobs.items() if job["kind"] == "compute"}

    @cached_property
    def lines(self) -> dict[str, list[Json]]:
        """Task lines of each array, in the order written."""
        return {name: [_task(line) for line in self.text(name)] for name in self.computing}

    @cached_property
    def places(self) -> dict[str, tuple[str, int]]:
        """Array and bag of each task id."""
        return {
            line["id"]: (name, line["bag"]) for name, lines in self.lines.items() for line in lines
        }

    @cached_property
    def tasks(self) -> dict[str, Json]:
        """Task lines by id."""
        return {line["id"]: line for lines in self.lines.values() for line in lines}

    def bytes_of_bags(self, array: str) -> bytes:
        """Return the bags file as it is."""
        return (self.path / "arrays" / f"{array}.bags.jsonl.gz").read_bytes()

    def bytes_of_index(self, array: str) -> bytes:
        """Return the index as it is."""
        return (self.path / "arrays" / f"{array}.index").read_bytes()

    def text(self, array: str) -> list[bytes]:
        """Return the lines of a job's bags."""
        return gzip.decompress(self.bytes_of_bags(array)).splitlines()


def problems_of(submit_dir: Path, workflow: Path) -> list[str]:
    """Return a sentence for everything in the plan that is not as promised."""
    submitted, abstract = SubmitDirectory(submit_dir), read_workflow(workflow)
    checks = (
        _counts,
        _names,
        _every_task_once,
        _bags,
        _indexes,
        _levels,
        _files,
        _numbers,
        _clusters,
        _order,
    )
    found = [problem for check in checks for problem in check(submitted, abstract)]
    if found:
        return found
    ordering = (_links, _edges, _after, _verdict)
    return [problem for check in ordering for problem in check(submitted, abstract)]


def _counts(submitted: SubmitDirectory, abstract: ReadWorkflow) -> Iterator[str]:
    levels = abstract.levels()
    expected = {
        "format": 1,
        "tasks": len(abstract.tasks),
        "files": len(abstract.files()),
        "levels": max(levels.values()) + 1,
    }
    for key, value in expected.items():
        if submitted.plan[key] != value:
            yield f"plan.json: {key} is {submitted.plan[key]}, not {value}"


def _names(submitted: SubmitDirectory, abstract: ReadWorkflow) -> Iterator[str]:
    if len(submitted.jobs) != len(submitted.plan["jobs"]):
        yield "two jobs have the same name"
    for name in submitted.jobs:
        if not LEGAL_NAME.fullmatch(name):
            yield f"{name} is no legal name"


def _every_task_once(submitted: SubmitDirectory, abstract: ReadWorkflow) -> Iterator[str]:
    planned = Counter(line["id"] for lines in submitted.lines.values() for line in lines)
    for id in abstract.tasks.keys() - planned.keys():
        yield f"task {id} is in no bag"
    for id, times in planned.items():
        if times != 1:
            yield f"task {id} is in {times} bags"
        if id not in abstract.tasks:
            yield f"task {id} is not in the workflow"


def _bags(submitted: SubmitDirectory, abstract: ReadWorkflow) -> Iterator[str]:
    for name, job in submitted.computing.items():
        lines = submitted.lines[name]
        numbers = [line["bag"] for line in lines]
        runs = [bag for i, bag in enumerate(numbers) if i == 0 or numbers[i - 1] != bag]
        if runs != list(range(job["size"])):
            yield f"{name}: bags {runs[:9]}… are not 0 to {job['size'] - 1}, each in one piece"
        if not 1 <= job["size"] <= MOST_CHILDREN:
            yield f"{name}: an array of {job['size']}"
        if job["tasks"] != len(lines):
            yield f"{name}: {job['tasks']} tasks, and {len(lines)} lines"
        if job["transformations"] != sorted({line["transformation"] for line in lines}):
            yield f"{name}: transformations are {job['transformations']}"


def _indexes(submitted: SubmitDirectory, abstract: ReadWorkflow) -> Iterator[str]:
    for name, job in submitted.computing.items():
        index, bags = submitted.bytes_of_index(name), submitted.bytes_of_bags(name)
        rows = [tuple(map(int, row.groups())) for row in INDEX_LINE.finditer(index)]
        if len(index) != 37 * job["size"] or len(rows) != job["size"]:
            yield f"{name}: the index has {len(index)} bytes for {job['size']} children"
            continue
        wanted: dict[int, list[str]] = defaultdict(list)
        for line in submitted.lines[name]:
            wanted[line["bag"]].append(line["id"])
        for child, (bag, offset, length) in enumerate(rows):
            if bag != child:
                yield f"{name}: index line {child} names bag {bag}"
            if _ids_in_member(bags[offset : offset + length], bag) != wanted[bag]:
                yield f"{name}: index line {child} points at a place without all of bag {bag}"
        members = sorted({(offset, length) for _, offset, length in rows})
        ends = [offset + length for offset, length in members]
        if [offset for offset, _ in members] != [0, *ends[:-1]] or ends[-1] != len(bags):
            yield f"{name}: the members that the index names are not the whole bags file"


def _ids_in_member(data: bytes, bag: int) -> list[str] | None:
    """Return the ids of one bag in what has to be one gzip member, or None where it is not."""
    reader = zlib.decompressobj(wbits=31)
    try:
        text = reader.decompress(data)
    except zlib.error:
        return None
    if not reader.eof or reader.unused_data:
        return None
    lines = [json.loads(line) for line in text.splitlines()]
    return [line["id"] for line in lines if line["bag"] == bag]


def _levels(submitted: SubmitDirectory, abstract: ReadWorkflow) -> Iterator[str]:
    levels = abstract.levels()
    for id, (array, _) in submitted.places.items():
        level = submitted.jobs[array]["level"]
        if id in levels and level != levels[id]:
            yield f"task {id} of level {levels[id]} is in {array} of level {level}"


def _files(submitted: SubmitDirectory, abstract: ReadWorkflow) -> Iterator[str]:
    producers = abstract.producers()
    urls = {
        lfn: {row["lfn"]: row["url"] for row in submitted.tasks[id]["outputs"]}.get(lfn)
        for lfn, id in producers.items()
        if id in submitted.tasks
    }
    for id, task in abstract.tasks.items():
        line = submitted.tasks.get(id, {"transformation": None, "inputs": (), "outputs": ()})
        if line["transformation"] != task.transformation:
            yield f"task {id} is {line['transformation']}, not {task.transformation}"
        rows = [row for row in line["inputs"] if row["lfn"] not in task.others]
        # Programs that the catalog sends along are no files of the workflow.
        sent = {row["lfn"] for row in rows if row.get("executable")} - set(task.inputs)
        inputs = {row["lfn"]: row for row in rows if row["lfn"] not in sent}
        if set(inputs) - set(task.inputs) or not set(task.inputs) - set(inputs) <= _loose(task):
            yield f"task {id} reads {sorted(inputs)}, not {sorted(task.inputs)}"
        # Of several tasks that make one file only the last in document order puts it.
        outputs = {lfn for lfn in task.outputs if producers[lfn] == id}
        # A checkpoint file may be delivered too.
        if {row["lfn"] for row in line["outputs"]} - task.others != outputs:
            yield f"task {id} writes other files than the workflow says"
        for lfn, row in inputs.items():
            if producers.get(lfn, id) != id and row["url"] != urls.get(lfn):
                yield f"task {id} reads {lfn} at {row['url']}, made at {urls.get(lfn)}"


def _task(line: str) -> Json:
    """Read one line; files that the task of a sub-workflow hands on are files that it uses."""
    task: Json = json.loads(line)
    for key in ("inputs", "outputs"):
        task[key] += task.get("sub_workflow", {}).get(key, [])
    return task


def _loose(task: Any) -> set[str]:
    return {lfn for lfn, optional in task.inputs.items() if optional}


def _numbers(submitted: SubmitDirectory, abstract: ReadWorkflow) -> Iterator[str]:
    """PEGBATCH_TASK_INDEX counts a level's tasks of one transformation in document order."""
    levels, seen = abstract.levels(), Counter[tuple[int, str]]()
    for id, task in abstract.tasks.items():
        group = (levels[id], task.transformation)
        if id in submitted.tasks and submitted.tasks[id]["index"] != seen[group]:
            yield f"task {id} has index {submitted.tasks[id]['index']}, not {seen[group]}"
        seen[group] += 1


def _clusters(submitted: SubmitDirectory, abstract: ReadWorkflow) -> Iterator[str]:
    levels, kinds = abstract.levels(), defaultdict[str, set[tuple[int, str]]](set)
    for id, line in submitted.tasks.items():
        if line["cluster"] and id in levels:
            kinds[line["cluster"]].add((levels[id], line["transformation"]))
    for name, found in kinds.items():
        if len(found) > 1:
            yield f"cluster {name} mixes {sorted(found)}"
        if not name.startswith("merge_"):
            yield f"cluster {name} has a strange name"


def _order(submitted: SubmitDirectory, abstract: ReadWorkflow) -> Iterator[str]:
    before: set[str] = set()
    for name, job in submitted.jobs.items():
        for link in job["depends_on"]:
            if link["array"] not in before:
                yield f"{name} stands before {link['array']}, on which it depends"
        before.add(name)


def _links(submitted: SubmitDirectory, abstract: ReadWorkflow) -> Iterator[str]:
    places = submitted.places
    tied = {(places[parent][0], places[child][0]) for parent, child in abstract.edges()}
    for name, job in submitted.jobs.items():
        links = job["depends_on"]
        if len(links) > MOST_LINKS:
            yield f"{name} has {len(links)} dependencies"
        if len({link["array"] for link in links}) != len(links):
            yield f"{name} depends twice on the same job"
        for link in links:
            parent = submitted.jobs[link["array"]]
            if link["type"] == "N_TO_N" and not parent["size"] == job["size"] > 1:
                yield f"{name} ({job['size']}) is N_TO_N with {link['array']} ({parent['size']})"
            if parent["kind"] == job["kind"] == "compute" and (link["array"], name) not in tied:
                yield f"{name} waits for {link['array']}, of which it needs nothing"


def reach_of(submitted: SubmitDirectory) -> dict[str, tuple[set[str], set[str]]]:
    """Return for each job what has ended when a child of it starts.

    Shapes: two sets of jobs: those of which every child has ended, and those of which the child
    with the same number has (by a path of N_TO_N links alone).
    """
    reach: dict[str, tuple[set[str], set[str]]] = {}
    for name, job in submitted.jobs.items():
        whole: set[str] = set()
        same: set[str] = set()
        for link in job["depends_on"]:
            parent_whole, parent_same = reach[link["array"]]
            whole |= parent_whole
            if link["type"] == "ALL":
                whole |= parent_same | {link["array"]}
            else:
                same |= parent_same | {link["array"]}
        reach[name] = (whole, same)
    return reach


def _edges(submitted: SubmitDirectory, abstract: ReadWorkflow) -> Iterator[str]:
    reach = reach_of(submitted)
    position = {line["id"]: i for lines in submitted.lines.values() for i, line in enumerate(lines)}
    for parent, child in sorted(abstract.edges()):
        (array, bag), (child_array, child_bag) = submitted.places[parent], submitted.places[child]
        whole, same = reach[child_array]
        in_bag = (array, bag) == (child_array, child_bag)
        covered = (
            array in whole
            or (array in same and bag == child_bag)
            or (in_bag and position[parent] < position[child])
        )
        if not covered:
            yield (
                f"nothing makes {child} (bag {child_bag} of {child_array})"
                f" wait for {parent} (bag {bag} of {array})"
            )


def _after(submitted: SubmitDirectory, abstract: ReadWorkflow) -> Iterator[str]:
    producers = abstract.producers()
    expected: dict[str, set[str]] = {id: set() for id in abstract.tasks}
    for parent, child in abstract.edges():
        required = abstract.tasks[child].inputs.items()
        if parent not in {producers.get(lfn) for lfn, optional in required if not optional}:
            expected[child].add(parent)
    for id, line in submitted.tasks.items():
        if {row["id"] for row in line["after"]} != expected[id]:
            found = [row["id"] for row in line["after"]]
            yield f"task {id} comes after {found}, not {sorted(expected[id])}"
        for row in line["after"]:
            if submitted.places.get(row["id"]) != (row["array"], row["bag"]):
                yield f"task {id} looks for {row['id']} in the wrong place"


def _verdict(submitted: SubmitDirectory, abstract: ReadWorkflow) -> Iterator[str]:
    verdicts = [name for name, job in submitted.jobs.items() if job["kind"] == "verdict"]
    if len(verdicts) != 1:
        yield f"{len(verdicts)} verdict jobs"
        return
    whole, _ = reach_of(submitted)[verdicts[0]]
    for name in submitted.computing.keys() - whole:
        yield f"the verdict does not wait for {name}"
    counted = json.loads((submitted.path / "verdict.json").read_text())
    rows = [{key: job[key] for key in ("name", "size", "tasks")} for job in _ordered(submitted)]
    if sorted(counted["arrays"], key=lambda row: str(row["name"])) != rows:
        yield "verdict.json does not count the arrays of the plan"
    if counted["tasks"] != len(abstract.tasks):
        yield f"verdict.json counts {counted['tasks']} tasks"


def _ordered(submitted: SubmitDirectory) -> list[Json]:
    return sorted(submitted.computing.values(), key=lambda job: str(job["name"]))
