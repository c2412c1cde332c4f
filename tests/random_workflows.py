"""Invented workflows that can run: tasks that fail on purpose, and what must become of each.

Every task is one small program. Its outputs hold a digest of its id and of its inputs' contents, so
that the right bytes are known without running anything.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from hashlib import sha256

ALWAYS = 99
HANG_MINUTES = "0.04"
"""Time limit of a task that hangs: long enough for a busy machine to run it when it does not."""
NAMES = ("sift", "weigh", "stack")
FAULTS = ("exit", "late", "missing", "kill", "term", "segv")
TECHNIQUES: tuple[tuple[str, ...], ...] = (
    (),
    ("horizontal",),
    ("horizontal",),
    ("chain",),
    ("chain", "horizontal"),
)


@dataclass(slots=True, kw_only=True)
class InventedTask:
    """One job."""

    id: str
    name: str
    fault: str = "exit"
    times: int = 0
    """Executions that fail, counted from the first."""
    seconds: float = 0.0
    inputs: dict[str, bool] = field(default_factory=dict)
    """LFN to whether it is optional."""
    outputs: dict[str, bool] = field(default_factory=dict)
    omitted: str = "-"
    """An optional output that it does not make."""
    stdout: str = ""
    """LFN of what it says; an output like the others."""
    delivered: bool = True
    profiles: dict[str, dict[str, str]] = field(default_factory=dict)

    def tries(self, default_retry: int) -> int:
        """Return how often it may fail, and once more."""
        return 1 + int(self.profiles.get("dagman", {}).get("retry", default_retry))

    @property
    def repeat(self) -> int:
        """How often it writes its line into each output, for files that are large."""
        return int(self.profiles.get("env", {}).get("REPEAT", "1"))

    def made(self) -> list[str]:
        """Return the files that it makes when all goes well."""
        said = [self.stdout] if self.stdout else []
        return [lfn for lfn in self.outputs if lfn != self.omitted] + said


@dataclass(slots=True, kw_only=True)
class InventedWorkflow:
    """Tasks in document order, edges without files, files from outside, and how to plan it."""

    name: str
    tasks: dict[str, InventedTask]
    edges: list[tuple[str, str]]
    given: dict[str, str]
    """LFN to text."""
    properties: dict[str, str]
    cluster: tuple[str, ...] = ()
    cleanup: str = "none"
    as_yaml: bool = True

    def makers(self) -> dict[str, str]:
        """Return who makes each file."""
        made = ((lfn, task.id) for task in self.tasks.values() for lfn in task.outputs)
        said = ((task.stdout, task.id) for task in self.tasks.values() if task.stdout)
        return {**dict(made), **dict(said)}

    def parents(self) -> dict[str, set[str]]:
        """Return the parents of each task: by file, optional ones too, and by explicit edge."""
        makers = self.makers()
        found = {
            id: {makers[lfn] for lfn in task.inputs if lfn in makers}
            for id, task in self.tasks.items()
        }
        for parent, child in self.edges:
            found[child].add(parent)
        return found

    def in_order(self) -> list[str]:
        """Return the ids, parents first."""
        parents, done = self.parents(), dict[str, None]()
        while len(done) < len(parents):
            done.update((id, None) for id in parents if parents[id] <= done.keys())
        return list(done)

    def option(self, key: str, default: str) -> str:
        """Return a property it is planned with."""
        return self.properties.get(key, default)

    def words(self) -> list[str]:
        """Return the options of `pegbatch plan`."""
        options = [f"-D{key}={value}" for key, value in self.properties.items()]
        options += ["--cluster", ",".join(self.cluster)] if self.cluster else []
        return [*options, "--cleanup", self.cleanup]

    def contents(self, succeeded: set[str]) -> dict[str, str]:
        """Return what every file holds that there must be, once these tasks have succeeded."""
        files = dict(self.given)
        for id in self.in_order():
            if id in succeeded:
                task = self.tasks[id]
                there = [lfn for lfn in task.inputs if lfn in files]
                text = "".join(f"{lfn} {files[lfn].rstrip(chr(10))}\n" for lfn in there)
                digest = sha256(f"{id}\n{text}".encode()).hexdigest()
                files.update((lfn, f"{lfn} {digest}\n" * task.repeat) for lfn in task.made())
        return {lfn: text for lfn, text in files.items() if lfn not in self.given}


def invent(seed: int) -> InventedWorkflow:
    """Return the workflow of a seed: 15 to 60 tasks."""
    source = random.Random(seed)
    count, faulty = source.randint(15, 60), source.choice((0.0, 0.1, 0.3, 0.6))
    width = source.choice((1, 3, 8, 20))
    tasks = [_task(source, number, faulty) for number in range(count)]
    edges: list[tuple[str, str]] = []
    for number in range(1, count):
        near = range(max(0, number - width), number)
        for parent in source.sample(near, min(len(near), source.choice((0, 1, 1, 1, 2, 3)))):
            _tie(source, tasks[parent], tasks[number], edges)
    source.shuffle(tasks)
    source.shuffle(edges)
    return InventedWorkflow(
        name=f"seed{seed}",
        tasks={task.id: task for task in tasks},
        edges=edges,
        given={"given/a": "first\n", "b.txt": "second\nline\n"},
        properties=_properties(source),
        cluster=source.choice(TECHNIQUES),
        as_yaml=source.random() < 0.5,
        cleanup=source.choice(("none", "none", "inplace", "leaf")),
    )


def _task(source: random.Random, number: int, faulty: float) -> InventedTask:
    task = InventedTask(id=f"t{number}", name=source.choice(NAMES))
    for letter in "ab"[: source.choice((0, 1, 1, 1, 2))]:
        task.outputs[f"t{number}/{letter}"] = source.random() < 0.15
    optional = [lfn for lfn, loose in task.outputs.items() if loose]
    if optional and source.random() < 0.5:
        task.omitted = optional[0]
    if source.random() < 0.1:
        task.stdout = f"said.{number}"
    if source.random() < 0.3:
        task.seconds = source.choice((0.01, 0.05))
    task.delivered = source.random() < 0.7
    task.profiles = _profiles(source)
    _read_from_outside(source, task)
    if source.random() < faulty:
        _go_wrong(source, task)
    return task


def _read_from_outside(source: random.Random, task: InventedTask) -> None:
    if source.random() < 0.3:
        task.inputs[source.choice(("given/a", "b.txt"))] = source.random() < 0.3
    if source.random() < 0.1:
        task.inputs["nowhere"] = True


def _go_wrong(source: random.Random, task: InventedTask) -> None:
    task.times = source.choice((1, 1, 1, 2, ALWAYS))
    task.fault = source.choice(FAULTS)
    if task.fault == "missing" and (not task.outputs or next(iter(task.outputs.values()))):
        task.fault = "exit"
    if task.times < ALWAYS and source.random() < 0.05:
        task.fault = "hang"
        task.profiles.setdefault("pegasus", {})["maxwalltime"] = HANG_MINUTES


def _profiles(source: random.Random) -> dict[str, dict[str, str]]:
    pegasus: dict[str, str] = {}
    if source.random() < 0.1:
        pegasus["cores"] = source.choice(("2", "3"))
    if source.random() < 0.1:
        pegasus["memory"] = "300"
    if source.random() < 0.5:
        pegasus["runtime"] = source.choice(("1", "3", "7"))
    found = {"pegasus": pegasus} if pegasus else {}
    if source.random() < 0.2:
        found["dagman"] = {"retry": source.choice("012")}
    return found


def _tie(
    source: random.Random, parent: InventedTask, child: InventedTask, edges: list[tuple[str, str]]
) -> None:
    """Let one task follow another: by a file, by an optional file, by an edge, or by both."""
    how = source.choice(("file", "file", "file", "optional", "edge", "both"))
    made = [*parent.outputs, *([parent.stdout] if parent.stdout else [])]
    by_file = how != "edge" and bool(made)
    if by_file:
        child.inputs[source.choice(made)] = how == "optional"
    if not by_file or how == "both":
        edges.append((parent.id, child.id))


def _properties(source: random.Random) -> dict[str, str]:
    found = {"pegasus.memory": "200"}
    for key, chance, values in (
        ("pegasus.clusters.num", 0.3, ("1", "2", "3")),
        ("pegasus.clusters.size", 0.5, ("2", "3", "5")),
        ("pegasus.clusterer.job.aggregator", 0.5, ("seqexec", "AWSBatch")),
        ("pegbatch.pack.size", 0.3, ("2", "3", "7")),
        ("pegbatch.pack.runtime", 0.2, ("3", "8")),
        ("pegbatch.pack.max_children", 0.3, ("1", "2", "3", "5")),
        ("pegbatch.array.by", 0.7, ("level", "cluster", "auto")),
        ("pegbatch.infrastructure_retries", 0.3, ("0", "1")),
        ("pegbatch.on_failure", 0.4, ("continue", "stop")),
        ("dagman.retry", 0.5, ("0", "1", "2", "3")),
    ):
        if source.random() < chance:
            found[key] = source.choice(values)
    return found
