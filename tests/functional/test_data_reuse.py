"""Data reuse from plan to plan on the embedded AWS, and S3 services of the user's own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.functional.commands import EXAMPLES, answer, embedded_aws, pegbatch, planned
from tests.wire_s3 import s3_server

DIAMOND = EXAMPLES / "black-diamond"
CANARY = "CanaryThatNobodyMaySee"
SITES = """pegasus: "5.0"
sites:
  - name: aws-batch
    directories:
      - type: sharedScratch
        path: /scratch
        fileServers: [{operation: all, url: "s3://user@amazon/pegbatch-examples/scratch"}]
      - type: sharedStorage
        path: /out
        fileServers: [{operation: all, url: "s3://user@amazon/results/out"}]
  - name: lab
    directories:
      - type: sharedStorage
        path: /out
        fileServers: [{operation: all, url: "s3://me@lab/results/out"}]
"""


@pytest.fixture
def base(tmp_path: Path) -> Iterator[Path]:
    """Lend a folder for runs, with a site catalog in it."""
    with embedded_aws(tmp_path / "my runs") as folder:
        (folder / "sites.yml").write_text(SITES)
        yield folder


def plan(base: Path, *options: str) -> dict[str, Any]:
    """Plan the black diamond on the sites above."""
    words = ("--conf", str(DIAMOND / "pegasus.properties"))
    sites = f"-Dpegasus.catalog.site.file={base / 'sites.yml'}"
    return planned(DIAMOND / "diamond.yml", base, *words, sites, "--sites", "aws-batch", *options)


def run(submit_dir: str, base: Path) -> dict[str, Any]:
    return answer("run", submit_dir, cwd=base)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_second_plan_takes_over_what_the_first_run_registered(base: Path) -> None:
    out, copies = base / "out", base / "copies"
    first = plan(base, "--output-dir", str(out))
    run(first["submit_dir"], base)
    made = contents(out)
    assert sorted(made) == ["f.c1", "f.c2", "f.d"]

    reuse = ("--reuse", first["submit_dir"])
    again = plan(base, "--output-dir", str(out), *reuse)
    assert (again["tasks"], again["reused"], again["requests"]) == (0, 4, 1)
    assert run(again["submit_dir"], base)["state"] == "succeeded"

    cache = ("--cache", str(Path(again["submit_dir"]) / "replicas.yml"))
    elsewhere = plan(base, "--output-dir", str(copies), *cache)
    assert (elsewhere["tasks"], elsewhere["outputs"]) == (0, 3)
    run(elsewhere["submit_dir"], base)
    assert contents(copies) == made

    assert plan(base, *reuse, "--force")["tasks"] == 4
    (out / "f.c1").unlink()
    (out / "f.d").unlink()
    rest = plan(base, "--output-dir", str(out), *reuse)
    assert (rest["tasks"], rest["reused"]) == (3, 1)
    run(rest["submit_dir"], base)
    assert contents(out) == made


def test_outputs_on_s3_are_found_by_listing_and_copied_by_the_run(base: Path) -> None:
    first = plan(base, "--output-dir", str(base / "out"))
    run(first["submit_dir"], base)
    moved = plan(base, "--output-sites", "aws-batch", "--reuse", first["submit_dir"])
    assert [job["name"] for job in moved["arrays"]] == ["copy-reused", "verdict"]
    run(moved["submit_dir"], base)
    bucket = base / "local-aws" / "s3" / "results" / "out"
    assert contents(bucket) == contents(base / "out")
    for place in (moved["submit_dir"], "s3://results/out", str(base / "out")):
        again = plan(base, "--output-sites", "aws-batch", "--reuse", place)
        assert (again["tasks"], again["reused"]) == (0, 4)


def test_outputs_go_into_the_catalog_that_is_named(base: Path) -> None:
    catalog = base / "known outputs.txt"
    named = (
        "-Dpegasus.catalog.replica.output=File",
        f"-Dpegasus.catalog.replica.output.file={catalog}",
        "--output-dir",
        str(base / "out"),
    )
    run(plan(base, *named)["submit_dir"], base)
    assert len(catalog.read_text().splitlines()) == 3
    assert plan(base, *named, "--cache", str(catalog))["tasks"] == 0
    unregistered = plan(base, "-Dpegasus.register=false", "--output-dir", str(base / "out"))
    run(unregistered["submit_dir"], base)
    assert not (Path(unregistered["submit_dir"]) / "replicas.yml").exists()
    assert plan(base, "--reuse", unregistered["submit_dir"])["tasks"] == 4


@pytest.fixture
def lab() -> Iterator[Any]:
    """Serve an S3 service of the user's own, with a login for it in the home directory."""
    with s3_server() as url:
        client = boto3.client(
            "s3",
            endpoint_url=url,
            aws_access_key_id=f"{CANARY}Id",
            aws_secret_access_key=f"{CANARY}Key",
            region_name="us-east-1",
        )
        client.create_bucket(Bucket="inputs")
        client.create_bucket(Bucket="results")
        data = (DIAMOND / "inputs" / "f.a").read_bytes()
        client.put_object(Bucket="inputs", Key="of me/f.a", Body=data)
        home = Path(os.environ["HOME"]) / ".pegasus"
        home.mkdir(parents=True)
        conf = home / "credentials.conf"
        conf.write_text(
            f"[lab]\nendpoint = {url}\n[me@lab]\n"
            f"access_key = {CANARY}Id\nsecret_key = {CANARY}Key\n"
        )
        conf.chmod(0o600)
        yield client
        client.close()


def test_inputs_and_outputs_of_ones_own_service_and_no_secret_anywhere(
    base: Path, lab: Any
) -> None:
    (base / "empty.txt").write_text("")
    options = (
        f"-Dpegasus.catalog.replica.file={base / 'empty.txt'}",
        *("--input-dir", "s3://me@lab/inputs/of me"),
        *("--output-sites", "lab"),
    )
    first = plan(base, *options)
    said = pegbatch("run", first["submit_dir"], cwd=base)
    assert said.returncode == 0, said.stdout + said.stderr
    listed = lab.list_objects_v2(Bucket="results")["Contents"]
    assert [item["Key"] for item in listed] == ["out/f.c1", "out/f.c2", "out/f.d"]

    again = plan(base, *options, "--reuse", first["submit_dir"])
    assert (again["tasks"], again["reused"], again["requests"]) == (0, 4, 1)
    assert plan(base, *options, "--reuse", "s3://me@lab/results/out")["tasks"] == 0

    assert CANARY not in said.stdout + said.stderr
    written = [path for path in base.rglob("*") if path.is_file()]
    assert len(written) > 20
    assert [path for path in written if CANARY.encode() in path.read_bytes()] == []
