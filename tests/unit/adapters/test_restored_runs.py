"""What lies in a store is not trusted: a restored directory holds nothing that harms."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from pegbatch.adapters.handed_down_folders import handed_down_folders
from pegbatch.adapters.restored_runs import (
    bring_plan,
    has_foreign_commands,
    read_known_run,
    read_plan,
    restored_user,
)
from pegbatch.adapters.submit_dir import PLAN_FILES
from pegbatch.errors import InputError
from pegbatch.model.known_run import KnownRun, known_run_from_json, known_run_to_json
from pegbatch.model.plan import plan_to_json
from tests.fakes_store import MemoryStore
from tests.plans import RUN_URL, job, plan

KNOWN = KnownRun(
    run_url=RUN_URL,
    service="aws",
    wire=False,
    job_prefix="sketch-01234567",
    started=5.0,
    number=2,
    queues=("q",),
)
PLAN = plan(job("one", size=2), job("verdict", "one", kind="verdict"))


class Bucket(MemoryStore):
    """A run in a store, to be spoilt by a test."""

    def __init__(self, **header: Any) -> None:
        super().__init__()
        self.put("run.json", json.dumps(known_run_to_json(KNOWN)))
        for name in PLAN_FILES:
            self.put(name, "")
        self.put("plan.json", json.dumps({**plan_to_json(PLAN), **header}))
        self.put("braindump.yml", "user: somebody\nbasedir: /home/somebody\n")
        self.outputs([])
        for name in ("one.bags.jsonl.gz", "one.index"):
            self.put(f"arrays/{name}", "x")

    def put(self, name: str, text: str | bytes) -> None:
        data = text.encode() if isinstance(text, str) else text
        self.write(f"{RUN_URL}/plan/{name}", data)

    def outputs(self, rows: list[dict[str, Any]]) -> None:
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        self.put("outputs.jsonl.gz", gzip.compress(lines.encode()))


def brought(bucket: Bucket, folder: Path, *, output_dir: Path | None = None) -> Path:
    base, draft = folder / "base", folder / "base" / "draft"
    draft.mkdir(parents=True)
    bring_plan(bucket, RUN_URL, draft, base=base, places=(base, output_dir or base / "wf-output"))
    return draft


def rows(draft: Path) -> list[dict[str, Any]]:
    with gzip.open(draft / "outputs.jsonl.gz") as lines:
        return [json.loads(line) for line in lines]


def output(destination: str, lfn: str = "f", url: str = "data/f") -> dict[str, Any]:
    return {"lfn": lfn, "url": url, "destination": destination, "site": "local"}


def test_nested_runs_deliver_below_the_places_of_the_user_alone(tmp_path: Path) -> None:
    base = tmp_path / "base"
    folders = [f"file://{base}/out", f"file://{base}/../etc", "file:///etc"]
    bucket = Bucket()
    handed = {"format": 1, "scopes": {"": {"output_folders": folders, "sites": []}}}
    bucket.put("catalogs/handed-down.json", json.dumps(handed))
    draft = brought(bucket, tmp_path)
    assert handed_down_folders(draft) == [base / "out"]


NO_FOLDERS = '"scopes": {"": {"output_folders": []}}'


@pytest.mark.parametrize(
    "text",
    [
        *("{", "[]", '{"scopes": {"": {}}}', '{"scopes": {"": [7]}}'),
        f'{{"large": {1 << 70}, {NO_FOLDERS}}}',
        f'{{"half": "\\ud800", {NO_FOLDERS}}}',
        f'{{"deep": {"[" * 400}{"]" * 400}, {NO_FOLDERS}}}',
    ],
)
def test_what_no_plan_hands_down_is_left_behind(tmp_path: Path, text: str) -> None:
    bucket = Bucket()
    bucket.put("catalogs/handed-down.json", text)
    assert not (brought(bucket, tmp_path) / "catalogs" / "handed-down.json").exists()


def test_files_of_a_plan_come_back_and_others_do_not(tmp_path: Path) -> None:
    bucket = Bucket()
    wanted = {"tries/2.json", "arrays/one.t2.index", "catalogs/my sites.yml"}
    odd = {
        "tries/x.json",
        "arrays/.hidden.index",
        "arrays/../../escape.index",
        "catalogs/../../escape",
        "catalogs/.profile",
        "../escape",
        "run.db",
        "deep/er/file",
    }
    for name in wanted | odd:
        bucket.put(name, "{}")
    draft = brought(bucket, tmp_path)
    found = {path.relative_to(draft).as_posix() for path in draft.rglob("*") if path.is_file()}
    assert found == wanted | set(PLAN_FILES) | {"arrays/one.bags.jsonl.gz", "arrays/one.index"}
    assert not list(tmp_path.rglob("escape*"))


def test_outputs_stay_in_places_that_the_user_named(tmp_path: Path) -> None:
    inside, chosen = tmp_path / "base" / "out" / "f", tmp_path / "chosen"
    bucket = Bucket()
    bucket.outputs(
        [
            output(f"file://{inside}"),
            output("file:///etc/cron.d/f"),
            output(f"file://{tmp_path}/base/../../etc/f", lfn="d/f"),
            output(f"file://localhost{inside}"),
            output("s3://me@elsewhere/bucket/f"),
            output("s3://bucket/f", url="s3://bucket/f"),
        ]
    )
    draft = brought(bucket, tmp_path, output_dir=chosen)
    assert [row["destination"] for row in rows(draft)] == [
        f"file://{inside}",
        f"file://{chosen}/f",
        f"file://{chosen}/d/f",
        f"file://localhost{inside}",
        f"file://{chosen}/f",
        "s3://bucket/f",
    ]


def test_a_link_in_the_base_directory_leads_no_output_out_of_it(tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "out").symlink_to("/etc")
    bucket = Bucket()
    bucket.outputs([output(f"file://{tmp_path}/base/out/f")])
    base = tmp_path / "base"
    draft = base / "draft"
    draft.mkdir()
    assert bring_plan(bucket, RUN_URL, draft, base=base, places=(base, base / "wf")) == 1
    assert rows(draft)[0]["destination"] == f"file://{base}/wf/f"


@pytest.mark.parametrize(
    "row",
    [
        output("file:///x/f", lfn="../f"),
        output("file:///x/f", lfn="/f"),
        output("file:///x/f", lfn=""),
        output("file:///x/f", lfn="a\0b"),
        output("s3://me@elsewhere/bucket/f", url="file:///home/me/.ssh/id_rsa"),
        {"lfn": "f", "url": "data/f"},
        {"lfn": 1, "url": "data/f", "destination": "file:///x"},
    ],
)
def test_an_output_that_no_plan_has_is_refused(row: dict[str, Any], tmp_path: Path) -> None:
    bucket = Bucket()
    bucket.outputs([row])
    with pytest.raises(InputError):
        brought(bucket, tmp_path)


def test_hooks_and_catalogs_elsewhere_are_left_behind(tmp_path: Path) -> None:
    properties = {"pegasus.catalog.replica.output.file": "/etc/passwd", "pegbatch.pack.size": "2"}
    bucket = Bucket(hooks=[{"on": "end", "cmd": "rm -rf ~"}], properties=properties)
    assert has_foreign_commands(bucket, RUN_URL)
    draft = brought(bucket, tmp_path)
    header = json.loads((draft / "plan.json").read_bytes())
    assert "hooks" not in header
    assert header["properties"] == {"pegbatch.pack.size": "2"}
    assert read_plan(bucket, RUN_URL).hooks == ()


def test_the_directory_belongs_to_where_it_is_now(tmp_path: Path) -> None:
    draft = brought(Bucket(), tmp_path)
    assert yaml.safe_load((draft / "braindump.yml").read_text()) == {
        "user": "somebody",
        "basedir": str(tmp_path / "base"),
        "vogroup": "pegasus",
    }


@pytest.mark.parametrize("user", ["../../etc", "/root", "", "[1, 2]", "{a: b}", "!!python/x y"])
def test_a_strange_user_leads_nowhere(user: str) -> None:
    bucket = Bucket()
    bucket.put("braindump.yml", f"user: {user}\n")
    assert "/" not in restored_user(bucket, RUN_URL, "me")
    assert restored_user(bucket, RUN_URL, "me") not in ("", ".", "..")


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".hidden", "x" * 200, 7, None])
def test_a_job_with_a_strange_name_is_no_job(name: object) -> None:
    header = plan_to_json(PLAN)
    header["jobs"][0]["name"] = name
    with pytest.raises(InputError, match="a plan has no job like"):
        read_plan(Bucket(jobs=header["jobs"]), RUN_URL)


@pytest.mark.parametrize("text", ["", "[]", "null", "{", '{"format": 2}', "[" * 100_000])
def test_rubbish_is_no_plan(text: str) -> None:
    bucket = Bucket()
    bucket.put("plan.json", text)
    with pytest.raises(InputError):
        read_plan(bucket, RUN_URL)


def test_a_plan_that_was_not_sent_to_its_end_is_refused(tmp_path: Path) -> None:
    bucket = Bucket()
    bucket.delete([f"{RUN_URL}/plan/arrays/one.index"])
    with pytest.raises(InputError, match="was never sent"):
        brought(bucket, tmp_path)


def test_a_copy_of_a_run_is_told_from_the_run() -> None:
    bucket = Bucket()
    copied = known_run_to_json(KNOWN) | {"run": "s3://elsewhere/run"}
    bucket.put("run.json", json.dumps(copied))
    with pytest.raises(InputError, match="a copy of the run s3://elsewhere/run"):
        read_known_run(bucket, RUN_URL)


def test_what_a_run_says_of_itself_comes_back() -> None:
    assert known_run_from_json(known_run_to_json(KNOWN), source="here") == KNOWN
    assert read_known_run(Bucket(), RUN_URL) == KNOWN


@pytest.mark.parametrize(
    "change",
    [
        {"format": 2},
        {"service": "moon"},
        {"try": 0},
        {"try": "x"},
        {"queues": None},
        {"started": "x"},
        {"started": None},
        {"try": float("inf")},
    ],
)
def test_what_no_run_says_of_itself_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="here"):
        known_run_from_json(known_run_to_json(KNOWN) | change, source="here")


def test_what_lies_in_a_store_does_not_choose_who_is_told(tmp_path: Path) -> None:
    properties = {"pegbatch.notify.sns": "arn:aws:sns:x:123456789012:theirs", "kept": "yes"}
    bucket = Bucket(properties=properties)
    bucket.put("braindump.yml", "user: somebody\nproperties: /etc/passwd\n")
    draft = brought(bucket, tmp_path)
    assert json.loads((draft / "plan.json").read_text())["properties"] == {"kept": "yes"}
    assert "properties" not in yaml.safe_load((draft / "braindump.yml").read_text())
