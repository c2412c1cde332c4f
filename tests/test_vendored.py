"""What is vendored is what is on record, and comes with its licence."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path

import pytest

from tests.functional.commands import ROOT

VENDOR = ROOT / "pegbatch" / "report" / "vendor"
RECORDS = sorted(VENDOR.glob("*/VENDORED.json"))


def test_something_is_vendored() -> None:
    assert [record.parent.name for record in RECORDS] == ["echarts"]


@pytest.mark.parametrize("record", RECORDS, ids=lambda path: path.parent.name)
def test_vendored_files_are_those_on_record_byte_for_byte(record: Path) -> None:
    files = json.loads(record.read_text())["files"]
    assert {path.name for path in record.parent.iterdir()} == {*files, record.name}
    for name, about in files.items():
        data = (record.parent / name).read_bytes()
        assert hashlib.sha256(data).hexdigest() == about["sha256"], name


@pytest.mark.parametrize("record", RECORDS, ids=lambda path: path.parent.name)
def test_a_vendored_package_is_pinned_by_version_and_integrity_and_has_its_licence(
    record: Path,
) -> None:
    about = json.loads(record.read_text())
    algorithm, _, digest = about["integrity"].partition("-")
    assert algorithm == "sha512" and len(base64.b64decode(digest)) == 64
    assert about["version"].count(".") == 2
    assert {"LICENSE", "NOTICE"} <= set(about["files"])
