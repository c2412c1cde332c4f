"""An independent judge of plans of workflows in workflows, with nothing of the planner in it.

It reads the YAML files of a tree again, decides by itself which file each name means, and compares
with the submit directory. Inputs that nobody makes may come from anywhere.
"""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.plan_checker import SubmitDirectory, reach_of

File = tuple[str, str]
"""Path of the workflow that it belongs to, and name."""


@dataclass(eq=False)
class Job:
    """One job of one workflow."""

    id: str
    inputs: set[str]
    outputs: dict[str, bool]
    """Name to whether it is delivered."""
    inside: Tree | None = None

    @property
    def names(self) -> set[str]:
        return {*self.inputs, *self.outputs}


@dataclass(eq=False)
class Tree:
    """One workflow, and those inside it."""

    path: str
    outer: Tree | None
    job: Job | None
    jobs: dict[str, Job] = field(default_factory=dict)
    edges: set[tuple[str, str]] = field(default_factory=set)

    def trees(self) -> Iterator[Tree]:
        """Yield it and all inside, in document order."""
        yield self
        for job in self.jobs.values():
            if job.inside is not None:
                yield from job.inside.trees()

    def names(self) -> set[str]:
        return {name for job in self.jobs.values() for name in job.names}

    def makers(self, name: str) -> list[Job]:
        return [job for job in self.jobs.values() if name in job.outputs]

    def parents(self, job: Job) -> set[str]:
        made = [self.makers(name)[-1].id for name in job.inputs if self.makers(name)]
        return {*(p for p, c in self.edges if c == job.id), *made} - {job.id}

    def before(self, job: Job) -> set[str]:
        """Return the ids of all jobs that one depends on."""
        found: set[str] = set()
        waiting = [job.id]
        while waiting:
            new = self.parents(self.jobs[waiting.pop()]) - found
            found |= new
            waiting += new
        return found

    def tasks(self) -> Iterator[tuple[str, Tree, Job]]:
        """Yield (id in the plan, workflow, job) of all tasks, in document order."""
        for job in self.jobs.values():
            if job.inside is not None:
                yield from job.inside.tasks()
            else:
                yield self.id_of(job), self, job

    def id_of(self, job: Job) -> str:
        return f"{self.path}.{job.id}" if self.path else job.id

    def ends(self, job: Job, *, first: bool) -> set[str]:
        """Return the tasks that what is before a job leads to, or what is behind it comes from."""
        if job.inside is None:
            return {self.id_of(job)}
        inside = job.inside
        parents = {one.id: inside.parents(one) for one in inside.jobs.values()}
        followed = set().union(*parents.values())
        ends = [id_ for id_, of in parents.items() if (not of if first else id_ not in followed)]
        return {end for id_ in ends for end in inside.ends(inside.jobs[id_], first=first)}


def read_tree(path: Path, outer: Tree | None = None, job: Job | None = None) -> Tree:
    """Read a workflow and those whose files lie beside it."""
    data = yaml.safe_load(path.read_text())
    tree = Tree(outer.id_of(job) if outer and job else "", outer, job)
    for row in data["jobs"]:
        uses = row.get("uses", [])
        one = Job(
            id=row["id"],
            inputs={use["lfn"] for use in uses if use["type"] == "input"},
            outputs={
                use["lfn"]: use.get("stageOut", True) for use in uses if use["type"] == "output"
            },
        )
        tree.jobs[one.id] = one
        if row["type"] == "pegasusWorkflow":
            one.inside = read_tree(path.parent / row["file"], tree, one)
    for row in data.get("jobDependencies", []):
        tree.edges.update((row["id"], child) for child in row["children"])
    return tree


