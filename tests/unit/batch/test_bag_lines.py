"""Bag lines, gzip members and the index, as a child and `zcat` would read them."""

from __future__ import annotations

import gzip
import json
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pegbatch.batch.bag_lines import BagLines
from pegbatch.batch.manifests import (
    bag_members,
    gzip_lines,
    output_lines,
    upload_lines,
    verdict_text,
)
from pegbatch.model.catalogs import (
    Directory,
    FileServer,
    Replica,
    ReplicaCatalog,
    Site,
    SiteCatalog,
)
from pegbatch.model.manifest import (
    INDEX_LINE_BYTES,
    IndexLine,
    format_index_line,
    parse_index_line,
    task_from_json,
)
from pegbatch.model.workflow import OPTIONAL
from pegbatch.planner.pipeline import plan_workflow
from tests.workflows import T, make_given, make_workflow

REMOTE = Site(
    name="remote",
    directories=(
        Directory(
            kind="shared-storage",
            path="",
            file_servers=(FileServer("s3://out/base", "all"),),
            where="sites.yml:1",
        ),
    ),
)
SITES = SiteCatalog(source="sites.yml", sites={"remote": REMOTE})


def planned(tasks, edges=(), **options):
    return plan_workflow(make_given(make_workflow(tasks, edges), site_catalog=SITES, **options))


def lines_of(result):
    writer = BagLines(result)
    return {
        line["id"]: line
        for tasks in result.arrays
        for bag in writer.lines(tasks)
        for line in map(json.loads, bag)
    }


def test_a_line_says_all_that_the_worker_needs() -> None:
    task = T(
        id="a", name="prog", arguments="-x 'two words' $HOME", inputs=["in"], outputs=["out"],
        stdin="in", stdout="out", stderr="err",
        profiles={"env.K": "v", "pegasus.maxwalltime": "2", "dagman.retry": "3"},
    )  # fmt: skip
    assert lines_of(planned([task]))["a"] == {
        "bag": 0,
        "id": "a",
        "name": "prog",
        "transformation": "prog",
        "cluster": "",
        "index": 0,
        "argv": ["prog", "-x", "two words", "$HOME"],
        "inputs": [{"lfn": "in", "url": "s3://pegbatch/inputs/in"}],
        "outputs": [{"lfn": "out", "url": "data/out"}],
        "after": [],
        "stdin": "in",
        "stdout": "out",
        "stderr": "err",
        "env": {"K": "v"},
        "tries": 4,
        "timeout_seconds": 120,
    }


def test_the_worker_reads_what_is_written() -> None:
    line = task_from_json(lines_of(planned([T(id="a", optional_inputs=["x"])]))["a"])
    assert (line.id, line.tries, line.timeout_seconds, dict(line.env)) == ("a", 2, None, {})
    assert line.inputs[0].optional


def test_after_names_parents_that_no_required_file_ties() -> None:
    tasks = [
        T(id="file", outputs=["x"]), T(id="edge"), T(id="maybe", outputs=["y"]),
        T(id="child", inputs=["x"], optional_inputs=["y"]),
    ]  # fmt: skip
    result = planned(tasks, [("file", "child"), ("edge", "child"), ("maybe", "child")])
    assert lines_of(result)["child"]["after"] == [
        {"array": "L0-t", "bag": 1, "id": "edge"},
        {"array": "L0-t", "bag": 2, "id": "maybe"},
    ]


def test_outputs_that_others_read_stay_in_the_run_and_are_delivered_too() -> None:
    tasks = [
        T(id="a", outputs=["read", "final"], kept=["scratch", "passed"]),
        T(id="b", inputs=["read", "passed"]),
    ]
    result = planned(tasks, output_sites=("remote",))
    assert lines_of(result)["a"]["outputs"] == [
        {"lfn": "read", "url": "data/read", "deliver": ["s3://out/base/read"]},
        {"lfn": "final", "url": "s3://out/base/final"},
        {"lfn": "scratch", "url": "data/scratch"},
        {"lfn": "passed", "url": "data/passed"},
    ]
    registered = {"site": "remote", "register": True, "array": "L0-t"}
    assert [json.loads(line) for line in output_lines(result)] == [
        {"lfn": lfn, "url": f"s3://out/base/{lfn}", "destination": f"s3://out/base/{lfn}"}
        | registered
        for lfn in ("read", "final")
    ]
    assert result.plan.outputs == 2
    silent = planned(tasks, properties={"pegasus.register": "false"}, output_sites=("remote",))
    assert all("register" not in json.loads(line) for line in output_lines(silent))


