"""A second reading of workflow files, with the standard library only and none of our parsers.

It is the ground on which the plan checker stands: what a mistake in `pegbatch.parse` would hide, it
must not hide too. It reads just what ordering needs.
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import yaml


@dataclass(slots=True)
class ReadTask:
    """One job element."""

    id: str
    transformation: str
    """Complete name."""
    inputs: dict[str, bool] = field(default_factory=dict)
    """LFN to whether it is optional."""
    outputs: set[str] = field(default_factory=set)
    others: set[str] = field(default_factory=set)
    """What it uses in another way: executables, checkpoint files."""

    def use(self, lfn: str, link: str, optional: bool) -> None:
        """Take one `uses`."""
        if link in ("input", "inout"):
            self.inputs[lfn] = optional
        if link in ("output", "inout"):
            self.outputs.add(lfn)
        if link not in ("input", "inout", "output"):
            self.others.add(lfn)


@dataclass(slots=True)
class ReadWorkflow:
    """Jobs in document order, and explicit edges as (parent, child)."""

    name: str
    tasks: dict[str, ReadTask]
    explicit: set[tuple[str, str]]
    defects: list[str] = field(default_factory=list, compare=False)
    """Why it cannot be planned, as far as this reader sees it."""

    def files(self) -> set[str]:
        """Return every name that a task uses."""
        tasks = self.tasks.values()
        return {lfn for task in tasks for lfn in {*task.inputs, *task.outputs, *task.others}}

    def producers(self) -> dict[str, str]:
        """Return who makes each file; of several, the last in document order."""
        return {lfn: task.id for task in self.tasks.values() for lfn in task.outputs}

    def edges(self) -> set[tuple[str, str]]:
        """Return explicit and data edges together."""
        producers = self.producers()
        found = set(self.explicit)
        for task in self.tasks.values():
            for lfn in task.inputs:
                if producers.get(lfn, task.id) != task.id:
                    found.add((producers[lfn], task.id))
        return found

    def levels(self) -> dict[str, int]:
        """Return each task's longest distance from a root.

        Errors: ValueError where the edges have a cycle.
        """
        children: dict[str, list[str]] = {id: [] for id in self.tasks}
        waiting = dict.fromkeys(self.tasks, 0)
        for parent, child in self.edges():
            children[parent].append(child)
            waiting[child] += 1
        levels = dict.fromkeys(self.tasks, 0)
        ready = [id for id, count in waiting.items() if not count]
        for id in ready:
            for child in children[id]:
                levels[child] = max(levels[child], levels[id] + 1)
                waiting[child] -= 1
                if not waiting[child]:
                    ready.append(child)
        if len(ready) != len(self.tasks):
            raise ValueError("the workflow has a cycle")
        return levels


def read_workflow(path: Path) -> ReadWorkflow:
    """Read a DAX XML or a Pegasus 5 YAML file, gzip or not.

    Errors: ElementTree.ParseError, yaml.YAMLError where it is malformed.
    """
    data = path.read_bytes()
    if data.startswith(b"\x1f\x8b"):
        data = gzip.decompress(data)
    workflow = _from_xml(data) if data.lstrip()[:1] == b"<" else _from_yaml(data)
    _note_defects(workflow)
    return workflow


def _note_defects(workflow: ReadWorkflow) -> None:
    named = {id for edge in workflow.explicit for id in edge}
    workflow.defects += [f"unknown id {id}" for id in sorted(named - workflow.tasks.keys())]
    for task in workflow.tasks.values():
        both = task.outputs & set(task.inputs)
        workflow.defects += [f"{task.id} reads and writes {lfn}" for lfn in sorted(both)]
    if not workflow.tasks:
        workflow.defects.append("no jobs")
    if not workflow.defects:
        try:
            workflow.levels()
        except ValueError as error:
            workflow.defects.append(str(error))


def complete_name(part: Any) -> str:
    """Return `namespace::name:version` of an XML element or a YAML mapping."""
    namespace, version = part.get("namespace"), part.get("version")
    prefix = f"{namespace}::" if namespace else ""
    return f"{prefix}{part.get('name')}" + (f":{version}" if version else "")


def _from_xml(data: bytes) -> ReadWorkflow:
    root = ElementTree.fromstring(data)
    tasks: dict[str, ReadTask] = {}
    explicit: set[tuple[str, str]] = set()
    defects: list[str] = []
    for element in root:
        match _local(element):
            case "job":
                task = _xml_task(element)
                defects += [f"two jobs {task.id}"] if task.id in tasks else []
                defects += ["a sub-workflow"] if _is_recursive(element) else []
                tasks[task.id] = task
            case "dax" | "dag":
                defects.append("a sub-workflow")
            case "child":
                parents = [part for part in element if _local(part) == "parent"]
                child = element.attrib["ref"]
                explicit.update((part.attrib["ref"], child) for part in parents)
            case _:
                pass
    return ReadWorkflow(root.get("name") or "", tasks, explicit, defects)


def _local(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def _is_recursive(job: ElementTree.Element) -> bool:
    """Tell whether a job is a sub-workflow as Pegasus 2 wrote it."""
    profiles = (part for part in job if _local(part) == "profile")
    return any((one.get("key"), one.text) == ("type", "recursive") for one in profiles)


def _xml_task(element: ElementTree.Element) -> ReadTask:
    task = ReadTask(element.attrib["id"], complete_name(element))
    for use in element:
        if _local(use) == "uses":
            lfn = use.get("name") or use.get("file") or ""
            link = (use.get("link") or "none").lower()
            if use.get("executable") == "true":
                lfn = complete_name(use)
            task.use(lfn, link, use.get("optional") == "true")
    return task


def _from_yaml(data: bytes) -> ReadWorkflow:
    document = yaml.load(data, Loader=yaml.CSafeLoader)
    tasks: dict[str, ReadTask] = {}
    catalogs = [value for key, value in document.items() if key.endswith("Catalog")]
    defects = ["a catalog elsewhere" for catalog in catalogs if "$ref" in (catalog or ())]
    for job in document["jobs"]:
        is_workflow = job.get("type") == "pegasusWorkflow"
        name = "pegbatch::sub-workflow" if is_workflow else complete_name(job)
        task = ReadTask(str(job["id"]), name)
        defects += [f"two jobs {task.id}"] if task.id in tasks else []
        defects += ["a sub-workflow"] if "name" not in job else []
        tasks[task.id] = task
        for use in job.get("uses") or ():
            task.use(str(use["lfn"]), use["type"], bool(use.get("optional")))
    explicit = {
        (str(row["id"]), str(child))
        for row in document.get("jobDependencies") or ()
        for child in row["children"]
    }
    return ReadWorkflow(str(document["name"]), tasks, explicit, defects)
