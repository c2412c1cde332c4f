"""After a soak: what lies where, looked at from outside."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pegbatch.emulator import presence
from tests.functional.emulator_bench import client
from tests.random_workflows import InventedWorkflow
from tests.tries import SubmittedJob, Tries, read_job
from tests.tries_checker import problems_of_tries

ATTEMPTS = 10


def _client(service: str, folder: Path) -> Any:
    endpoint = presence.read(folder)
    assert endpoint is not None, f"no embedded AWS in {folder}"
    return client(service, endpoint, ATTEMPTS)


def submitted_jobs(folder: Path, workflow: str) -> list[SubmittedJob]:
    """Return every job of a workflow that the embedded Batch knows."""
    batch = _client("batch", folder)
    queues = [row["jobQueueName"] for row in batch.describe_job_queues()["jobQueues"]]
    filters = [{"name": "JOB_NAME", "values": [f"{workflow}-*"]}]
    ids = [
        row["jobId"]
        for queue in queues
        for page in batch.get_paginator("list_jobs").paginate(jobQueue=queue, filters=filters)
        for row in page["jobSummaryList"]
    ]
    chunks = (ids[first : first + 100] for first in range(0, len(ids), 100))
    shown = [job for chunk in chunks for job in batch.describe_jobs(jobs=chunk)["jobs"]]
    batch.close()
    return [read_job(job) for job in shown]


def mirror_bucket(folder: Path, run: str) -> list[str]:
    """Copy a run out of the S3 server, where the run on directories lies; name unfinished uploads.

    Shapes: run is its URL; the keys of unfinished multipart uploads come back.
    """
    s3, (bucket, _, prefix) = _client("s3", folder), run.removeprefix("s3://").partition("/")
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for row in page.get("Contents", ()):
            path = folder / "s3" / bucket / row["Key"]
            path.parent.mkdir(parents=True, exist_ok=True)
            s3.download_file(bucket, row["Key"], str(path))
    parts = s3.list_multipart_uploads(Bucket=bucket).get("Uploads", ())
    found = [row["Key"] for row in parts]
    s3.close()
    return found


def judge(
    tries: Tries, workflow: InventedWorkflow, outputs: Path, said: dict[str, Any]
) -> list[str]:
    """Return everything that is wrong with a run that ended well."""
    right = workflow.contents(set(workflow.tasks))
    found = [
        *problems_of_tries(tries),
        *_all_succeeded(tries, workflow),
        *_outputs(workflow, outputs, right),
        *_data(tries, workflow, right),
        *_executions(tries, outputs.parent / "files" / "ledger"),
        *_summary(tries, workflow, said),
    ]
    return found


def _all_succeeded(tries: Tries, workflow: InventedWorkflow) -> Iterator[str]:
    for id in workflow.tasks:
        states = [row["state"] for row in tries.records.get(id, [])]
        if states.count("succeeded") != 1:
            yield f"task {id} is recorded as {states}"


def _outputs(workflow: InventedWorkflow, outputs: Path, right: dict[str, str]) -> Iterator[str]:
    """The output directory holds the right bytes, and nothing else."""
    wanted = {lfn for task in workflow.tasks.values() if task.delivered for lfn in task.made()}
    there = {str(path.relative_to(outputs)) for path in outputs.rglob("*") if path.is_file()}
    if there != wanted:
        yield f"not delivered: {sorted(wanted - there)[:5]}; too much: {sorted(there - wanted)[:5]}"
    for lfn in sorted(there & wanted):
        if (outputs / lfn).read_bytes() != right[lfn].encode():
            yield f"{lfn} was delivered with wrong bytes"


def _data(tries: Tries, workflow: InventedWorkflow, right: dict[str, str]) -> Iterator[str]:
    """What is left in the run's folder holds the right bytes, and is not to be cleaned up."""
    data = tries.run / "data"
    there = {str(path.relative_to(data)): path for path in data.rglob("*") if path.is_file()}
    sums = {f"{lfn}.sha256" for lfn in there}
    for lfn, path in there.items():
        if lfn not in sums and path.read_bytes() != right.get(lfn, "").encode():
            yield f"data/{lfn} has wrong bytes"
    delivered = {lfn for task in workflow.tasks.values() if task.delivered for lfn in task.made()}
    extra = there.keys() - delivered - sums
    if extra and _all_cleaned(tries):
        yield f"not cleaned up: {sorted(extra)[:5]} and so on, {len(extra)} files"


def _all_cleaned(tries: Tries) -> bool:
    """Tell whether no clean-up child was killed, or had trouble with the store."""
    jobs = [job for job in tries.jobs if tries.submitted.jobs[job.array]["kind"] == "clean-up"]
    ends = [tries.changes[job.id, child] for job in jobs for child in range(job.size)]
    logs = [path for job in jobs for path in (tries.run / "logs" / job.array).rglob("*.log")]
    trouble = any("what is not deleted stays" in path.read_text() for path in logs)
    return not trouble and all(events and events[-1]["state"] == "SUCCEEDED" for events in ends)


def _executions(tries: Tries, ledger: Path) -> Iterator[str]:
    """No program is started again once its success is on record."""
    for id, row in tries.successes.items():
        path = ledger / id
        starts = [float(line) for line in path.read_text().split()] if path.exists() else []
        if not starts:
            yield f"task {id} was never started"
        elif max(starts) > row["end"]:
            yield f"task {id} was started again after its recorded success"


def _summary(tries: Tries, workflow: InventedWorkflow, said: dict[str, Any]) -> Iterator[str]:
    summary = json.loads((tries.run / "summary.json").read_text())
    count = len(workflow.tasks)
    for name, counts in (("summary.json", summary["tasks"]), ("`run`", said["tasks"])):
        if (counts["total"], counts["succeeded"]) != (count, count):
            yield f"{name} counts {counts}"
    if summary["state"] != "succeeded" or said["state"] != "succeeded":
        yield f"summary.json says {summary['state']}, `run` {said['state']}"
