"""The wire: routes, checks from the service model, faults."""

from __future__ import annotations

import re
from pathlib import Path

import orjson
import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel

from pegbatch.emulator import service
from pegbatch.emulator.doorkeeper import socket_user
from pegbatch.emulator.faults import Fault, Faults
from pegbatch.emulator.http_server import Request
from pegbatch.emulator.shapes import compile_check
from tests.unit.emulator.bench import SIGNED, Bench, Refused


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"{}", "jobName is required"),
        (b'{"jobName": 1, "jobQueue": "q", "jobDefinition": "d"}', "must be of type string"),
        (
            b'{"jobName": "a", "jobQueue": "q", "jobDefinition": "d", "dependsOn": {}}',
            "dependsOn must be a list",
        ),
        (
            b'{"jobName": "a", "jobQueue": "q", "jobDefinition": "d",'
            b' "dependsOn": [{"type": "X"}]}',
            "N_TO_N, SEQUENTIAL",
        ),
        (b"[]", "no JSON object"),
        (b"{", "not JSON"),
    ],
)
def test_a_request_is_checked_against_the_service_model(
    bench: Bench, body: bytes, words: str
) -> None:
    response = bench.send("SubmitJob", body)
    assert response is not None and response.status == 400
    assert words in orjson.loads(response.body)["message"]


def test_all_that_is_wrong_is_said_at_once(bench: Bench) -> None:
    response = bench.send("SubmitJob", b'{"jobName": 1, "parameters": {"a": 2}}')
    assert response is not None
    message = orjson.loads(response.body)["message"]
    for words in ("jobQueue is required", "jobName must be", "parameters.a must be"):
        assert words in message


def test_a_member_that_is_null_counts_as_not_given(bench: Bench) -> None:
    body = b'{"jobName": "a", "jobQueue": "q", "jobDefinition": "d", "timeout": null}'
    response = bench.send("SubmitJob", body)
    assert response is not None and response.status == 200


def test_members_that_nobody_knows_are_ignored_in_requests(bench: Bench) -> None:
    body = b'{"jobName": "a", "jobQueue": "q", "jobDefinition": "d", "new": 1}'
    response = bench.send("SubmitJob", body)
    assert response is not None and response.status == 200


def test_answers_are_checked_as_strictly_as_requests() -> None:
    model = ServiceModel(Loader().load_service_model("batch", "service-2"), "batch")
    check = compile_check(model.operation_model("DescribeJobs").output_shape, known_only=True)
    problems: list[str] = []
    check({"jobs": [{"jobId": 1, "status": "DONE", "extra": 1}], "more": []}, "", problems)
    text = "\n".join(problems)
    for words in (
        "jobs[0].jobId must be of type string",
        "jobs[0].status is 'DONE'",
        "jobs[0].extra is not known",
        "more is not known",
        "jobs[0].jobName is required",
    ):
        assert words in text


def test_operations_that_are_not_there_are_501_and_unknown_ones_404(bench: Bench) -> None:
    for path, status in (("/v1/submitservicejob", 501), ("/v1/nonsense", 404), ("/", 404)):
        response = bench.service.handle(Request("POST", path, "", SIGNED, b"{}"))
        assert response is not None and response.status == status, path


def test_every_served_operation_is_one_of_amazons() -> None:
    for name, served in (("batch", service.BATCH), ("logs", service.LOGS)):
        model = ServiceModel(Loader().load_service_model(name, "service-2"), name)
        assert set(served) <= set(model.operation_names)


