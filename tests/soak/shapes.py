"""The workflow of a soak: blocks of several shapes, each fed by earlier ones.

All programs are deterministic, so that the right bytes of every file are known without a run.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from tests.random_workflows import NAMES, InventedTask, InventedWorkflow

ROWS = 3
"""Blocks of one row read what blocks of the row before have made."""
LARGE_LINES = "130000"
"""Of some 70 bytes: more than what is sent in one piece."""
TECHNIQUES: tuple[tuple[str, ...], ...] = (
    ("label",),
    ("label", "chain"),
    ("label", "horizontal"),
)

Feeds = Sequence[str]


class _Builder:
    """Collects tasks; a block says which of its files others may read."""

    def __init__(self, seed: int) -> None:
        self.source = random.Random(seed)
        self.tasks: list[InventedTask] = []
        self.edges: list[tuple[str, str]] = []

    def add(self, inputs: Feeds, *, kind: int | None = None, label: str = "") -> InventedTask:
        source, number = self.source, len(self.tasks)
        task = InventedTask(
            id=f"t{number}",
            name=source.choice(NAMES) if kind is None else NAMES[kind % len(NAMES)],
            inputs=dict.fromkeys(inputs, False),
            outputs={f"b{number % 50}/t{number}.out": False},
        )
        task.delivered = source.random() < 0.3
        task.seconds = source.choice((0.0, 0.0, 0.0, 0.02, 0.1))
        if label:
            task.profiles["pegasus"] = {"label": label}
        if source.random() < 0.02:
            task.times, task.fault = 1, source.choice(("exit", "missing", "kill"))
        self.tasks.append(task)
        return task

    def feed(self, feeds: Feeds) -> list[str]:
        """Return some files of earlier blocks, and some from outside."""
        found = self.source.sample(feeds, min(len(feeds), self.source.choice((0, 1, 1, 2))))
        return [*found, *self.source.choice(((), (), ("given/a",), ("given/a", "b.txt")))]


def _output(task: InventedTask) -> str:
    return next(iter(task.outputs))


def _fan(builder: _Builder, size: int, feeds: Feeds) -> list[str]:
    """One, many, one."""
    first = _output(builder.add(builder.feed(feeds)))
    parts = [_output(builder.add([first], kind=1)) for _ in range(max(1, size - 2))]
    return [_output(builder.add(parts, kind=2)), parts[0]]


def _stages(builder: _Builder, size: int, feeds: Feeds) -> list[str]:
    """Several stages, one to one, from one transformation to the next."""
    depth = builder.source.randint(2, 4)
    row = [_output(builder.add(builder.feed(feeds), kind=0)) for _ in range(max(1, size // depth))]
    for stage in range(1, depth):
        row = [_output(builder.add([lfn], kind=stage)) for lfn in row]
    return row


def _chains(builder: _Builder, size: int, feeds: Feeds) -> list[str]:
    """Chains of their own."""
    ends = []
    for _ in range(max(1, size // 5)):
        last = builder.feed(feeds)
        for step in range(5):
            last = [_output(builder.add(last, kind=step))]
        ends += last
    return ends


def _bag(builder: _Builder, size: int, feeds: Feeds) -> list[str]:
    """Independent tasks that share one large file, and an edge without a file here and there."""
    shared = builder.add(builder.feed(feeds))
    shared.profiles["env"] = {"REPEAT": LARGE_LINES}
    shared.times = 0
    tasks = [builder.add(["given/a"], kind=0) for _ in range(max(1, size - 1))]
    for task in builder.source.sample(tasks, min(4, len(tasks))):
        task.inputs[_output(shared)] = False
    for task in tasks:
        if builder.source.random() < 0.1:
            builder.edges.append((shared.id, task.id))
    return [_output(task) for task in tasks]


def _labels(builder: _Builder, size: int, feeds: Feeds) -> list[str]:
    """Diamonds, each with a label of its own."""
    ends = []
    for _ in range(max(1, size // 4)):
        label = f"d{len(builder.tasks)}"
        top = _output(builder.add(builder.feed(feeds), label=label))
        sides = [_output(builder.add([top], label=label)) for _ in range(2)]
        ends.append(_output(builder.add(sides, label=label)))
    return ends


def _tangle(builder: _Builder, size: int, feeds: Feeds) -> list[str]:
    """A random graph; some inputs are optional."""
    made: list[str] = []
    for _ in range(size):
        some = builder.source.sample(made[-12:], min(len(made), builder.source.choice((0, 1, 2))))
        task = builder.add([*builder.feed(feeds), *some] if not made or some else some)
        for lfn in some:
            task.inputs[lfn] = builder.source.random() < 0.1
        made.append(_output(task))
    return made[-5:]


SHAPES: tuple[Callable[[_Builder, int, Feeds], list[str]], ...] = (
    _fan,
    _stages,
    _chains,
    _bag,
    _labels,
    _tangle,
)


def soak_workflow(count: int, seed: int) -> InventedWorkflow:
    """Return the workflow of a seed, of about so many tasks."""
    builder = _Builder(seed)
    source = builder.source
    feeds: list[str] = []
    for row in range(1, ROWS + 1):
        made: list[str] = []
        shapes = list(SHAPES)
        source.shuffle(shapes)
        while len(builder.tasks) < count * row // ROWS:
            shape = shapes[0]
            shapes = [*shapes[1:], shape]
            size = source.randint(max(4, count // 60), max(8, count // 15))
            made += shape(builder, size, feeds)
        feeds = made
    source.shuffle(builder.tasks)
    return InventedWorkflow(
        name=f"soak{seed}",
        tasks={task.id: task for task in builder.tasks},
        edges=builder.edges,
        given={"given/a": "first\n", "b.txt": "second\nline\n"},
        properties={
            "pegasus.memory": "100",
            "dagman.retry": "2",
            "pegbatch.pack.size": source.choice(("3", "5", "8")),
            "pegbatch.array.by": source.choice(("level", "auto", "auto")),
        },
        cluster=source.choice(TECHNIQUES),
        cleanup=source.choice(("inplace", "inplace", "leaf")),
    )