class Meaning:
    """Which file each name means."""

    def __init__(self, root: Tree) -> None:
        self.made = {
            self.of_made(tree, name)
            for tree in root.trees()
            for job in tree.jobs.values()
            for name in job.outputs
        }
        self.makers: dict[File, list[tuple[str, Tree, Job]]] = {}
        for task in root.tasks():
            for name in task[2].outputs:
                self.makers.setdefault(self.of_made(task[1], name), []).append(task)

    def of_made(self, tree: Tree, name: str) -> File:
        """Return the file that a name means in a workflow in which, or inside which, it is made."""
        outer, inside = tree.outer, tree
        while outer is not None and name not in outer.names():
            outer, inside = outer.outer, outer
        if outer is None or inside.job is None:
            return tree.path, name
        if name in inside.job.outputs or self._is_awaited(outer, inside.job, name):
            return self.of_made(outer, name)
        return tree.path, name

    def _is_awaited(self, outer: Tree, job: Job, name: str) -> bool:
        """Tell whether what a job reads and none beside it makes comes from inside this one."""
        readers = {one.id for one in outer.jobs.values() if name in one.inputs}
        if outer.makers(name):
            return False
        able = [
            one
            for one in outer.jobs.values()
            if one.inside is not None
            and self._provides(one.inside, name)
            and readers - {one.id}
            and not (readers - {one.id}) & outer.before(one)
        ]
        awaited = [one for one in able if self._has_followers(outer, one, readers)]
        return bool(able) and job is (awaited or able)[-1]

    def _has_followers(self, outer: Tree, job: Job, readers: set[str]) -> bool:
        return any(job.id in outer.before(outer.jobs[reader]) for reader in readers)

    def _provides(self, tree: Tree, name: str) -> bool:
        """Tell whether a file of that name comes out of a workflow, if somebody wants it."""
        if tree.makers(name):
            return True
        inner = [job for job in tree.jobs.values() if job.inside is not None]
        if name in tree.names():
            return any(self._is_awaited(tree, job, name) for job in inner)
        return any(self._provides(job.inside, name) for job in inner if job.inside is not None)

    def of_read(self, tree: Tree, name: str) -> File | None:
        """Return the file that a name means that a workflow reads; None where nobody makes it."""
        if name in tree.names() and self.of_made(tree, name) in self.made_below(tree):
            return self.of_made(tree, name)
        outer, job = tree.outer, tree.job
        if outer is None or job is None:
            return None
        if name in job.names:
            return self.of_read(outer, name)
        if name in outer.names():
            found = self.of_read(outer, name)
            makers = [one for one in outer.jobs.values() if self._makes(outer, one, found)]
            after = any(one is job or job.id in outer.before(one) for one in makers)
            if found is not None and not after:
                return found
        earlier = [
            file
            for before in outer.jobs.values()
            if before.id in outer.before(job) and before.inside is not None
            for below in before.inside.trees()
            for file in [(below.path, name)]
            if file in self.made
        ]
        if earlier:
            return earlier[-1]
        return None if name in outer.names() else self.of_read(outer, name)

    def _makes(self, outer: Tree, job: Job, file: File | None) -> bool:
        """Tell whether a job of a workflow makes a file, itself or inside."""
        if file is None:
            return False
        if any(self.of_made(outer, name) == file for name in job.outputs):
            return True
        return job.inside is not None and file in self.made_below(job.inside)

    def made_below(self, tree: Tree) -> set[File]:
        """Return the files that jobs of a workflow, or inside it, make."""
        return {
            self.of_made(below, name)
            for below in tree.trees()
            for job in below.jobs.values()
            for name in job.outputs
        }


def nested_problems(submit_dir: Path, workflow: Path) -> list[str]:
    """Return a sentence for everything in the plan that is not as promised."""
    submitted, root = SubmitDirectory(submit_dir), read_tree(workflow)
    found = [*_tasks(submitted, root), *_keys(submitted)]
    if found:
        return found
    meaning = Meaning(root)
    return [
        *_files(submitted, root, meaning),
        *_edges(submitted, root),
        *_waiting(submitted),
        *_deliveries(submitted, root, meaning),
    ]


def has_cycle(workflow: Path) -> bool:
    """Tell whether tasks of a tree of workflows would wait for each other."""
    root = read_tree(workflow)
    meaning = Meaning(root)
    parents: dict[str, set[str]] = {id_: set() for id_, _, _ in root.tasks()}
    for id_, tree, job in root.tasks():
        for name in job.inputs:
            file = meaning.of_read(tree, name)
            if file is not None:
                parents[id_].add(meaning.makers[file][-1][0])
        parents[id_].discard(id_)
    for parent, child in _pairs(root):
        parents[child].add(parent)
    while True:
        free = {id_ for id_, of in parents.items() if not of}
        if not free:
            return bool(parents)
        parents = {id_: of - free for id_, of in parents.items() if id_ not in free}


def _gates(root: Tree) -> set[str]:
    paths = {tree.path for tree in root.trees() if tree.path}
    return paths | {f"{path}.end" for path in paths}


def _tasks(submitted: SubmitDirectory, root: Tree) -> Iterator[str]:
    expected = {id_ for id_, _, _ in root.tasks()}
    planned = Counter(line["id"] for lines in submitted.lines.values() for line in lines)
    yield from (f"task {id_} is in no bag" for id_ in expected - planned.keys())
    for id_, times in planned.items():
        if times != 1:
            yield f"task {id_} is in {times} bags"
        if id_ not in expected and id_ not in _gates(root):
            yield f"task {id_} is in no workflow"


def _keys(submitted: SubmitDirectory) -> Iterator[str]:
    puts = Counter(
        url
        for line in submitted.tasks.values()
        for row in line["outputs"]
        for url in (row["url"], *row.get("deliver", ()))
    )
    yield from (f"{times} tasks put {url}" for url, times in puts.items() if times > 1)


