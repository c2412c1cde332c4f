"""Every public workflow is read, and it holds what its manifest says."""

from __future__ import annotations

import csv
import re
from functools import cache
from pathlib import Path

from pegbatch.adapters.files import open_input
from pegbatch.errors import InputError
from pegbatch.model.sub_workflows import SUB_WORKFLOW
from pegbatch.model.workflow import Workflow
from pegbatch.parse.dax_xml import parse_dax
from pegbatch.parse.variables import AsWritten
from pegbatch.parse.workflow_yaml import parse_workflow

PARSERS = {"dax-xml": parse_dax, "wf-yaml": parse_workflow}
SUB_WORKFLOWS = re.compile(r"(?:dax|pegasusWorkflow):(\d+)")
PLANNED = re.compile(r"(?:dag|condorWorkflow):(\d+)")
DUPLICATES = re.compile(r"duplicate job ids:(\d+)")
DANGLING = re.compile(r"dangling refs:(\d+)")


def rows(shared_data: Path) -> list[dict[str, str]]:
    with (shared_data / "MANIFEST.tsv").open(newline="", encoding="utf-8") as manifest:
        reader = csv.DictReader(manifest, delimiter="\t", quoting=csv.QUOTE_NONE)
        found = [row for row in reader if row["kind"] in PARSERS]
    assert len(found) > 70
    return found


def read(row: dict[str, str], shared_data: Path) -> Workflow:
    return read_once(row["kind"], shared_data / row["path"])


@cache
def read_once(kind: str, path: Path) -> Workflow:
    with open_input(path) as stream:
        return PARSERS[kind](stream, path.name, AsWritten())


def test_counts_are_those_of_the_manifest(shared_data: Path) -> None:
    different = []
    for row in rows(shared_data):
        counts = read(row, shared_data).counts
        stated = tuple(int(row[column]) for column in ("jobs", "edges", "files"))
        if (counts.jobs, counts.edges, counts.files) != stated:
            different.append((row["path"], counts, stated))
    assert different == []


def test_versions_are_those_of_the_manifest(shared_data: Path) -> None:
    different = []
    for row in rows(shared_data):
        stated = row["schema_version"].split(" ")[1].replace("(none)", "")
        version = read(row, shared_data).version
        if version != stated:
            different.append((row["path"], version, stated))
    assert different == []


def test_what_the_manifest_says_is_odd_is_a_defect(shared_data: Path) -> None:
    different = []
    for row in rows(shared_data):
        messages = [defect.message for defect in read(row, shared_data).defects]
        for pattern, words in (
            (PLANNED, "planned already"),
            (DUPLICATES, "is given twice"),
            (DANGLING, "which is not there"),
        ):
            stated = sum(int(number) for number in pattern.findall(row["notes"]))
            told = sum(words in message for message in messages)
            if bool(stated) != bool(told):
                different.append((row["path"], words, stated, told))
    assert [entry for entry in different if "recursive" not in entry[0]] == []


def test_sub_workflows_are_as_many_as_the_manifest_says(shared_data: Path) -> None:
    different = []
    for row in rows(shared_data):
        workflow = read(row, shared_data)
        stated = sum(int(number) for number in SUB_WORKFLOWS.findall(row["notes"]))
        named = workflow.transformations
        counted = sum(named[number] == SUB_WORKFLOW for number in workflow.tasks.transformations)
        if not stated == len(workflow.sub_workflows) == counted:
            different.append((row["path"], stated, counted))
    assert different == []


def test_columns_fit_together(shared_data: Path) -> None:
    for row in rows(shared_data):
        workflow = read(row, shared_data)
        tasks = workflow.tasks
        assert len(tasks.use_offsets) == len(tasks) + 1
        assert tasks.use_offsets[-1] == len(tasks.use_lfns) == len(tasks.use_flags)
        assert all(0 <= number < len(workflow.lfns) for number in tasks.use_lfns)
        assert all(0 <= number < len(workflow.profile_sets) for number in tasks.profiles)
        assert all(0 <= number < len(tasks) for number in workflow.edges.parents)
        assert all(line > 0 for line in tasks.lines)
        assert workflow.profile_sets[0] == ()


def test_cutting_any_workflow_short_is_refused_with_a_place(
    shared_data: Path, tmp_path: Path
) -> None:
    cut = tmp_path / "cut"
    for row in rows(shared_data):
        if row["kind"] != "dax-xml":
            continue
        with open_input(shared_data / row["path"]) as stream:
            data = stream.read()
        cut.write_bytes(data[: len(data) // 2])
        try:
            with cut.open("rb") as stream:
                parse_dax(stream, "cut.dax", AsWritten())
        except InputError as error:
            assert error.problems[-1].where is not None, row["path"]
            assert error.problems[-1].where.startswith("cut.dax:"), row["path"]
        else:
            raise AssertionError(f"half of {row['path']} was read without a word")
