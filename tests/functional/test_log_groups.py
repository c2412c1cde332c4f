"""A job's log is read where its definition sent it, as boto3 and our own reader find it."""

from __future__ import annotations

from pathlib import Path

from pegbatch.adapters.aws_batch import AwsBatch
from pegbatch.adapters.aws_calls import AwsCaller, CallBudget
from pegbatch.adapters.aws_clients import local_client
from pegbatch.adapters.aws_logs import BATCH_GROUP, AwsLogs
from pegbatch.adapters.clock import SystemClock
from pegbatch.engine.logs.texts import stream_blocks
from tests.functional.emulator_bench import CONTAINER, served, settings


def test_a_log_is_in_the_group_that_the_definition_names_and_in_no_other(tmp_path: Path) -> None:
    clock = SystemClock()
    own = {"logDriver": "awslogs", "options": {"awslogs-group": "/aws/batch/mine"}}
    named = {
        "logDriver": "awslogs",
        "options": {"awslogs-group": "/aws/batch/mine", "awslogs-stream-prefix": "sky"},
    }
    with served(settings(tmp_path / "local-aws")) as aws:
        aws.set_up()
        for name, configuration in (("own", own), ("named", named)):
            aws.batch.register_job_definition(
                jobDefinitionName=name,
                type="container",
                containerProperties={**CONTAINER, "logConfiguration": configuration},
            )
        jobs = {name: aws.submit(f"echo from {name}", jobDefinition=name) for name in ("d", "own")}
        jobs["named"] = aws.submit("echo from named", jobDefinition="named", size=2) + ":1"
        for job in jobs.values():
            aws.wait(job)
        url = aws.endpoint.url
        with local_client("batch", url) as batch, local_client("logs", url) as logs:
            states = AwsBatch(AwsCaller(batch, CallBudget(clock), clock)).describe(
                list(jobs.values())
            )
            reader = AwsLogs(AwsCaller(logs, CallBudget(clock), clock, service="logs"))
            for name, job in jobs.items():
                state = states[job]
                assert state.log_stream is not None
                blocks = stream_blocks(reader, state.log_stream, state.log_group)
                assert b"".join(blocks) == f"from {name}\n".encode()
        assert states[jobs["d"]].log_group is None
        assert states[jobs["own"]].log_group == "/aws/batch/mine"
        assert str(states[jobs["named"]].log_stream).startswith("sky/default/")
        groups = [one["logGroupName"] for one in aws.logs.describe_log_groups()["logGroups"]]
        assert groups == [BATCH_GROUP, "/aws/batch/mine"]
        streams = aws.logs.describe_log_streams(logGroupName=BATCH_GROUP)["logStreams"]
        assert [one["logStreamName"] for one in streams] == [states[jobs["d"]].log_stream]
