"""`pegbatch-aws-batch … FILE.in`: the tasks of job-submit files as one array job."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.functional.commands import pegbatch
from tests.functional.test_bootstrap import Desk

SCRIPT = b"""#!/bin/sh
echo "$PEGASUS_JOB_NAME got $1 of $TRANSFER_INPUT_FILES"
cat common.txt
echo "a word from $PEGASUS_JOB_NAME" >&2
[ "$1" != "go wrong" ]
"""


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Lend a desk before an embedded AWS that `--bootstrap` has set up, with a script in S3."""
    folder = tmp_path_factory.mktemp("job-files")
    started = pegbatch("emulator", "--background", "--json", "--dir", folder, cwd=folder)
    assert started.returncode == 0, started.stderr
    found = Desk(json.loads(started.stdout)["address"], folder)
    try:
        found.answer("--bootstrap", "--prefix", "mine", "--save", "my.properties")
        s3 = found.client("s3")
        s3.create_bucket(Bucket="jobs")
        s3.put_object(Bucket="jobs", Key="run/launch.sh", Body=SCRIPT)
        s3.close()
        (folder / "common.txt").write_text("what all share\n")
        yield found
    finally:
        pegbatch("emulator", "--stop", "--dir", folder, cwd=folder)


def entry(name: str, arguments: str, *files: Path) -> dict[str, Any]:
    values = {
        "TRANSFER_INPUT_FILES": ",".join(map(str, files)),
        "BATCH_FILE_TYPE": "script",
        "BATCH_FILE_S3_URL": "s3://jobs/run/launch.sh",
    }
    variables = [{"name": key, "value": value} for key, value in values.items()]
    return {
        "jobName": name,
        "executable": "launch.sh",
        "arguments": arguments,
        "environment": variables,
    }


def write(desk: Desk, name: str, *entries: dict[str, Any]) -> str:
    (desk.folder / name).write_text(json.dumps({"SubmitJob": entries}))
    return name


def words(*more: str) -> tuple[str, ...]:
    common = ("--conf", "my.properties", "--prefix", "mine", "--s3", "s3://jobs/run")
    return (*common, "--files", "common.txt", *more)


def test_all_tasks_are_one_array_job_with_a_log_each(desk: Desk) -> None:
    own = desk.folder / "own.txt"
    own.write_text("mine\n")
    files = [
        write(desk, "good.in", entry("task_1", "'two words'", own), entry("task_2", "b")),
        write(desk, "more.in", entry("task_3", "c")),
    ]
    ended = desk.call(*words(*files))
    assert ended.returncode == 0, ended.stderr
    assert "3 of 3 tasks succeeded" in ended.stdout
    out = (desk.folder / "task_1.out").read_text()
    assert out == "task_1 got two words of own.txt,common.txt\nwhat all share\n"
    assert (desk.folder / "task_3.err").read_text() == "a word from task_3\n"
    batch = desk.client("batch")
    jobs = batch.list_jobs(jobQueue="mine-job-queue", jobStatus="SUCCEEDED")["jobSummaryList"]
    batch.close()
    sizes = [one["arrayProperties"]["size"] for one in jobs if one.get("arrayProperties")]
    assert sizes == [3]


def test_a_failed_task_is_exit_code_1_and_logs_are_merged(desk: Desk) -> None:
    file = write(desk, "bad.in", entry("ok_1", "x"), entry("bad_2", "'go wrong'"))
    ended = desk.call(*words("--merge-logs", "merged", file))
    assert ended.returncode == 1, ended.stderr
    assert "1 of 2 tasks succeeded" in ended.stdout
    out = (desk.folder / "merged.out").read_text()
    assert "ok_1 got x" in out and "bad_2 got go wrong" in out
    assert '[cluster-summary stat="fail", tasks=2, submitted=2, succeeded=1, failed=1]' in out
    err = (desk.folder / "merged.err").read_text()
    assert err.index('name="ok_1"') < err.index("a word from ok_1") < err.index('name="bad_2"')
    assert "state=failed, status=1]" in err
    assert not list(desk.folder.glob("ok_1.*")) and not list(desk.folder.glob("bad_2.*"))


def test_what_is_wrong_in_all_files_is_told_before_anything_is_sent(desk: Desk) -> None:
    (desk.folder / "empty.in").write_text("{}")
    bad = write(desk, "worse.in", {"jobName": "a"})
    refused = desk.call(*words("empty.in", bad, "absent.in"))
    assert refused.returncode == 3
    for name in ("empty.in: no tasks", "worse.in:SubmitJob[0]", "absent.in"):
        assert name in refused.stderr


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (("--show", "x.in"), "job files are run by themselves"),
        (("-j", "./definition.json", "x.in"), "a job definition that exists is needed"),
    ],
)
def test_job_files_need_queue_and_definition_and_no_other_action(
    more: tuple[str, ...], told: str, desk: Desk
) -> None:
    refused = desk.call(*words(*more))
    assert refused.returncode == 2
    assert told in refused.stderr