def test_a_bug_of_ours_is_a_500_and_does_not_end_the_service(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.world.registry.save("job-queue", "broken", {"computeEnvironmentOrder": [], "priority": 1})
    with pytest.raises(Refused, match="a bug in the embedded AWS") as refused:
        bench.submit(jobQueue="broken")
    assert (refused.value.status, refused.value.error_type) == (500, "ServerException")
    assert "Traceback" in caplog.text
    assert bench.submit()


@pytest.mark.parametrize(
    ("kind", "status", "error_type"),
    [("throttle", 429, "TooManyRequestsException"), ("error", 500, "ServerException")],
)
def test_told_so_the_next_calls_are_answered_with_an_error(
    bench: Bench, kind: str, status: int, error_type: str
) -> None:
    bench.faults.arm(Fault(kind, 2, "SubmitJob"))  # type: ignore[arg-type]
    bench.call("DescribeJobQueues")
    for _ in range(2):
        with pytest.raises(Refused) as refused:
            bench.submit()
        assert (refused.value.status, refused.value.error_type) == (status, error_type)
    assert bench.submit()


def test_told_so_a_connection_is_dropped_before_or_after_the_call_is_done(bench: Bench) -> None:
    body = b'{"jobName": "lost", "jobQueue": "q", "jobDefinition": "d"}'
    bench.faults.arm(Fault("drop", 1, "SubmitJob"))
    assert bench.send("SubmitJob", body) is None
    assert bench.world.jobs() == {}
    bench.faults.arm(Fault("drop-after", 1, "SubmitJob"))
    assert bench.send("SubmitJob", body) is None
    assert [job.spec.name for job in bench.world.jobs().values()] == ["lost"]


def test_a_fault_may_come_after_some_calls_that_go_well() -> None:
    faults = Faults()
    faults.arm(Fault("error", 1, after=2))
    assert [faults.next("SubmitJob", 0.0) for _ in range(4)] == [None, None, "error", None]


def test_a_fault_may_hit_one_call_in_so_many_from_now_on() -> None:
    faults = Faults()
    faults.arm(Fault("error", 1, one_in=10))
    hits = [faults.next("SubmitJob", 0.0) for _ in range(2000)].count("error")
    assert 150 < hits < 250


def test_faults_of_another_service_do_not_concern_ours() -> None:
    faults = Faults()
    faults.arm(Fault("error", 1))
    faults.arm(Fault("half", 1, "s3.GET"))
    faults.arm(Fault("drop", 1, "s3"))
    assert faults.next_elsewhere("iam", "GET") is None
    assert [faults.next_elsewhere("s3", "PUT") for _ in range(2)] == ["drop", None]
    assert [faults.next_elsewhere("s3", "GET") for _ in range(2)] == ["half", None]
    assert [faults.next("DescribeJobs", 0.0) for _ in range(2)] == ["error", None]


def test_faults_can_be_cleared() -> None:
    faults = Faults()
    faults.arm(Fault("error", 5))
    faults.arm(Fault("error", 1, one_in=1))
    faults.arm(Fault("no-image", 5))
    faults.clear()
    assert (faults.next("SubmitJob", 0.0), faults.next_start()) == (None, None)


def test_a_missing_image_is_for_starts_and_not_for_calls() -> None:
    faults = Faults()
    faults.arm(Fault("no-image", 1))
    assert faults.next("SubmitJob", 0.0) is None
    assert (faults.next_start() or "").startswith("CannotPullContainerError")
    assert faults.next_start() is None


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "127.0.0.1:1"},
        {"host": "127.0.0.1:1", "authorization": "Basic x"},
        {**SIGNED, "host": "rebound.example:80"},
        {**SIGNED, "host": ""},
    ],
)
def test_what_a_web_page_could_send_is_refused(bench: Bench, headers: dict[str, str]) -> None:
    body = b'{"jobName": "a", "jobQueue": "q", "jobDefinition": "d"}'
    response = bench.service.handle(Request("POST", "/v1/submitjob", "", headers, body))
    assert response is not None and response.status == 403
    assert bench.world.jobs() == {}


def test_the_owner_of_a_connection_is_read_from_the_kernels_table() -> None:
    table = (
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n"
        "   0: 0100007F:1F90 0100007F:D431 01 00000000:00000000 00:00000000 00000000     0  0 1\n"
        "   1: 0100007F:D431 0100007F:1F90 01 00000000:00000000 00:00000000 00000000  1001  0 2\n"
    )
    assert socket_user(table, 0xD431, 0x1F90) == 1001
    assert socket_user(table, 0xD432, 0x1F90) is None


def test_every_rule_in_the_documentation_has_a_test_of_that_name() -> None:
    page = (Path(__file__).parents[3] / "docs" / "emulator.md").read_text()
    sources = "\n".join(path.read_text() for path in Path(__file__).parents[2].rglob("test_*.py"))
    named = re.findall(r"`(test_\w+)`", page)
    assert len(named) > 50
    missing = [name for name in named if f"def {name}(" not in sources]
    assert missing == []
