"""The tasks of a plan as a trace tells them, and the sizes of what was sent."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from pegbatch.adapters.traced_tasks import shared_lfns, traced_tasks, upload_sizes
from pegbatch.errors import InputError
from pegbatch.model.file_keys import name_by_place
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


EARLY = JOBS[:2]


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


def test_files_of_one_name_are_as_many_as_their_places(tmp_path: Path) -> None:
    inputs = {"s": "../inputs/12", "t": "../../inputs/34", "u": "s3://b/far/f", "v": "data/f"}
    for number, url in enumerate(("../inputs/12", "../../inputs/34")):
        sent = {"url": url, "size_bytes": number}
        mode = "ab" if number else "wb"
        with gzip.open(tmp_path / UPLOADS_FILE, mode) as file:
            file.write(json.dumps(sent).encode() + b"\n")
    lines = [bag_line(id_, {"f": url, "g": "../inputs/56"}) for id_, url in inputs.items()]
    write(tmp_path / bags_file("L0"), *lines)
    shared = shared_lfns(tmp_path, EARLY)
    assert shared == {"f"}

    def name(lfn: str, url: str) -> str:
        return name_by_place(lfn, url, shared)

    names = [task.inputs[0] for task in traced_tasks(tmp_path, EARLY, name)]
    assert names == ["inputs/12/f", "inputs/34/f", "s3://b/far/f", "f"]
    assert {task.inputs[1] for task in traced_tasks(tmp_path, EARLY, name)} == {"g"}
    assert upload_sizes(tmp_path, EARLY, name) == {"inputs/12/f": 0, "inputs/34/f": 1}


def test_where_nothing_was_sent_nothing_is_read(tmp_path: Path) -> None:
    write(tmp_path / UPLOADS_FILE)
    assert upload_sizes(tmp_path, JOBS) == {}


def test_a_damaged_list_of_uploads_is_named(tmp_path: Path) -> None:
    (tmp_path / UPLOADS_FILE).write_bytes(b"no gzip")
    with pytest.raises(InputError, match=UPLOADS_FILE):
        upload_sizes(tmp_path, JOBS)
