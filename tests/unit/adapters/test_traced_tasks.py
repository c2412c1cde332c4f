"""The tasks of a plan as a trace tells them, and the sizes of what was sent."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from pegbatch.adapters.traced_tasks import traced_tasks, upload_sizes
from pegbatch.errors import InputError
from pegbatch.model.layout import UPLOADS_FILE, bags_file
from pegbatch.model.trace import TracedTask
from tests.plans import job


def write(path: Path, *rows: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(path, "wt") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)


def bag_line(name: str, inputs: dict[str, str]) -> dict[str, Any]:
    return {
        "bag": 0,
        "id": name,
        "name": "work",
        "argv": ["/bin/x", "1"],
        "inputs": [{"lfn": lfn, "url": url} for lfn, url in inputs.items()],
        "outputs": [{"lfn": f"{name}.out", "url": f"data/{name}.out"}],
    }


JOBS = (
    job("stage-in", kind="stage-in"),
    job("L0"),
    job("L1", "L0"),
    job("verdict", "L1", kind="verdict"),
)


def test_tasks_come_in_plan_order_with_command_and_files(tmp_path: Path) -> None:
    write(tmp_path / bags_file("L0"), bag_line("a", {"f": "../inputs/12"}))
    write(tmp_path / bags_file("L1"), bag_line("b", {"a.out": "data/a.out"}))
    first, second = traced_tasks(tmp_path, JOBS)
    assert first == TracedTask(
        id="a", transformation="work", argv=("/bin/x", "1"), inputs=("f",), outputs=("a.out",)
    )
    assert second.id == "b"


def test_sizes_of_uploads_go_by_the_names_that_tasks_have_for_them(tmp_path: Path) -> None:
    write(tmp_path / UPLOADS_FILE, {"url": "../inputs/12", "size_bytes": 7})
    write(tmp_path / bags_file("L0"), bag_line("a", {"f": "../inputs/12", "g": "s3://b/g"}))
    write(tmp_path / bags_file("L1"), bag_line("b", {"other": "../inputs/12"}))
    assert upload_sizes(tmp_path, JOBS) == {"f": 7, "other": 7}


def test_where_nothing_was_sent_nothing_is_read(tmp_path: Path) -> None:
    write(tmp_path / UPLOADS_FILE)
    assert upload_sizes(tmp_path, JOBS) == {}


def test_a_damaged_list_of_uploads_is_named(tmp_path: Path) -> None:
    (tmp_path / UPLOADS_FILE).write_bytes(b"no gzip")
    with pytest.raises(InputError, match=UPLOADS_FILE):
        upload_sizes(tmp_path, JOBS)
