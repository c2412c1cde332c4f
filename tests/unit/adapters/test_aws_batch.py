"""AWS Batch and CloudWatch Logs through boto3, against botocore's own models of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.client import BaseClient
from botocore.exceptions import (
    ConnectionClosedError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
)
from botocore.stub import Stubber

from pegbatch.adapters.aws_batch import AwsBatch
from pegbatch.adapters.aws_calls import TRIES, AwsCaller, CallBudget
from pegbatch.adapters.aws_clients import local_client
from pegbatch.adapters.aws_logs import AwsLogs
from pegbatch.engine.logs.texts import stream_blocks
from pegbatch.errors import (
    AccessDenied,
    JobServiceError,
    JobServiceUnreachable,
    OutsideError,
    SubmitUnclear,
)
from pegbatch.ports import JobAttempt, JobState
from tests.fakes import FakeClock

BODY = {"jobName": "n", "jobQueue": "q", "jobDefinition": "d"}
URL = "http://127.0.0.1:9"


@pytest.fixture
def client() -> Iterator[BaseClient]:
    with local_client("batch", URL) as opened:
        yield opened


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def batch(client: BaseClient, clock: FakeClock) -> AwsBatch:
    budget = CallBudget(clock, 1_000_000.0)
    return AwsBatch(AwsCaller(client, budget, clock, jitter=lambda: 1.0))


def detail(job_id: str, **more: Any) -> dict[str, Any]:
    named = {"jobId": job_id, "jobName": "n", "jobQueue": "q", "jobDefinition": "d"}
    return {**named, "status": "RUNNING", "startedAt": 1, **more}


def summary(job_id: str, **more: Any) -> dict[str, Any]:
    return {"jobId": job_id, "jobName": "n", "status": "FAILED", **more}


def test_submitting_returns_the_job_id(stub: Stubber, batch: AwsBatch) -> None:
    stub.add_response("submit_job", {"jobName": "n", "jobId": "j-1"}, BODY)
    assert batch.submit(BODY) == "j-1"


def test_a_described_array_has_its_childrens_counts_without_zeros(
    stub: Stubber, batch: AwsBatch
) -> None:
    counts = {"RUNNING": 2, "FAILED": 0, "SUCCEEDED": 1}
    array = detail("j", arrayProperties={"size": 3, "statusSummary": counts}, statusReason="why")
    stub.add_response("describe_jobs", {"jobs": [array]}, {"jobs": ["j", "unknown"]})
    assert batch.describe(["j", "unknown"]) == {
        "j": JobState(
            job_id="j",
            name="n",
            status="RUNNING",
            reason="why",
            children={"RUNNING": 2, "SUCCEEDED": 1},
            started=0.001,
        )
    }


def test_a_child_tells_of_the_attempts_that_have_ended(stub: Stubber, batch: AwsBatch) -> None:
    reclaimed = {
        "container": {"logStreamName": "d/default/1", "reason": "DockerTimeoutError"},
        "startedAt": 1_500,
        "stoppedAt": 2_500,
        "statusReason": "Host EC2 terminated",
    }
    unstarted = {"startedAt": 0, "stoppedAt": 3_000, "statusReason": "Task failed to start"}
    ended = {"container": {"exitCode": 0}, "startedAt": 4_000, "stoppedAt": 5_000}
    child = detail("j:1", attempts=[reclaimed, unstarted, ended])
    stub.add_response("describe_jobs", {"jobs": [child]}, {"jobs": ["j:1"]})
    assert batch.describe(["j:1"])["j:1"].attempts == (
        JobAttempt(
            start=1.5,
            end=2.5,
            reason="Host EC2 terminated: DockerTimeoutError",
            log_stream="d/default/1",
        ),
        JobAttempt(start=None, end=3.0, reason="Task failed to start"),
        JobAttempt(start=4.0, end=5.0, exit_code=0),
    )


def test_a_plain_job_has_its_exit_code_and_log(stub: Stubber, batch: AwsBatch) -> None:
    job = detail("j", container={"exitCode": 3, "logStreamName": "d/default/1"})
    stub.add_response("describe_jobs", {"jobs": [job]}, {"jobs": ["j"]})
    state = batch.describe(["j"])["j"]
    assert (state.exit_code, state.log_stream, state.children) == (3, "d/default/1", {})


def test_no_call_describes_more_than_100_jobs(stub: Stubber, batch: AwsBatch) -> None:
    ids = [f"j{number}" for number in range(250)]
    for start in (0, 100, 200):
        chunk = ids[start : start + 100]
        stub.add_response("describe_jobs", {"jobs": [detail(chunk[0])]}, {"jobs": chunk})
    assert set(batch.describe(ids)) == {"j0", "j100", "j200"}


def test_describing_nothing_asks_nothing(stub: Stubber, batch: AwsBatch) -> None:
    assert batch.describe([]) == {}


def test_finding_reads_all_pages_and_takes_the_exact_name_only(
    stub: Stubber, batch: AwsBatch
) -> None:
    asked = {"jobQueue": "q", "filters": [{"name": "JOB_NAME", "values": ["n"]}]}
    first = {"jobSummaryList": [summary("1"), summary("2", jobName="N")], "nextToken": "t"}
    stub.add_response("list_jobs", first, asked)
    stub.add_response("list_jobs", {"jobSummaryList": [summary("3")]}, {**asked, "nextToken": "t"})
    assert [job.job_id for job in batch.find("q", "n")] == ["1", "3"]


def test_failed_children_carry_reason_and_exit_code(stub: Stubber, batch: AwsBatch) -> None:
    child = summary("j:7", statusReason="Host EC2 gone", container={"exitCode": 1})
    stub.add_response(
        "list_jobs", {"jobSummaryList": [child]}, {"arrayJobId": "j", "jobStatus": "FAILED"}
    )
    (state,) = batch.children("j", "FAILED")
    assert (state.job_id, state.reason, state.exit_code) == ("j:7", "Host EC2 gone", 1)


def test_terminating_names_job_and_reason(stub: Stubber, batch: AwsBatch) -> None:
    stub.add_response("terminate_job", {}, {"jobId": "j", "reason": "enough"})
    batch.terminate("j", "enough")


def test_throttling_is_ridden_out_with_growing_pauses(
    stub: Stubber, batch: AwsBatch, clock: FakeClock
) -> None:
    for _ in range(3):
        stub.add_client_error("submit_job", "TooManyRequestsException", http_status_code=429)
    stub.add_response("submit_job", {"jobName": "n", "jobId": "j"}, BODY)
    assert batch.submit(BODY) == "j"
    assert [pause for pause in clock.slept if pause > 0.1] == [0.5, 1.0, 2.0]


def test_throttling_without_end_is_an_error(stub: Stubber, batch: AwsBatch) -> None:
    for _ in range(TRIES):
        stub.add_client_error("submit_job", "ThrottlingException", "slow down", 429)
    with pytest.raises(JobServiceError, match="slow down"):
        batch.submit(BODY)


def test_a_server_fault_is_retried_where_a_second_call_does_no_harm(
    stub: Stubber, batch: AwsBatch
) -> None:
    stub.add_client_error("describe_jobs", "ServerException", http_status_code=500)
    stub.add_response("describe_jobs", {"jobs": []}, {"jobs": ["j"]})
    assert batch.describe(["j"]) == {}


def test_a_submission_that_met_a_server_fault_is_unclear_and_not_repeated(
    stub: Stubber, batch: AwsBatch
) -> None:
    stub.add_client_error("submit_job", "ServerException", http_status_code=500)
    with pytest.raises(SubmitUnclear):
        batch.submit(BODY)


def test_a_refused_request_is_an_error_at_once_with_code_and_message(
    stub: Stubber, batch: AwsBatch
) -> None:
    stub.add_client_error("submit_job", "ClientException", "no such queue", 400)
    with pytest.raises(JobServiceError, match=r"submit_job: no such queue \(ClientException\)"):
        batch.submit(BODY)


def test_a_denied_call_names_the_permission_that_is_missing(stub: Stubber, batch: AwsBatch) -> None:
    stub.add_client_error("terminate_job", "AccessDeniedException", "not you", 403)
    with pytest.raises(AccessDenied, match="batch:TerminateJob"):
        batch.terminate("j", "r")


class BrokenClient:
    """A client whose first calls raise."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)

    def submit_job(self, **body: Any) -> dict[str, str]:
        if self.errors:
            raise self.errors.pop(0)
        return {"jobId": "j"}

    describe_jobs = submit_job