def test_a_reused_output_says_where_it_lies_and_what_is_known_of_it() -> None:
    replica = Replica(site="local", pfn="/data/x", sha256="ab" * 32)
    result = planned(
        [T(id="a", outputs=["x"])],
        replicas=ReplicaCatalog(source="rc", replicas={"x": (replica,)}),
        output_sites=("local",),
        catalogs=True,
    )
    (line,) = map(json.loads, output_lines(result))
    assert line == {
        "lfn": "x",
        "url": "file:///data/x",
        "destination": "file:///base/wf-output/x",
        "site": "local",
        "reused": True,
        "register": True,
        "sha256": "ab" * 32,
    }


def test_outputs_for_a_local_directory_wait_in_the_run() -> None:
    result = planned([T(id="a", outputs=["x"])], output_sites=("remote", "local"))
    assert lines_of(result)["a"]["outputs"] == [
        {"lfn": "x", "url": "data/x", "deliver": ["s3://out/base/x"]}
    ]
    assert [json.loads(line)["destination"] for line in output_lines(result)] == [
        "s3://out/base/x", "file:///base/wf-output/x",
    ]  # fmt: skip


def test_an_optional_output_is_told_as_such() -> None:
    workflow = make_workflow([T(id="a", outputs=["x", "y"])])
    workflow.tasks.use_flags[0] |= OPTIONAL
    result = plan_workflow(make_given(workflow))
    rows = [json.loads(line) for line in output_lines(result)]
    assert [(row["lfn"], row.get("optional", False)) for row in rows] == [("x", True), ("y", False)]


def test_only_the_last_producer_of_a_file_puts_it() -> None:
    lines = lines_of(planned([T(id="a", outputs=["x"]), T(id="b", outputs=["x"])]))
    assert lines["a"]["outputs"] == []
    assert [output["lfn"] for output in lines["b"]["outputs"]] == ["x"]


def test_clusters_are_named_on_the_line() -> None:
    tasks = [T(id=str(n), profiles={"pegasus.clusters.num": "1"}) for n in range(2)]
    lines = lines_of(planned(tasks, cluster=["horizontal"]))
    assert {line["cluster"] for line in lines.values()} == {"merge_t_PID1_ID1"}


def members_of(result, number=0):
    parts = list(bag_members(BagLines(result).lines(result.arrays[number])))
    return b"".join(member for member, _ in parts), b"".join(index for _, index in parts)


@pytest.mark.parametrize("count", [1, 2, 700])
def test_every_index_line_leads_to_the_member_that_holds_its_bag(count: int) -> None:
    result = planned([T(id=f"task-{n}", arguments="x" * 100) for n in range(count)])
    bags_file, index = members_of(result)
    assert len(index) == INDEX_LINE_BYTES * count
    offsets = set()
    for child in range(count):
        line = parse_index_line(index[INDEX_LINE_BYTES * child : INDEX_LINE_BYTES * (child + 1)])
        offsets.add(line.offset)
        member = zlib.decompress(bags_file[line.offset : line.offset + line.length], 31)
        tasks = [json.loads(text) for text in member.splitlines()]
        assert line.bag == child
        assert [task["id"] for task in tasks if task["bag"] == child] == [f"task-{child}"]
    assert len(offsets) == (1 if count < 3 else len(offsets))
    assert count < 700 or len(offsets) > 1
    assert len(gzip.decompress(bags_file).splitlines()) == count


def test_equal_plans_have_equal_bytes() -> None:
    tasks = [T(id=str(n), outputs=[f"o{n}"]) for n in range(50)]
    assert members_of(planned(tasks)) == members_of(planned(tasks))


def test_empty_lists_are_still_gzip_files() -> None:
    assert gzip.decompress(b"".join(gzip_lines([]))) == b""
    assert gzip.decompress(b"".join(gzip_lines(["a\n", "b\n"]))) == b"a\nb\n"


def test_the_verdict_knows_what_to_count() -> None:
    result = planned([T(id="a", outputs=["x"]), T(id="b", outputs=["y"])])
    assert json.loads(verdict_text(result)) == {
        "workflow": "test",
        "tasks": 2,
        "outputs": 2,
        "arrays": [{"name": "L0-t", "size": 2, "tasks": 2}],
    }
    assert list(upload_lines(result)) == []


@given(st.integers(0, 10**10 - 1), st.integers(0, 10**14 - 1), st.integers(0, 10**10 - 1))
@settings(deadline=None)
def test_index_lines_round_trip(bag: int, offset: int, length: int) -> None:
    line = IndexLine(bag, offset, length)
    assert parse_index_line(format_index_line(line)) == line


def test_numbers_too_long_for_the_index_are_our_bug() -> None:
    with pytest.raises(ValueError, match="out of range"):
        format_index_line(IndexLine(10**10, 0, 0))
    for text in (b"", b"x" * INDEX_LINE_BYTES):
        with pytest.raises(ValueError, match="not an index line"):
            parse_index_line(text)
