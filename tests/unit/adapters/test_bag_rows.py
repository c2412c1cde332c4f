"""Tasks of a plan, read from its bag lines."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from pegbatch.adapters.bag_rows import read_planned_tasks
from pegbatch.errors import InputError
from pegbatch.model.history import PlannedTask
from pegbatch.model.layout import bags_file
from tests.plans import job

LINE = {"bag": 0, "id": "t", "transformation": "lab::t:1"}


def write(folder: Path, array: str, *lines: object) -> Path:
    path = folder / bags_file(array)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"".join(gzip.compress(json.dumps(line).encode() + b"\n") for line in lines))
    return path


def test_tasks_are_those_of_compute_arrays_in_plan_order(tmp_path: Path) -> None:
    more = {"cluster": "merge_t", "cores": 2, "runtime_seconds": 1.5}
    write(tmp_path, "a", LINE | {"id": "z"}, LINE | {"id": "y", "bag": 1} | more)
    write(tmp_path, "b", LINE)
    jobs = [
        job("in", kind="stage-in"),
        job("a", size=2),
        job("wall", kind="barrier"),
        job("b"),
    ]
    found = read_planned_tasks(tmp_path, jobs)
    assert list(found) == ["z", "y", "t"]
    assert found["z"] == PlannedTask(id="z", transformation="lab::t:1", array="a", bag=0)
    assert found["y"] == PlannedTask(
        id="y",
        transformation="lab::t:1",
        array="a",
        bag=1,
        cluster="merge_t",
        cores=2,
        runtime_seconds=1.5,
    )


@pytest.mark.parametrize(
    "data",
    [b"no gzip", gzip.compress(b"{}\n")[:-9], gzip.compress(b"{")],
    ids=["no gzip", "cut off", "no JSON"],
)
def test_a_damaged_file_is_named(tmp_path: Path, data: bytes) -> None:
    path = write(tmp_path, "a")
    path.write_bytes(data)
    with pytest.raises(InputError, match="missing or damaged") as error:
        read_planned_tasks(tmp_path, [job("a")])
    assert error.value.problems[0].where == str(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="missing or damaged"):
        read_planned_tasks(tmp_path, [job("a")])


@pytest.mark.parametrize("line", [[], {"id": "t"}, LINE | {"transformation": 7}])
def test_a_line_that_is_no_task_is_refused(tmp_path: Path, line: object) -> None:
    write(tmp_path, "a", line)
    with pytest.raises(InputError, match="a line that is no task"):
        read_planned_tasks(tmp_path, [job("a")])
