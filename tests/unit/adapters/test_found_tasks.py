"""One task among all bags of a submit directory."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from pegbatch.adapters.found_tasks import BLOCK_BYTES, find_task, similar_tasks
from pegbatch.errors import InputError
from pegbatch.model.manifest import IndexLine, format_index_line


def write_array(folder: Path, array: str, bags: list[list[dict[str, object]]]) -> None:
    (folder / "arrays").mkdir(exist_ok=True)
    members, index, offset = b"", b"", 0
    for bag, rows in enumerate(bags):
        lines = "".join(json.dumps({"bag": bag, **row}, ensure_ascii=False) + "\n" for row in rows)
        member = gzip.compress(lines.encode(), 1)
        index += format_index_line(IndexLine(bag, offset, len(member)))
        members, offset = members + member, offset + len(member)
    (folder / f"arrays/{array}.bags.jsonl.gz").write_bytes(members)
    (folder / f"arrays/{array}.index").write_bytes(index)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    # Several blocks of text, which are cut in the middle of a line.
    pad = "t192" + "x" * (BLOCK_BYTES // 40)
    rows = {"after": [], "env": {"PAD": pad}}
    first = [[{"id": f"t{bag}{n}", **rows} for n in range(3)] for bag in range(20)]
    write_array(tmp_path, "L0", first)
    write_array(tmp_path, "L1", [[{"id": 'ä"\\', "after": [{"id": "t07"}]}, {"id": "t07"}]])
    return tmp_path


def test_a_task_is_found_with_the_others_of_its_bag(folder: Path) -> None:
    found = find_task(folder, ["L0", "L1"], "t192")
    assert found is not None
    assert (found.array, found.row["bag"]) == ("L0", 19)
    assert [row["id"] for row in found.bag_rows] == ["t190", "t191", "t192"]


def test_a_task_that_is_only_named_as_a_parent_is_another(folder: Path) -> None:
    found = find_task(folder, ["L1"], "t07")
    assert found is not None
    assert found.row == {"bag": 0, "id": "t07"}
    assert find_task(folder, ["L0"], "t07") is None


def test_any_name_is_found_and_a_part_of_one_is_not(folder: Path) -> None:
    assert find_task(folder, ["L0", "L1"], 'ä"\\') is not None
    assert find_task(folder, ["L0", "L1"], "t19") is None
    assert find_task(folder, ["L0", "L1"], "") is None


def test_what_looks_like_a_name_is_suggested(folder: Path) -> None:
    assert "t192" in similar_tasks(folder, ["L0", "L1"], "t1922")
    assert similar_tasks(folder, ["L0"], "no such thing at all") == []
    assert similar_tasks(folder, ["L0"], 1_000_000 * "t") == []


def test_a_damaged_file_is_named(folder: Path) -> None:
    path = folder / "arrays/L1.bags.jsonl.gz"
    for data in (path.read_bytes()[:-9], gzip.compress(b'{"t07": \n'), b"rubbish"):
        path.write_bytes(data)
        with pytest.raises(InputError, match=r"L1\.bags"):
            find_task(folder, ["L1"], "t07")
    with pytest.raises(InputError, match=r"L7\.bags"):
        find_task(folder, ["L7"], "t07")