def on(client: BrokenClient) -> AwsBatch:
    clock = FakeClock()
    return AwsBatch(AwsCaller(client, CallBudget(clock), clock))  # type: ignore[arg-type]


def test_a_service_that_cannot_be_reached_is_tried_again_also_for_submissions() -> None:
    client = BrokenClient(EndpointConnectionError(endpoint_url=URL))
    assert on(client).submit(BODY) == "j"


@pytest.mark.parametrize(
    "error", [ConnectionClosedError(endpoint_url=URL), ReadTimeoutError(endpoint_url=URL)]
)
def test_a_broken_connection_leaves_a_submission_unclear(error: Exception) -> None:
    with pytest.raises(SubmitUnclear):
        on(BrokenClient(error)).submit(BODY)


def test_a_broken_connection_is_retried_where_a_second_call_does_no_harm() -> None:
    client = BrokenClient(ConnectionClosedError(endpoint_url=URL))
    assert on(client).describe(["j"]) == {}


def test_a_service_that_stays_away_is_an_error() -> None:
    errors = [EndpointConnectionError(endpoint_url=URL) for _ in range(TRIES)]
    with pytest.raises(JobServiceError, match="Could not connect"):
        on(BrokenClient(*errors)).submit(BODY)


def test_missing_credentials_say_what_to_do() -> None:
    with pytest.raises(AccessDenied, match="--local"):
        on(BrokenClient(NoCredentialsError())).submit(BODY)


