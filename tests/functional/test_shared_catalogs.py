"""Every public catalog, properties file and JSON file is what its manifest says."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import get_args

from pegbatch.adapters.files import read_input
from pegbatch.errors import PegbatchError
from pegbatch.model.inspection import Kind
from pegbatch.parse.inspecting import inspect_data

KINDS = frozenset(get_args(Kind)) - {"dax-xml", "wf-yaml"}
UNVERSIONED = frozenset(("tc-text", "rc-file", "properties", "aws-json"))
COUNT = re.compile(r"(?:keys|entries|tr|replicas|transformations|sites):([^;\s]+)")


def rows(shared_data: Path) -> list[dict[str, str]]:
    with (shared_data / "MANIFEST.tsv").open(newline="", encoding="utf-8") as manifest:
        found = [row for row in csv.DictReader(manifest, delimiter="\t") if row["kind"] in KINDS]
    assert len(found) > 100
    return found


def differences(row: dict[str, str], shared_data: Path) -> list[str]:
    """Return what `inspect` says otherwise than the manifest."""
    try:
        told = inspect_data(read_input(shared_data / row["path"]), row["path"])
    except PegbatchError as error:
        return [f"{row['path']}: {error}"]
    pairs: list[tuple[object, object]] = [(told.kind, row["kind"])]
    if row["kind"] not in UNVERSIONED:
        pairs.append((told.version, row["schema_version"].split()[-1]))
    pairs += [
        (getattr(told, column), int(row[column]))
        for column in ("jobs", "edges", "files")
        if row[column]
    ]
    stated = COUNT.search(row["notes"])
    # The manifest counts a template's `{% … %}` statements among the lines of a replica file.
    if stated and not (row["kind"] == "rc-file" and "template" in row["notes"]):
        number = stated[1]
        pairs.append((told.entries, int(number) if number.isdigit() else number.count(",") + 1))
    return [f"{row['path']}: {ours} is not {theirs}" for ours, theirs in pairs if ours != theirs]


def test_every_file_has_the_kind_the_version_and_the_counts_of_the_manifest(
    shared_data: Path,
) -> None:
    assert [line for row in rows(shared_data) for line in differences(row, shared_data)] == []


def test_properties_of_real_users_make_no_noise(shared_data: Path) -> None:
    unknown = [
        str(problem)
        for row in rows(shared_data)
        if row["kind"] == "properties"
        for problem in inspect_data(read_input(shared_data / row["path"]), row["path"]).warnings
        if "unknown" in problem.message
    ]
    assert unknown == []


def test_old_site_catalogs_are_told_by_name(shared_data: Path) -> None:
    old = [
        row for row in rows(shared_data) if row["schema_version"] in ("sc-xml 2.0", "sc-xml 3.0")
    ]
    told = [inspect_data(read_input(shared_data / row["path"]), row["path"]) for row in old]
    assert [inspection.warnings[0].message[:24] for inspection in told] == [
        f"site catalog layout {inspection.version} " for inspection in told
    ]
