"""Containers of the transformation catalog, from catalog to job definitions and outputs."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from pegbatch.cli.wiring import open_run
from pegbatch.emulator.background import ensure_running, local_folder
from pegbatch.report.plan_text import plan_text
from tests.functional.commands import called, embedded_aws, planned
from tests.functional.container_workflows import write_workflow

AMAZON = (
    "-Dpegasus.aws.region=us-east-1",
    "-Dpegasus.aws.account=123456789012",
    "-Dpegasus.aws.batch.job_queue=q",
    "-Dpegasus.aws.batch.job_definition=mine-job-definition:3",
)
SCRATCH = """  directories:
  - type: sharedScratch
    path: /scratch
    fileServers: [{operation: all, url: "s3://mine/scratch"}]
"""
ENGINE = """#!/bin/sh
# Stands for a container engine: images are files, whose text is what a look into them says.
echo "$@" >> "$ENGINE_CALLS"
for last; do :; done
case "$1 $2" in
  "version "*) exit 0 ;;
  "image inspect")
    case "$last" in *bare*) words=null ;; *) words='["/entry"]' ;; esac
    case "$4" in *Entrypoint*) echo "$words"; exit 0 ;; *) exit 1 ;; esac ;;
  "pull "*) case "$last" in *gone*) echo "no such image" >&2; exit 1 ;; *) exit 0 ;; esac ;;
  "run "*) case "$*" in *lab/old*) echo "its python3 is older than 3.11" >&2; exit 1 ;; esac ;;
esac
"""


def plan(folder: Path, *options: str, text: bool = False) -> Path:
    """Plan the workflow; return its submit directory."""
    workflow = folder / "wf" / "workflow.yml"
    if not workflow.exists():
        write_workflow(folder / "wf", text=text)
    conf = str(folder / "wf" / "pegasus.properties")
    words = ("--conf", conf, "--output-dir", str(folder / "out"), *options)
    return Path(planned(workflow, folder / "runs", *words)["submit_dir"])


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    with embedded_aws(tmp_path / "runs"):
        yield tmp_path


def described(folder: Path) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the definitions by image, and by the end of a job's name its definition."""
    endpoint = ensure_running(local_folder(folder / "runs"))
    batch = boto3.client(
        "batch",
        endpoint_url=endpoint.url,
        region_name="us-east-1",
        aws_access_key_id="x",
        aws_secret_access_key="x",
    )
    try:
        found = batch.describe_job_definitions(status="ACTIVE")["jobDefinitions"]
        queue = batch.describe_job_queues()["jobQueues"][0]["jobQueueName"]
        jobs = batch.list_jobs(jobQueue=queue, jobStatus="SUCCEEDED")["jobSummaryList"]
    finally:
        batch.close()
    images = {one["containerProperties"]["image"]: one for one in found}
    assert len(images) == len(found), "a definition is registered twice"
    return images, {one["jobName"].rpartition("-")[2]: one["jobDefinition"] for one in jobs}


def test_a_run_makes_a_definition_for_each_image_and_the_next_one_finds_it(folder: Path) -> None:
    submit_dir = plan(folder)
    code, _, talk = called("run", submit_dir)
    assert code == 0, talk
    assert "the images of containers (one, two) are not used" in talk
    assert (folder / "out" / "c.txt").read_text() == "one task\ntwo\n\n"
    images, jobs = described(folder)
    assert set(images) == {"localhost/fetch-and-run", "localhost/one:1", "localhost/two:1"}
    of_image = {image: body["jobDefinitionArn"] for image, body in images.items()}
    assert jobs == {
        "left": of_image["localhost/one:1"],
        "right": of_image["localhost/two:1"],
        "both": of_image["localhost/fetch-and-run"],
        "verdict": of_image["localhost/fetch-and-run"],
    }
    properties = images["localhost/one:1"]["containerProperties"]
    assert properties["mountPoints"][0]["containerPath"] == "/shared"
    assert called("run", plan(folder))[0] == 0
    again, _ = described(folder)
    assert {one["revision"] for one in again.values()} == {1}


def test_the_text_catalog_says_the_same(tmp_path: Path) -> None:
    plans = [
        json.loads((plan(tmp_path / name, text=name == "text") / "plan.json").read_text())
        for name in ("yaml", "text")
    ]
    assert plans[0]["containers"] == plans[1]["containers"]
    assert [one["name"] for one in plans[0]["containers"]] == ["one", "two"]
    jobs = [[(job["name"], job.get("container")) for job in one["jobs"]] for one in plans]
    assert jobs[0] == jobs[1]
    text = plan_text(open_run(plan(tmp_path / "yaml")).plan)
    assert "containers: one (localhost/one:1), two (localhost/two:1)" in text