def test_all_calls_share_one_budget_per_second() -> None:
    clock = FakeClock()
    budget = CallBudget(clock, 10.0)
    for _ in range(21):
        budget.take()
    assert clock.now() == pytest.approx(1_002.0)


def test_a_few_late_calls_are_made_up_for_and_no_second_has_more_than_it_may() -> None:
    clock = FakeClock()
    budget = CallBudget(clock, 45.0, late=4)
    times = []
    for wave in range(6):
        for _ in range(40):
            budget.take()
            times.append(clock.now())
        clock.sleep(0.02 if wave % 2 else 3.0)
    most = max(sum(start <= time < start + 1.0 for time in times) for start in times)
    assert 45 <= most <= 50


def test_a_short_pause_costs_no_call() -> None:
    clock = FakeClock()
    budget = CallBudget(clock, 10.0, late=3)
    start = clock.now()
    for number in range(21):
        budget.take()
        if number == 10:
            clock.sleep(0.25)
    assert clock.now() == pytest.approx(start + 2.0)


def test_an_unused_budget_is_not_saved_up() -> None:
    clock = FakeClock()
    budget = CallBudget(clock, 10.0)
    budget.take()
    clock.time += 100.0
    budget.take()
    budget.take()
    assert clock.now() == pytest.approx(1_100.1)


def test_the_users_aws_set_up_plays_no_part_in_local_clients(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "there-is-no-such-profile")
    with local_client("batch", URL) as client:
        assert client.meta.endpoint_url == URL


