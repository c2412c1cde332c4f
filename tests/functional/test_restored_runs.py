"""Runs whose submit directory was deleted, and the queue to fall back on."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from pegbatch.adapters.sqlite_runs import SqliteRuns
from pegbatch.emulator.background import local_folder, stop
from pegbatch.model.known_run import KnownRun, known_run_to_json
from pegbatch.model.plan import plan_to_json
from tests.functional.resume_desk import (
    TASKS,
    ResumeDesk,
    once,
    submissions,
    successes,
    undisturbed,
)
from tests.plans import job, plan

ALL = sorted(undisturbed())


def url_of(desk: ResumeDesk, submit_dir: Path) -> str:
    found: str = desk.status(submit_dir)["run"]
    return found


def test_a_failed_run_is_restored_and_resumed_by_its_url(desk: ResumeDesk) -> None:
    submit_dir = desk.plan()
    desk.breaks("a1")
    assert desk.call("run", submit_dir).returncode == 1
    url = url_of(desk, submit_dir)
    known = desk.call("run", url, "--dir", desk.base)
    assert known.returncode == 3
    assert f"go on with `pegbatch run {submit_dir}`" in known.stderr
    kept = {path.name: path.read_bytes() for path in (submit_dir / "arrays").iterdir()}
    shutil.rmtree(submit_dir)
    desk.breaks()
    desk.ran()
    restored = desk.call("run", url, "--dir", desk.base)
    assert restored.returncode == 0, restored.stderr
    assert f"the run is restored to {submit_dir}" in restored.stderr
    assert "AWS Batch knows 4 of 4 jobs of try 1" in restored.stderr
    assert "resuming: 3 of 9 tasks are missing" in restored.stderr
    assert desk.ran() == once(["a1", "b1", "end"])
    assert desk.delivered() == undisturbed()
    assert successes(desk.store()) == once(ALL)
    arrays = {path.name: path.read_bytes() for path in (submit_dir / "arrays").iterdir()}
    assert {name: arrays[name] for name in kept} == kept


def test_a_later_try_is_restored_when_batch_has_forgotten_all(desk: ResumeDesk) -> None:
    submit_dir = desk.plan("-Dpegbatch.pack.size=2")
    desk.breaks("a1")
    assert desk.call("run", submit_dir).returncode == 1
    desk.breaks("end")
    assert desk.call("run", submit_dir).returncode == 1
    url = url_of(desk, submit_dir)
    shutil.rmtree(submit_dir)
    folder = local_folder(desk.base)
    stop(folder)
    for path in folder.iterdir():
        if path.is_file():
            path.unlink()
    desk.breaks()
    desk.ran()
    restored = desk.call("run", url, "--dir", desk.base)
    assert restored.returncode == 0, restored.stderr
    assert "AWS Batch knows 0 of " in restored.stderr
    assert desk.ran() == once(["end"])
    assert desk.delivered() == undisturbed()
    assert successes(desk.store()) == once(ALL)
    assert desk.status(submit_dir)["try"] == 3
    assert desk.status(submit_dir)["tasks"]["succeeded"] == TASKS


def test_jobs_that_still_run_are_attached_and_not_submitted_again(desk: ResumeDesk) -> None:
    gate = desk.folder / "gate"
    path = desk.write()
    text = path.read_text()
    path.write_text(text.replace("cat b?", f"until test -e {gate}; do sleep 0.1; done; cat b?"))
    words = ("--dir", desk.base, "--output-dir", desk.outputs, "-s", "here", "--json")
    submit_dir = Path(json.loads(desk.call("plan", *words, path).stdout)["submit_dir"])
    assert desk.call("run", "--detach", submit_dir).returncode == 0
    url = url_of(desk, submit_dir)
    ids = {row["job_id"] for row in desk.status(submit_dir)["arrays"]}
    shutil.rmtree(submit_dir)
    back = desk.call("run", "--detach", url, "--dir", desk.base)
    assert back.returncode == 0, back.stderr
    assert {row["job_id"] for row in desk.status(submit_dir)["arrays"]} == ids
    gate.touch()
    ended = desk.call("wait", submit_dir)
    assert ended.returncode == 0, ended.stderr
    assert desk.ran() == once(ALL)
    assert desk.delivered() == undisturbed()
    assert len(submissions(submit_dir)) == len(ids)


def test_a_run_in_a_plain_directory_is_restored_too(desk: ResumeDesk) -> None:
    path = desk.write()
    scratch = desk.folder / "scratch"
    site = json.dumps(
        {
            "name": "here",
            "directories": [
                {
                    "type": "sharedScratch",
                    "path": str(scratch),
                    "fileServers": [{"operation": "all", "url": f"file://{scratch}"}],
                }
            ],
        }
    )
    path.write_text(path.read_text().replace("{name: here, directories: []}", site))
    elsewhere = desk.folder / "elsewhere"
    words = ("--dir", desk.base, "--output-dir", elsewhere, "-s", "here", "--json")
    submit_dir = Path(json.loads(desk.call("plan", *words, path).stdout)["submit_dir"])
    desk.breaks("b0")
    assert desk.call("run", submit_dir).returncode == 1
    url = url_of(desk, submit_dir)
    shutil.rmtree(desk.base / "root", ignore_errors=True)
    shutil.rmtree(submit_dir, ignore_errors=True)
    shutil.rmtree(elsewhere)
    desk.breaks()
    restored = desk.call("run", url, "--dir", desk.base)
    assert restored.returncode == 0, restored.stderr
    assert f"{TASKS} outputs go to {desk.base / 'wf-output'}" in restored.stderr
    assert not elsewhere.exists()
    desk.outputs = desk.base / "wf-output"
    assert desk.delivered() == undisturbed()


def test_other_commands_say_how_a_run_is_restored(desk: ResumeDesk) -> None:
    for name in ("status", "wait", "fetch", "cancel"):
        refused = desk.call(name, "s3://bucket/run")
        assert refused.returncode == 2
        assert "`pegbatch run s3://bucket/run` brings the directory back" in refused.stderr


def test_a_run_that_is_not_there_is_said_and_leaves_nothing(desk: ResumeDesk) -> None:
    refused = desk.call("run", "s3://pegbatch/nothing", "--dir", desk.base)
    assert refused.returncode == 3
    assert "s3://pegbatch/nothing: there is no run" in refused.stderr
    assert not list(desk.base.glob("*/pegasus")) if desk.base.exists() else True


def lay_run(desk: ResumeDesk, **told: object) -> str:
    """Lay down the head of a run that says of itself what is told; return its URL."""
    url = "s3://pegbatch/told"
    known = KnownRun(
        run_url=url,
        service="local",
        wire=False,
        job_prefix="told-01234567",
        started=5.0,
        number=1,
        queues=("q",),
    )
    folder = local_folder(desk.base) / "s3" / "pegbatch" / "told" / "plan"
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(json.dumps({**known_run_to_json(known), **told}))
    header = plan_to_json(plan(job("one"), job("verdict", "one", kind="verdict")))
    (folder / "plan.json").write_text(json.dumps(header))
    return url


def test_a_run_that_says_it_is_elsewhere_is_not_run_here(desk: ResumeDesk) -> None:
    refused = desk.call("run", lay_run(desk, service="aws"), "--dir", desk.base)
    assert refused.returncode == 3
    assert "this run says it is on Amazon, and its objects are on the embedded AWS" in (
        refused.stderr
    )


def test_a_run_of_another_embedded_aws_is_restored_there(desk: ResumeDesk) -> None:
    other = desk.folder / "other" / "local-aws"
    other.mkdir(parents=True)
    (other / "batch.db").touch()
    refused = desk.call("run", lay_run(desk, local_folder=str(other)), "--dir", desk.base)
    assert refused.returncode == 3
    assert f"restore it there: --dir {other.parent}" in refused.stderr


def test_a_run_whose_plan_was_not_sent_is_not_restored(desk: ResumeDesk) -> None:
    refused = desk.call("run", lay_run(desk), "--dir", desk.base)
    assert refused.returncode == 3
    assert "this file of the plan was never sent" in refused.stderr
    assert not list(desk.base.glob("*/pegasus"))


def queues(submit_dir: Path) -> dict[tuple[int, str], str]:
    events = SqliteRuns(submit_dir).events()
    return {
        (e.body["try"], e.body["array"]): e.body["job_queue"] for e in events if e.kind == "intent"
    }


def test_the_rest_of_a_run_can_go_to_the_queue_to_fall_back_on(desk: ResumeDesk) -> None:
    submit_dir = desk.plan()
    desk.breaks("b3")
    assert desk.call("run", submit_dir).returncode == 1
    desk.breaks()
    again = desk.call("run", "--on-demand", submit_dir)
    assert again.returncode == 0, again.stderr
    sent = queues(submit_dir)
    assert {queue for (number, _), queue in sent.items() if number == 1} == {
        "pegbatch-local-job-queue"
    }
    assert {queue for (number, _), queue in sent.items() if number == 2} == {
        "pegbatch-local-job-queue-on-demand"
    }
    assert desk.delivered() == undisturbed()


def test_the_queue_to_fall_back_on_may_be_named(desk: ResumeDesk) -> None:
    submit_dir = desk.plan("-Dpegbatch.aws.on_demand_queue=dear-queue")
    assert desk.call("run", "--on-demand", submit_dir).returncode == 0
    assert set(queues(submit_dir).values()) == {"dear-queue"}


def test_on_amazon_the_queue_to_fall_back_on_has_to_be_named(desk: ResumeDesk) -> None:
    submit_dir = desk.plan(
        "-Dpegasus.aws.batch.job_queue=q", "-Dpegasus.aws.batch.job_definition=d"
    )
    refused = desk.call("run", "--aws", "--on-demand", "--dry-run", submit_dir)
    assert refused.returncode == 4
