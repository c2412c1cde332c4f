"""Invented workflows as files: DAX or YAML, catalogs, inputs, and the program behind every task."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import yaml

from tests.random_workflows import NAMES, InventedTask, InventedWorkflow

PROGRAM = r"""#!/bin/bash
# behave FAULT TIMES SECONDS ID LEDGER OMIT OUTPUTS INPUTS [STDOUT]: lists are joined by commas.
fault=$1 times=$2 seconds=$3 id=$4 ledger=$5/$4 omit=$6 said=$9
IFS=, read -ra outputs <<<"${7#-}"
IFS=, read -ra inputs <<<"${8#-}"
seen=()
[ -e "$ledger" ] && mapfile -t seen <"$ledger"
echo "$EPOCHREALTIME" >>"$ledger"
[ "$seconds" = 0 ] || sleep "$seconds"
bad=
if [ "${#seen[@]}" -lt "$times" ]; then bad=$fault; fi
case "$bad" in
    exit) echo "$id does not like this" >&2; exit 3 ;;
    kill) kill -KILL $$ ;;
    term) kill -TERM $$ ;;
    segv) kill -SEGV $$ ;;
    hang) exec sleep 60 ;;
esac
text="$id"$'\n'
for file in "${inputs[@]}"; do
    if [ -e "$file" ]; then text+="$file $(<"$file")"$'\n'; fi
done
read -r digest _ < <(printf %s "$text" | sha256sum)
for file in "${outputs[@]}"; do
    if [ "$file" = "$omit" ] || { [ "$bad" = missing ] && [ "$file" = "${outputs[0]}" ]; }; then
        continue
    fi
    echo "$file $digest" >"$file"
    [ -z "$REPEAT" ] || yes "$file $digest" | head -n "$REPEAT" >"$file"
done
[ -z "$said" ] || echo "$said $digest"
if [ "$bad" = late ]; then exit 4; fi
"""


def write_files(workflow: InventedWorkflow, folder: Path) -> Path:
    """Write workflow, catalogs, inputs and program into a folder; return the workflow file."""
    folder.mkdir(parents=True, exist_ok=True)
    ledger = folder / "ledger"
    ledger.mkdir()
    program = folder / "behave"
    program.write_text(PROGRAM)
    program.chmod(0o755)
    for lfn, text in workflow.given.items():
        (folder / lfn).parent.mkdir(exist_ok=True)
        (folder / lfn).write_text(text)
    _write_catalogs(workflow, folder, program)
    if workflow.as_yaml:
        path = folder / "workflow.yml"
        jobs = [_yaml_job(task, ledger) for task in workflow.tasks.values()]
        edges = [{"id": parent, "children": [child]} for parent, child in workflow.edges]
        document = {"pegasus": "5.0.4", "name": workflow.name, "jobs": jobs}
        path.write_text(yaml.safe_dump(document | {"jobDependencies": edges}, sort_keys=False))
        return path
    return _write_dax(workflow, folder / "workflow.dax", ledger)


def _write_catalogs(workflow: InventedWorkflow, folder: Path, program: Path) -> None:
    place = {"name": "local", "type": "stageable", "pfn": str(program)}
    documents: dict[str, dict[str, Any]] = {
        "sites": {"sites": [{"name": "aws-batch"}]},
        "transformations": {
            "transformations": [{"name": name, "sites": [place]} for name in NAMES]
        },
        "replicas": {
            "replicas": [
                {"lfn": lfn, "pfns": [{"site": "local", "pfn": str(folder / lfn)}]}
                for lfn in workflow.given
            ]
        },
    }
    lines = []
    for kind, document in documents.items():
        (folder / f"{kind}.yml").write_text(yaml.safe_dump({"pegasus": "5.0.4", **document}))
        lines.append(f"pegasus.catalog.{kind.removesuffix('s')}.file = {kind}.yml\n")
    (folder / "pegasus.properties").write_text("".join(lines))


def _arguments(task: InventedTask, ledger: Path) -> list[str]:
    lists = [",".join(files) or "-" for files in (task.outputs, task.inputs)]
    numbers = [str(task.times), str(task.seconds or 0)]
    said = [task.stdout] if task.stdout else []
    return [task.fault, *numbers, task.id, f"'{ledger}'", task.omitted, *lists, *said]


def _yaml_job(task: InventedTask, ledger: Path) -> dict[str, Any]:
    uses: list[dict[str, Any]] = [
        {"lfn": lfn, "type": "input"} | ({"optional": True} if optional else {})
        for lfn, optional in task.inputs.items()
    ]
    outputs = {**task.outputs, **({task.stdout: False} if task.stdout else {})}
    for lfn, optional in outputs.items():
        use = {"lfn": lfn, "type": "output", "stageOut": task.delivered}
        uses.append(use | ({"optional": True} if optional else {}))
    job: dict[str, Any] = {"type": "job", "id": task.id, "name": task.name}
    if task.stdout:
        job["stdout"] = task.stdout
    if task.profiles:
        job["profiles"] = task.profiles
    return job | {"arguments": _arguments(task, ledger), "uses": uses}


def _write_dax(workflow: InventedWorkflow, path: Path, ledger: Path) -> Path:
    root = ElementTree.Element("adag", {"version": "3.6", "name": workflow.name})
    root.set("xmlns", "http://pegasus.isi.edu/schema/DAX")
    for task in workflow.tasks.values():
        job = ElementTree.SubElement(root, "job", {"id": task.id, "name": task.name})
        argument = ElementTree.SubElement(job, "argument")
        argument.text = " ".join(_arguments(task, ledger))
        for namespace, profiles in task.profiles.items():
            for key, value in profiles.items():
                profile = ElementTree.SubElement(job, "profile", namespace=namespace, key=key)
                profile.text = value
        if task.stdout:
            ElementTree.SubElement(job, "stdout", name=task.stdout, link="output")
        for lfn, optional in task.inputs.items():
            use = {"name": lfn, "link": "input", "optional": str(optional).lower()}
            ElementTree.SubElement(job, "uses", use)
        outputs = {**task.outputs, **({task.stdout: False} if task.stdout else {})}
        for lfn, optional in outputs.items():
            use = {"name": lfn, "link": "output", "optional": str(optional).lower()}
            use["transfer"] = str(task.delivered).lower()
            ElementTree.SubElement(job, "uses", use)
    for parent, child in workflow.edges:
        element = ElementTree.SubElement(root, "child", {"ref": child})
        ElementTree.SubElement(element, "parent", {"ref": parent})
    ElementTree.ElementTree(root).write(path, encoding="UTF-8", xml_declaration=True)
    return path