def test_a_dry_run_shows_the_definitions_that_a_run_would_make(tmp_path: Path) -> None:
    code, out, talk = called("run", "--dry-run", "--json", plan(tmp_path))
    assert code == 0, talk
    sent = json.loads(out)
    names = {
        body["containerProperties"]["image"]: body["jobDefinitionName"]
        for body in sent["definitions"]
    }
    assert set(names) == {"localhost/one:1", "localhost/two:1"}
    used = {body["jobDefinition"] for body in sent["requests"]}
    assert used == {"pegbatch-local-job-definition", *names.values()}
    code, out, _ = called("run", "--dry-run", plan(tmp_path))
    assert out.count("\nRegisterJobDefinition {") == 2


def test_a_dry_run_on_amazon_says_what_it_does_not_know(tmp_path: Path) -> None:
    write_workflow(tmp_path / "wf")
    sites = tmp_path / "wf" / "sites.yml"
    sites.write_text(sites.read_text() + SCRATCH)
    code, out, talk = called("run", "--dry-run", "--json", plan(tmp_path, *AMAZON))
    assert code == 0, talk
    assert "nobody was asked what the base definition says" in talk
    definitions = json.loads(out)["definitions"]
    assert all(one["jobDefinitionName"].startswith("mine-") for one in definitions)
    assert {tuple(one["containerProperties"]) for one in definitions} == {
        ("image", "environment", "volumes", "mountPoints"),
        ("image", "environment"),
    }


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a container engine where programs are looked for; return the list of its calls."""
    program = tmp_path / "bin" / "docker"
    program.parent.mkdir()
    program.write_text(ENGINE)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("ENGINE_CALLS", str(tmp_path / "calls"))
    return tmp_path / "calls"


def checked(submit_dir: Path, *words: str) -> tuple[int, dict[str, list[str]]]:
    """Return the exit code of check, and its messages by check."""
    code, out, talk = called("check", "--json", *words, submit_dir)
    assert out, talk
    found: dict[str, list[str]] = {}
    for one in json.loads(out)["checks"]:
        found.setdefault(one["check"], []).append(f"{one['verdict']}: {one['message']}")
    return code, found


def test_check_names_images_and_looks_into_them_when_asked(tmp_path: Path, engine: Path) -> None:
    submit_dir = plan(tmp_path)
    code, found = checked(submit_dir)
    assert code == 0
    assert found["container one"][0].startswith("ok: localhost/one:1")
    assert "images" not in found
    assert not engine.exists()
    code, found = checked(submit_dir, "--images")
    assert code == 0
    assert found["images"] == [
        f"ok: localhost/{name}:1 has an entry point, python3 and obstore (by docker)"
        for name in ("one", "two")
    ]


@pytest.mark.parametrize(
    ("image", "why"),
    [
        ("lab/gone", "no such image"),
        ("lab/old", "its python3 is older than 3.11"),
        ("lab/bare", "it has no entry point"),
    ],
)
def test_check_says_what_an_image_lacks(tmp_path: Path, engine: Path, image: str, why: str) -> None:
    write_workflow(tmp_path / "wf")
    catalog = tmp_path / "wf" / "transformations.yml"
    catalog.write_text(catalog.read_text().replace("localhost/two:1", image))
    code, found = checked(plan(tmp_path), "--images")
    assert code == 5
    assert f"failed: {image} is not ready: {why}" in found["images"]


def test_without_an_engine_images_are_not_looked_into(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit_dir = plan(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    code, found = checked(submit_dir, "--images")
    assert code == 0
    assert "works here" in found["images"][0]


def test_a_singularity_container_is_refused_with_line_and_way_out(tmp_path: Path) -> None:
    write_workflow(tmp_path / "wf")
    catalog = tmp_path / "wf" / "transformations.yml"
    text = catalog.read_text().replace("one, type: docker", "one, type: singularity")
    catalog.write_text(text)
    line = 1 + text[: text.index("- {name: one")].count("\n")
    conf = str(tmp_path / "wf" / "pegasus.properties")
    words = ("plan", "--conf", conf, "--dir", tmp_path / "runs", tmp_path / "wf" / "workflow.yml")
    code, _, talk = called(*words)
    assert code == 4
    assert f"transformations.yml:{line}: container 'one' is singularity" in talk
    assert "type docker, image localhost/one:1" in talk