def _files(submitted: SubmitDirectory, root: Tree, meaning: Meaning) -> Iterator[str]:
    urls = {
        (id_, row["lfn"]): row["url"]
        for id_, line in submitted.tasks.items()
        for row in line["outputs"]
    }
    lying: dict[str, File] = {}
    for id_, tree, job in root.tasks():
        yield from _inputs(id_, tree, job, urls, submitted, meaning)
        for name in job.outputs:
            file = meaning.of_made(tree, name)
            is_last = meaning.makers[file][-1][0] == id_
            if is_last != ((id_, name) in urls):
                yield f"task {id_} and {name}: put {not is_last}, wanted {is_last}"
            elif is_last and lying.setdefault(urls[id_, name], file) != file:
                yield f"{file} and {lying[urls[id_, name]]} lie at one place"


def _inputs(
    id_: str,
    tree: Tree,
    job: Job,
    urls: dict[tuple[str, str], str],
    submitted: SubmitDirectory,
    meaning: Meaning,
) -> Iterator[str]:
    inputs = {row["lfn"]: row["url"] for row in submitted.tasks[id_]["inputs"]}
    if set(inputs) != job.inputs:
        yield f"task {id_} reads {sorted(inputs)}, not {sorted(job.inputs)}"
    for name, url in inputs.items():
        file = meaning.of_read(tree, name)
        if file is None:
            if "://" not in url:
                yield f"task {id_} reads {name}, which nobody makes, at {url}"
        elif urls.get((meaning.makers[file][-1][0], name)) != url:
            yield f"task {id_} reads {name} at {url}, not as {meaning.makers[file][-1][0]} does it"


def _ancestors(submitted: SubmitDirectory) -> dict[str, set[str]]:
    """Return all tasks that each waits for, by files and by `after`."""
    makers = {row["url"]: id_ for id_, line in submitted.tasks.items() for row in line["outputs"]}
    parents: dict[str, set[str]] = {}
    for id_, line in submitted.tasks.items():
        of_files = {makers[row["url"]] for row in line["inputs"] if row["url"] in makers}
        parents[id_] = {*of_files, *(row["id"] for row in line["after"])} - {id_}
    found: dict[str, set[str]] = {}
    for start in parents:
        above: set[str] = set()
        waiting = [start]
        while waiting:
            new = parents[waiting.pop()] - above
            above |= new
            waiting += new
        found[start] = above
    return found


def _edges(submitted: SubmitDirectory, root: Tree) -> Iterator[str]:
    above = _ancestors(submitted)
    for parent, child in _pairs(root):
        if parent not in above[child]:
            yield f"{child} does not come after {parent}"


def _pairs(root: Tree) -> Iterator[tuple[str, str]]:
    """Yield (task, task after it) for every edge of every workflow."""
    for tree in root.trees():
        for job in tree.jobs.values():
            for parent in tree.parents(job):
                for last in tree.ends(tree.jobs[parent], first=False):
                    for first in tree.ends(job, first=True):
                        yield last, first


def _waiting(submitted: SubmitDirectory) -> Iterator[str]:
    """Batch makes every task wait for those that it comes after."""
    reach = reach_of(submitted)
    position = {line["id"]: i for lines in submitted.lines.values() for i, line in enumerate(lines)}
    for child, parents in _ancestors(submitted).items():
        child_array, child_bag = submitted.places[child]
        whole, same = reach[child_array]
        for parent in parents:
            array, bag = submitted.places[parent]
            in_bag = (array, bag) == (child_array, child_bag)
            if not (
                array in whole
                or (array in same and bag == child_bag)
                or (in_bag and position[parent] < position[child])
            ):
                yield f"nothing makes {child} wait for {parent}"


def _deliveries(submitted: SubmitDirectory, root: Tree, meaning: Meaning) -> Iterator[str]:
    text = gzip.decompress((submitted.path / "outputs.jsonl.gz").read_bytes())
    rows: list[dict[str, Any]] = [json.loads(line) for line in text.splitlines()]
    puts = {
        url: id_
        for id_, line in submitted.tasks.items()
        for row in line["outputs"]
        for url in (row["url"], *row.get("deliver", ()))
    }
    order = {id_: number for number, (id_, _, _) in enumerate(root.tasks())}
    asked = _asked(root, meaning)
    last: dict[str, str] = {}
    for file in asked:
        maker = meaning.makers[file][-1][0]
        if file[1] not in last or order[maker] > order[last[file[1]]]:
            last[file[1]] = maker
    found = {row["lfn"]: puts.get(row["url"]) for row in rows}
    if len(found) != len(rows) or found != last:
        yield f"delivered are {found}, not {last}"


def _asked(root: Tree, meaning: Meaning) -> set[File]:
    """Return the files that their last maker, or a job around it, delivers."""
    asked = set()
    for tree in root.trees():
        for job in tree.jobs.values():
            for name, delivered in job.outputs.items():
                file = meaning.of_made(tree, name)
                is_last = meaning.makers[file][-1][2] is job
                if delivered and (is_last or job.inside is not None):
                    asked.add(file)
    return asked
