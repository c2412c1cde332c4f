"""The commands of a run, as far as they go without a service."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path

import pytest

from pegbatch.cli.choice import Wishes, choose_service, local_runtime, local_vcpus, region
from pegbatch.cli.main import main
from pegbatch.cli.wiring import held, open_run
from pegbatch.errors import PlanError, UsageError
from pegbatch.model.plan import Plan, plan_to_json
from pegbatch.planner.staging import EMBEDDED_BUCKET_URL
from tests.plans import diamond

AMAZON = {"pegasus__aws__region": "eu-west-1", "pegasus__aws__account": "1"}
COMMANDS = ("run", "status", "wait", "fetch", "cancel")


def write_plan(folder: Path, plan: Plan) -> Path:
    path = folder / "me" / "pegasus" / "sketch" / "run0001"
    (path / "arrays").mkdir(parents=True)
    (path / "plan.json").write_text(json.dumps(plan_to_json(plan)))
    for name in ("uploads.jsonl.gz", "outputs.jsonl.gz"):
        (path / name).write_bytes(gzip.compress(b""))
    return path


def pegbatch(*words: object) -> int:
    with pytest.raises(SystemExit) as end:
        main([str(word) for word in words])
    assert isinstance(end.value.code, int)
    return end.value.code


@pytest.mark.parametrize("name", COMMANDS)
def test_what_is_no_submit_directory_is_bad_input_with_a_hint(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert pegbatch(name, tmp_path) == 3
    told = capsys.readouterr()
    assert "not a submit directory" in told.err
    assert "pegbatch plan" in told.err
    assert told.out == ""


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert pegbatch(name, "--help") == 0
    assert "DIR" in capsys.readouterr().out


def test_the_current_directory_is_the_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(write_plan(tmp_path, diamond()))
    assert pegbatch("status", "--json") == 0
    assert json.loads(capsys.readouterr().out)["state"] == "planned"


def test_a_plan_that_was_never_run_is_planned_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_plan(tmp_path, diamond())
    before = sorted(path.iterdir())
    assert pegbatch("status", path, "--json") == 0
    status = json.loads(capsys.readouterr().out)
    assert status["tasks"]["waiting"] == status["tasks"]["total"] == 4
    assert (status["run"], status["seconds"], status["outputs"]) == ("", 0.0, 1)
    assert status["arrays"][0]["job_id"] is None
    assert sorted(path.iterdir()) == before


@pytest.mark.parametrize("name", ["wait", "fetch", "cancel"])
def test_what_was_never_run_cannot_be_waited_for_fetched_or_cancelled(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert pegbatch(name, write_plan(tmp_path, diamond())) == 3
    assert "never run" in capsys.readouterr().err


def test_a_plan_without_catalogs_cannot_be_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_plan(tmp_path, replace(diamond(), runnable=False))
    assert pegbatch("run", path) == 4
    assert "without catalogs" in capsys.readouterr().err
    assert not (tmp_path / "local-aws").exists()


def test_a_run_that_is_held_says_by_whom(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_plan(tmp_path, diamond())
    with held(open_run(path)) as first:
        assert first
        assert pegbatch("run", path) == 5
    assert "held by process" in capsys.readouterr().err


def test_on_amazon_queue_and_definition_must_be_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_plan(tmp_path, replace(diamond(**AMAZON), staging_url="file:///staging"))
    assert pegbatch("run", path) == 4
    told = capsys.readouterr().err
    assert "pegasus.aws.batch.job_definition" in told
    assert "pegasus.aws.batch.job_queue" in told


def test_region_and_account_together_choose_amazon() -> None:
    nothing = Wishes()
    assert choose_service(diamond(**AMAZON), nothing, "") == "aws"
    assert choose_service(diamond(pegasus__aws__region="r"), nothing, "") == "local"
    assert choose_service(diamond(), nothing, "") == "local"


def test_options_overrule_the_properties() -> None:
    assert choose_service(diamond(**AMAZON), Wishes(local=True), "") == "local"
    assert choose_service(diamond(), Wishes(aws=True), "") == "aws"
    with pytest.raises(UsageError, match="exclude"):
        choose_service(diamond(), Wishes(aws=True, local=True), "")


def test_a_run_that_has_begun_stays_where_it_is() -> None:
    assert choose_service(diamond(**AMAZON), Wishes(), "local") == "local"
    assert choose_service(diamond(), Wishes(aws=True), "aws") == "aws"
    with pytest.raises(UsageError, match="embedded AWS already"):
        choose_service(diamond(), Wishes(aws=True), "local")
    with pytest.raises(UsageError, match="Amazon already"):
        choose_service(diamond(), Wishes(local=True), "aws")


def test_a_plan_staged_in_the_embedded_aws_is_not_sent_to_amazon() -> None:
    plan = replace(diamond(), staging_url=EMBEDDED_BUCKET_URL)
    with pytest.raises(PlanError, match="embedded AWS"):
        choose_service(plan, Wishes(aws=True), "")


def test_the_region_comes_from_the_properties_then_the_environment() -> None:
    assert region(diamond(**AMAZON), {"AWS_REGION": "us-east-2"}) == "eu-west-1"
    assert region(diamond(), {"AWS_DEFAULT_REGION": "us-east-2"}) == "us-east-2"
    with pytest.raises(PlanError, match="region"):
        region(diamond(), {})


def test_vcpus_come_from_the_option_then_the_property() -> None:
    plan = diamond(pegbatch__local__vcpus="3")
    assert local_vcpus(plan, Wishes(vcpus=5)) == 5
    assert local_vcpus(plan, Wishes()) == 3
    assert local_vcpus(diamond(), Wishes()) is None
    with pytest.raises(PlanError, match=r"pegbatch\.local\.vcpus = many"):
        local_vcpus(diamond(pegbatch__local__vcpus="many"), Wishes())


def test_what_tasks_run_in_is_said_by_the_option_or_else_by_the_property() -> None:
    plan = diamond(pegbatch__local__runtime="Podman")
    assert local_runtime(plan, Wishes(runtime="docker")) == "docker"
    assert local_runtime(plan, Wishes()) == "podman"
    assert local_runtime(diamond(), Wishes()) is None
    with pytest.raises(PlanError, match=r"pegbatch\.local\.runtime = rkt is no runtime"):
        local_runtime(diamond(pegbatch__local__runtime="rkt"), Wishes())
