"""`pegbatch-aws-batch … FILE.in`: the tasks of job-submit files as one array job."""

from __future__ import annotations

import io
import json
import zipfile
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


def words_of(*more: str) -> tuple[str, ...]:
    common = ("--conf", "my.properties", "--prefix", "mine", "--s3", "s3://jobs/run")
    return (*common, "--files", "common.txt", *more)


def test_all_tasks_are_one_array_job_with_a_log_each(desk: Desk) -> None:
    own = desk.folder / "own.txt"
    own.write_text("mine\n")
    files = [
        write(desk, "good.in", entry("task_1", "'two words'", own), entry("task_2", "b")),
        write(desk, "more.in", entry("task_3", "c")),
    ]
    ended = desk.call(*words_of(*files))
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
    ended = desk.call(*words_of("--merge-logs", "merged", file))
    assert ended.returncode == 1, ended.stderr
    assert "1 of 2 tasks succeeded" in ended.stdout
    out = (desk.folder / "merged.out").read_text()
    assert "ok_1 got x" in out and "bad_2 got go wrong" in out
    summary = '[cluster-summary stat="fail", tasks=2, submitted=2, succeeded=1, failed=1]'
    assert out.splitlines()[-1] == summary and out.endswith("\n")
    err = (desk.folder / "merged.err").read_text()
    assert err.index('name="ok_1"') < err.index("a word from ok_1") < err.index('name="bad_2"')
    assert 'state=succeeded, status=0, exitcode=0, app="launch.sh"]' in err
    assert 'state=failed, status=1, exitcode=1, app="launch.sh"]' in err
    assert not list(desk.folder.glob("ok_1.*")) and not list(desk.folder.glob("bad_2.*"))


def test_a_program_may_be_a_script_in_a_zip_file(desk: Desk) -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("bin/go", 'printf "$PEGASUS_JOB_NAME: $1, "; cat data.txt')
        archive.writestr("data.txt", "of the archive")
    s3 = desk.client("s3")
    s3.put_object(Bucket="jobs", Key="run/pack.zip", Body=data.getvalue())
    s3.close()
    tasks = []
    for name, words in (("zip_1", "bin/go 'two words'"), ("zip_2", "bin/absent")):
        task = entry(name, words)
        kind, url = task["environment"][1:]
        kind["value"], url["value"] = "zip", "s3://jobs/run/pack.zip"
        tasks.append(task)
    ended = desk.call(*words_of("--merge-logs", "zips", write(desk, "zips.in", *tasks)))
    assert ended.returncode == 1, ended.stderr
    out, err = (desk.folder / f"zips.{ending}" for ending in ("out", "err"))
    # A line that has no end gets one.
    assert out.read_text().startswith("zip_1: two words, of the archive\n[cluster-summary")
    assert "bin/absent of pegbatch-run-zip-" in err.read_text()


def test_the_states_of_all_tasks_are_logged_with_times_and_ids(desk: Desk) -> None:
    file = write(desk, "told.in", entry("told_1", "x"), entry("told_2", "'go wrong'"))
    log = desk.folder / "mine.jobstate.log"
    log.unlink(missing_ok=True)
    assert desk.call(*words_of("--log-file", "said", "-L", "debug", file)).returncode == 1
    said = (desk.folder / "said.000").read_text()
    assert "submitted 2 tasks as AWS Batch job" in said
    assert "task told_2 failed: " in said and "1 of 2 tasks succeeded" in said
    lines = [line.split(" ") for line in log.read_text().splitlines()]
    assert [line[1:3] for line in lines[:2]] == [["told_1", "SUBMITTED"], ["told_2", "SUBMITTED"]]
    states = {name: [line[2] for line in lines if line[1] == name] for name in ("told_1", "told_2")}
    assert states == {
        "told_1": ["SUBMITTED", "RUNNING", "SUCCEEDED"],
        "told_2": ["SUBMITTED", "RUNNING", "FAILED"],
    }
    times = [int(line[0]) for line in lines]
    assert times[2:] == sorted(times[2:])
    batch = desk.client("batch")
    children = {line[3] for line in lines[2:]}
    found = batch.describe_jobs(jobs=sorted(children))["jobs"]
    batch.close()
    assert {job["arrayProperties"]["index"] for job in found} == {0, 1}


def test_what_is_wrong_in_all_files_is_told_before_anything_is_sent(desk: Desk) -> None:
    (desk.folder / "empty.in").write_text("{}")
    bad = write(desk, "worse.in", {"jobName": "a"})
    refused = desk.call(*words_of("empty.in", bad, "absent.in"))
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
    refused = desk.call(*words_of(*more))
    assert refused.returncode == 2
    assert told in refused.stderr


def test_catalogs_that_the_properties_name_are_not_asked_for(desk: Desk) -> None:
    named = "pegasus.catalog.site.file = none.yml\npegasus.catalog.replica.file = none.txt\n"
    properties = desk.folder / "my.properties"
    (desk.folder / "named.properties").write_text(properties.read_text() + named)
    (desk.folder / "transformations.yml").write_text("no catalog: of mine\n")
    file = write(desk, "named.in", entry("named_1", "x"))
    common = ("--prefix", "mine", "--s3", "s3://jobs/run", "--files", "common.txt")
    ended = desk.call("--conf", "named.properties", *common, file)
    (desk.folder / "transformations.yml").unlink()
    assert ended.returncode == 0, ended.stderr
    assert "1 of 1 tasks succeeded" in ended.stdout
