"""Reading a submit directory, and bringing outputs to their places."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from pegbatch.adapters.delivery import fetch_file
from pegbatch.adapters.store import Store
from pegbatch.adapters.submit_dir import SubmitDirectory
from pegbatch.engine.deliveries import FetchReport, Output, fetch_outputs, output_sizes
from pegbatch.errors import InputError, StoreError
from pegbatch.model.manifest import IndexLine, format_index_line
from pegbatch.model.plan import plan_to_json
from tests.fakes_store import MemoryStore
from tests.plans import diamond

RUN = "s3://bucket/run"
BAGS = b"one member"


def put_lines(path: Path, *rows: dict[str, object]) -> None:
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "base dir" / "me" / "pegasus" / "sketch" / "run0001"
    (path / "arrays").mkdir(parents=True)
    for job in diamond().jobs:
        if job.kind == "compute":
            lines = [IndexLine(bag, 0, len(BAGS)) for bag in range(job.size)]
            (path / "arrays" / f"{job.name}.bags.jsonl.gz").write_bytes(BAGS)
            (path / "arrays" / f"{job.name}.index").write_bytes(
                b"".join(map(format_index_line, lines))
            )
    (path / "plan.json").write_text(json.dumps(plan_to_json(diamond())))
    (path / "verdict.json").write_text("{}")
    put_lines(
        path / "uploads.jsonl.gz",
        {"sha256": "ab", "source": "/in/a", "url": "s3://bucket/inputs/ab", "size_bytes": 1},
    )
    put_lines(
        path / "outputs.jsonl.gz",
        {"lfn": "far", "url": "s3://out/far", "destination": "s3://out/far"},
        {"lfn": "near", "url": "data/near", "destination": "file:///out/near"},
    )
    return path


def test_the_plan_is_read_back(folder: Path) -> None:
    assert SubmitDirectory(folder).plan() == diamond()


def test_a_directory_without_a_plan_is_refused_with_a_hint(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"not a submit directory(.|\n)*pegbatch plan"):
        SubmitDirectory(tmp_path)


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"format": 1}', '{"format": 99}'])
def test_a_damaged_plan_is_refused_by_name(folder: Path, text: str) -> None:
    (folder / "plan.json").write_text(text)
    with pytest.raises(InputError, match=r"plan\.json: "):
        SubmitDirectory(folder).plan()


def test_uploads_are_the_inputs_the_plan_and_the_worker(folder: Path) -> None:
    items = list(SubmitDirectory(folder).uploads(RUN, Path("/tmp/worker.pyz")))
    assert [(str(item.source), item.url, item.sha256) for item in items[:1]] == [
        ("/in/a", "s3://bucket/inputs/ab", "ab")
    ]
    assert [item.url.removeprefix(RUN) for item in items[1:]] == [
        "/plan/plan.json",
        "/plan/verdict.json",
        "/plan/uploads.jsonl.gz",
        "/plan/outputs.jsonl.gz",
        "/plan/arrays/first.bags.jsonl.gz",
        "/plan/arrays/first.index",
        "/plan/arrays/last.bags.jsonl.gz",
        "/plan/arrays/last.index",
        "/plan/arrays/middle.bags.jsonl.gz",
        "/plan/arrays/middle.index",
        "/worker.pyz",
    ]


def test_outputs_have_absolute_urls_and_say_whether_they_are_to_be_fetched(folder: Path) -> None:
    outputs = list(SubmitDirectory(folder).outputs(RUN))
    assert [(out.lfn, out.url, out.to_fetch) for out in outputs] == [
        ("far", "s3://out/far", False),
        ("near", "s3://bucket/run/data/near", True),
    ]


def test_a_damaged_list_is_refused_by_name(folder: Path) -> None:
    (folder / "outputs.jsonl.gz").write_bytes(b"no gzip")
    with pytest.raises(InputError, match=r"outputs\.jsonl\.gz: "):
        list(SubmitDirectory(folder).outputs(RUN))


def test_a_missing_list_is_refused_by_name(folder: Path) -> None:
    (folder / "uploads.jsonl.gz").unlink()
    with pytest.raises(InputError, match=r"uploads\.jsonl\.gz: "):
        list(SubmitDirectory(folder).uploads(RUN, Path("/w")))


def test_arrays_that_are_gone_are_named_before_anything_is_sent(folder: Path) -> None:
    (folder / "arrays" / "last.index").unlink()
    (folder / "arrays" / "middle.bags.jsonl.gz").unlink()
    with pytest.raises(InputError) as caught:
        next(SubmitDirectory(folder).uploads(RUN, Path("/w")))
    assert [Path(problem.where or "").name for problem in caught.value.problems] == [
        "middle.bags.jsonl.gz",
        "last.index",
    ]


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("last.index", b""),
        ("last.index", b"x" * 37),
        ("middle.bags.jsonl.gz", BAGS[:-1]),
        ("middle.bags.jsonl.gz", BAGS * 2),
    ],
)
def test_arrays_that_are_cut_off_or_longer_are_named(
    folder: Path, name: str, damage: bytes
) -> None:
    (folder / "arrays" / name).write_bytes(damage)
    with pytest.raises(InputError, match=f"arrays/{name}: this file of the plan is damaged"):
        next(SubmitDirectory(folder).uploads(RUN, Path("/w")))


def test_a_plan_that_may_not_be_read_is_not_called_damaged(folder: Path) -> None:
    (folder / "outputs.jsonl.gz").unlink()
    (folder / "outputs.jsonl.gz").mkdir()
    with pytest.raises(InputError, match=r"outputs\.jsonl\.gz: cannot be read: is a directory"):
        list(SubmitDirectory(folder).outputs(RUN))


def test_the_base_directory_is_four_levels_up(folder: Path, tmp_path: Path) -> None:
    assert SubmitDirectory(folder).base_directory() == tmp_path / "base dir"


def test_the_base_directory_is_that_of_the_braindump_while_it_holds(
    folder: Path, tmp_path: Path
) -> None:
    (folder / "braindump.yml").write_text(f"basedir: {tmp_path}\n")
    assert SubmitDirectory(folder).base_directory() == tmp_path
    (folder / "braindump.yml").write_text("basedir: /somewhere/else\n")
    assert SubmitDirectory(folder).base_directory() == tmp_path / "base dir"


def test_a_submit_directory_moved_alone_stays_with_its_base(folder: Path, tmp_path: Path) -> None:
    base = tmp_path / "base dir"
    (folder / "braindump.yml").write_text(f"basedir: {base}\n")
    moved = tmp_path / "elsewhere" / "run0001"
    moved.parent.mkdir()
    folder.rename(moved)
    assert SubmitDirectory(moved).base_directory() == base
    (moved / "braindump.yml").unlink()
    assert SubmitDirectory(moved).base_directory() == moved.parent


def test_a_file_is_fetched_once_and_again_when_it_was_changed(tmp_path: Path) -> None:
    store = Store(s3_directory=tmp_path / "s3")
    url, place = "s3://bucket/run/data/a b", tmp_path / "out" / "a b"
    store.write(url, b"data")
    output = Output(lfn="a b", url=url, destination=f"file://{place}")
    assert fetch_file(store, output).moved
    assert place.read_bytes() == b"data"
    assert not fetch_file(store, output).moved
    # Written in place: what was noted beside the file by the first fetch is out of date now.
    place.write_bytes(b"dat!")
    assert fetch_file(store, output).moved
    assert place.read_bytes() == b"data"


def test_an_output_without_a_checksum_is_not_trusted(tmp_path: Path) -> None:
    store = MemoryStore()
    store.put_bare(f"{RUN}/data/x", b"data")
    output = Output(lfn="x", url=f"{RUN}/data/x", destination=f"file://{tmp_path}/x")
    with pytest.raises(StoreError, match="no checksum"):
        fetch_file(store, output)


def test_a_damaged_output_never_reaches_its_place(tmp_path: Path) -> None:
    store = Store(s3_directory=tmp_path / "s3")
    store.write("s3://bucket/x", b"data")
    (tmp_path / "s3" / "bucket" / "x").write_bytes(b"dat!")
    output = Output(lfn="x", url="s3://bucket/x", destination=f"file://{tmp_path}/out/x")
    with pytest.raises(StoreError):
        fetch_file(store, output)
    assert not (tmp_path / "out" / "x").exists()


def test_what_is_in_the_way_of_an_output_is_named(tmp_path: Path) -> None:
    store = Store(s3_directory=tmp_path / "s3")
    store.write("s3://bucket/x", b"data")
    place = tmp_path / "out" / "x"
    output = Output(lfn="x", url="s3://bucket/x", destination=f"file://{place}")
    place.mkdir(parents=True)
    with pytest.raises(StoreError, match=r"out/x: a directory is where(.|\n)*pegbatch fetch"):
        fetch_file(store, output)
    place.rmdir()
    place.parent.rmdir()
    place.parent.write_text("a file")
    with pytest.raises(StoreError, match=r"out: a file is where outputs need a directory"):
        fetch_file(store, output)
    assert place.parent.read_text() == "a file"


def test_what_the_run_has_not_made_is_missing_and_no_error(tmp_path: Path) -> None:
    store = Store(s3_directory=tmp_path / "s3")
    store.write("s3://bucket/a", b"data")
    outputs = [
        Output(lfn="a", url="s3://bucket/a", destination=f"file://{tmp_path}/out/a"),
        Output(lfn="b", url="s3://bucket/b", destination=f"file://{tmp_path}/out/b"),
        Output(lfn="c", url="s3://bucket/c", destination="s3://bucket/c"),
    ]
    report = fetch_outputs(outputs, lambda output: fetch_file(store, output))
    assert report == FetchReport(files=1, size_bytes=4, present=0, missing=("b",))
    assert fetch_outputs(outputs[:1], lambda one: fetch_file(store, one)).present == 1
    assert [size for _, size in output_sizes(store, outputs)] == [4, None, None]
