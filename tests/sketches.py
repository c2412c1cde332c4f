"""Small invented workflows, and the two ways to write each down."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import yaml
from hypothesis import strategies as st

NAMES = ("sift", "weigh", "stack")
MEMORIES = ("", "", "1024", "4096")


@dataclass(slots=True, kw_only=True)
class SketchTask:
    """One job, with no more than ordering needs."""

    id: str
    name: str
    memory: str
    """Profile `pegasus.memory` in MiB; empty for none."""
    inputs: dict[str, bool] = field(default_factory=dict)
    """LFN to whether it is optional."""
    outputs: list[str] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Sketch:
    """A workflow: tasks in document order, and explicit edges as (parent, child)."""

    tasks: list[SketchTask]
    edges: list[tuple[str, str]]


@st.composite
def sketches(draw: st.DrawFn, most: int = 24) -> Sketch:
    """Draw a workflow without a cycle, its jobs in an order that need not follow its edges."""
    count = draw(st.integers(1, most))
    tasks = [
        SketchTask(
            id=f"t{number}",
            name=draw(st.sampled_from(NAMES)),
            memory=draw(st.sampled_from(MEMORIES)),
            inputs={"seed.txt": False} if draw(st.booleans()) else {},
            outputs=[f"o{number}/a", f"o{number}/b"][: draw(st.integers(0, 2))],
        )
        for number in range(count)
    ]
    edges: list[tuple[str, str]] = []
    for number in range(1, count):
        for parent in draw(st.sets(st.integers(0, number - 1), max_size=3)):
            _tie(draw, tasks[parent], tasks[number], edges)
    return Sketch(tasks=draw(st.permutations(tasks)), edges=draw(st.permutations(edges)))


def _tie(
    draw: st.DrawFn, parent: SketchTask, child: SketchTask, edges: list[tuple[str, str]]
) -> None:
    """Let one task follow another: by a file, by an optional file, by an edge, or by both."""
    how = draw(st.sampled_from(("file", "file", "optional", "edge", "both")))
    by_file = how != "edge" and bool(parent.outputs)
    if by_file:
        child.inputs[draw(st.sampled_from(parent.outputs))] = how == "optional"
    if not by_file or how == "both":
        edges.append((parent.id, child.id))


def write_dax(sketch: Sketch, path: Path) -> Path:
    """Write DAX 3.6 XML."""
    root = ElementTree.Element("adag", {"version": "3.6", "name": "sketch"})
    root.set("xmlns", "http://pegasus.isi.edu/schema/DAX")
    for task in sketch.tasks:
        job = ElementTree.SubElement(root, "job", {"id": task.id, "name": task.name})
        if task.memory:
            profile = {"namespace": "pegasus", "key": "memory"}
            ElementTree.SubElement(job, "profile", profile).text = task.memory
        for lfn, optional in task.inputs.items():
            use = {"name": lfn, "link": "input", "optional": str(optional).lower()}
            ElementTree.SubElement(job, "uses", use)
        for lfn in task.outputs:
            ElementTree.SubElement(job, "uses", {"name": lfn, "link": "output"})
    for parent, child in sketch.edges:
        element = ElementTree.SubElement(root, "child", {"ref": child})
        ElementTree.SubElement(element, "parent", {"ref": parent})
    ElementTree.ElementTree(root).write(path, encoding="UTF-8", xml_declaration=True)
    return path


def write_yaml(sketch: Sketch, path: Path) -> Path:
    """Write Pegasus 5 YAML."""
    document: dict[str, Any] = {
        "pegasus": "5.0.4",
        "name": "sketch",
        "jobs": [_yaml_job(task) for task in sketch.tasks],
        "jobDependencies": [{"id": parent, "children": [child]} for parent, child in sketch.edges],
    }
    path.write_text(yaml.safe_dump(document, sort_keys=False))
    return path


def _yaml_job(task: SketchTask) -> dict[str, Any]:
    inputs = [
        {"lfn": lfn, "type": "input"} | ({"optional": True} if optional else {})
        for lfn, optional in task.inputs.items()
    ]
    outputs = [{"lfn": lfn, "type": "output", "stageOut": True} for lfn in task.outputs]
    profiles = {"profiles": {"pegasus": {"memory": task.memory}}} if task.memory else {}
    job: dict[str, Any] = {"type": "job", "id": task.id, "name": task.name, "arguments": []}
    return job | {"uses": inputs + outputs} | profiles