def test_a_log_is_read_to_its_end_across_empty_pages() -> None:
    with local_client("logs", URL) as client, Stubber(client) as stub:
        asked = {"logGroupName": "/aws/batch/job", "logStreamName": "s", "startFromHead": True}
        one, two = ({"timestamp": n, "message": f"line {n}", "ingestionTime": n} for n in (1, 2))
        pages = [("a", [one]), ("b", []), ("c", [two]), ("c", [])]
        token = None
        for following, events in pages:
            expected = asked if token is None else {**asked, "nextToken": token}
            page = {"events": events, "nextForwardToken": following, "nextBackwardToken": "x"}
            stub.add_response("get_log_events", page, expected)
            token = following
        clock = FakeClock()
        logs = AwsLogs(AwsCaller(client, CallBudget(clock), clock))
        read = b"".join(stream_blocks(logs, "s", None))
        assert read == b"line 1\nline 2\n"


def test_a_stream_that_is_not_there_yet_is_none_and_a_refusal_is_one() -> None:
    with local_client("logs", URL) as client, Stubber(client) as stub:
        stub.add_client_error("get_log_events", "ResourceNotFoundException", "no such stream")
        stub.add_client_error("get_log_events", "AccessDeniedException", "not yours", 400)
        clock = FakeClock()
        logs = AwsLogs(AwsCaller(client, CallBudget(clock), clock, service="logs"))
        assert logs.page("s", group=None, token=None) is None
        with pytest.raises(AccessDenied, match="not yours"):
            logs.page("s", group="/aws/batch/mine", token="t")


def test_no_foreign_exception_crosses_the_port() -> None:
    for error in (EndpointConnectionError(endpoint_url=URL), NoCredentialsError()):
        with pytest.raises(OutsideError):
            on(BrokenClient(*[error] * TRIES)).describe(["j"])


def test_botocore_itself_retries_nothing(client: BaseClient) -> None:
    assert client.meta.config.retries["total_max_attempts"] == 1


@pytest.mark.parametrize("code", ["ExpiredToken", "ExpiredTokenException"])
def test_credentials_that_have_expired_say_so_and_that_the_run_goes_on(
    stub: Stubber, batch: AwsBatch, code: str
) -> None:
    stub.add_client_error("describe_jobs", code, "the security token is expired", 403)
    with pytest.raises(AccessDenied, match="have expired") as caught:
        batch.describe(["a"])
    assert "goes on meanwhile" in (caught.value.problems[0].hint or "")


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("RequestTimeTooSkewed", "too far"),
        ("InvalidSignatureException", "Signature expired: 20260101T000000Z is now earlier than"),
        ("SignatureDoesNotMatch", "Signature not yet current: 20280101T000000Z"),
    ],
)
def test_a_clock_that_is_wrong_is_told_from_wrong_credentials(
    stub: Stubber, batch: AwsBatch, code: str, message: str
) -> None:
    stub.add_client_error("submit_job", code, message, 403)
    with pytest.raises(AccessDenied, match="clock of this machine is wrong"):
        batch.submit(BODY)


def test_a_service_that_does_not_answer_is_told_from_one_that_refuses(
    stub: Stubber, batch: AwsBatch
) -> None:
    for _ in range(TRIES):
        stub.add_client_error("describe_jobs", "ServerException", "down", 503)
    with pytest.raises(JobServiceUnreachable):
        batch.describe(["a"])


def test_where_nobody_listens_it_is_started_again_before_the_next_try(clock: FakeClock) -> None:
    revived: list[float] = []
    with local_client("batch", URL) as nobody:
        caller = AwsCaller(
            nobody, CallBudget(clock), clock, tries=3, revive=lambda: revived.append(clock.now())
        )
        with pytest.raises(JobServiceUnreachable):
            AwsBatch(caller).describe(["a"])
    assert len(revived) == 2


def test_a_clock_that_is_set_back_stops_no_call_for_long(clock: FakeClock) -> None:
    budget = CallBudget(clock, 40.0)
    budget.take()
    clock.time -= 3600
    budget.take()
    assert sum(clock.slept) <= 10.0
