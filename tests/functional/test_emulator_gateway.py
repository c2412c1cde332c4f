"""One address for all of AWS: what is not ours goes to moto and back, whole and unharmed."""

from __future__ import annotations

import http.client
import json
import os
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from tests.functional.emulator_bench import Served, client, served, settings, until

SIGNED = {
    "Authorization": "AWS4-HMAC-SHA256 Credential=x/20300101/us-east-1/s3/aws4_request, Signature=x"
}
LARGE = 40 * 1024 * 1024


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Serve an embedded AWS with queue and definition; moto is started by the first test."""
    with served(settings(tmp_path_factory.mktemp("gateway") / "local-aws")) as bench:
        bench.set_up()
        yield bench


@pytest.fixture
def call(aws: Served) -> Iterator[Any]:
    """Lend a function that makes one API call."""
    clients: dict[str, Any] = {}

    def make(service: str, operation: str, **body: Any) -> Any:
        found = clients.setdefault(service, client(service, aws.endpoint))
        return getattr(found, operation)(**body)

    yield make
    for used in clients.values():
        used.close()


def raw(
    aws: Served, method: str, path: str, headers: dict[str, str], body: Any = None
) -> tuple[int, bytes, http.client.HTTPMessage]:
    """Send a request as it is written."""
    parts = urlsplit(aws.endpoint.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read(), answer.headers
    finally:
        connection.close()


def bucket(call: Any, name: str) -> str:
    call("s3", "create_bucket", Bucket=name)
    return name


def test_other_services_are_on_the_same_address_and_in_the_same_account(call: Any) -> None:
    assert call("sts", "get_caller_identity")["Account"] == "123456789012"
    assert call("iam", "get_policy", PolicyArn="arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess")
    topic = call("sns", "create_topic", Name="ends")["TopicArn"]
    call("events", "put_rule", Name="r", EventPattern=json.dumps({"source": ["aws.batch"]}))
    call("events", "put_targets", Rule="r", Targets=[{"Id": "1", "Arn": topic}])
    assert call("events", "list_targets_by_rule", Rule="r")["Targets"][0]["Arn"] == topic
    (network,) = call("ec2", "describe_vpcs")["Vpcs"]
    assert network["IsDefault"] is True


def test_batch_and_logs_stay_ours(aws: Served, call: Any) -> None:
    job = aws.submit("echo ours")
    aws.wait(job)
    assert aws.log(job) == "ours"
    assert call("batch", "describe_job_queues")["jobQueues"][0]["jobQueueName"] == "q"


def test_objects_small_and_large_come_back_as_they_were(call: Any) -> None:
    name = bucket(call, "sizes")
    for size in (0, 1, 100_000, LARGE):
        data = os.urandom(size)
        call("s3", "put_object", Bucket=name, Key="a b/ä#?%", Body=data, Metadata={"x": "1"})
        found = call("s3", "get_object", Bucket=name, Key="a b/ä#?%")
        assert found["Body"].read() == data
        assert found["Metadata"] == {"x": "1"}
        assert call("s3", "head_object", Bucket=name, Key="a b/ä#?%")["ContentLength"] == size
    part = call("s3", "get_object", Bucket=name, Key="a b/ä#?%", Range="bytes=10-19")
    assert part["Body"].read() == data[10:20]


def test_large_objects_are_not_held_on_their_way(aws: Served, call: Any) -> None:
    """This process serves: what it holds most must not grow with what passes through."""

    def peak_mib() -> int:
        text = Path("/proc/self/status").read_text()
        return int(text.partition("VmHWM:")[2].split()[0]) // 1024

    name, sent = bucket(call, "passing"), 0
    raw(aws, "PUT", f"/{name}/warm", SIGNED, bytes(1 << 20))
    before = peak_mib()

    def pieces() -> Iterator[bytes]:
        nonlocal sent
        for _ in range(150):
            sent += 1 << 20
            yield bytes(1 << 20)

    headers = {**SIGNED, "Content-Length": str(150 << 20)}
    assert raw(aws, "PUT", f"/{name}/big", headers, pieces())[0] == 200
    assert sent == 150 << 20
    assert call("s3", "head_object", Bucket=name, Key="big")["ContentLength"] == sent
    assert peak_mib() - before < 60


def test_a_body_may_come_in_chunks(aws: Served, call: Any) -> None:
    name = bucket(call, "chunks")
    pieces = [b"one", b"two" * 50_000, b"three"]
    # Without a length http.client sends chunks.
    assert raw(aws, "PUT", f"/{name}/key", SIGNED, iter(pieces))[0] == 200
    assert call("s3", "get_object", Bucket=name, Key="key")["Body"].read() == b"".join(pieces)


def test_a_bucket_may_stand_in_the_host(aws: Served, call: Any) -> None:
    name = bucket(call, "in.the-host")
    port = urlsplit(aws.endpoint.url).port
    for host in (f"{name}.localhost:{port}", f"{name}.s3.localhost:{port}"):
        assert raw(aws, "PUT", "/key", {**SIGNED, "Host": host}, host)[0] == 200
        found = call("s3", "get_object", Bucket=name, Key="key")["Body"].read()
        assert found.decode() == host


def test_several_requests_go_over_one_connection_whoever_answers(aws: Served, call: Any) -> None:
    name = bucket(call, "kept-open")
    parts = urlsplit(aws.endpoint.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
    sockets = set()
    for number in range(3):
        connection.request("PUT", f"/{name}/{number}", b"x", SIGNED)
        assert connection.getresponse().read() == b""
        sockets.add(connection.sock)
        connection.request("GET", "/pegbatch/status", headers={"X-Pegbatch": "1"})
        assert json.loads(connection.getresponse().read())["moto_pid"]
        sockets.add(connection.sock)
    connection.close()
    assert len(sockets) == 1 and None not in sockets


def test_errors_of_moto_reach_the_client(call: Any) -> None:
    with pytest.raises(ClientError, match="NoSuchBucket"):
        call("s3", "list_objects_v2", Bucket="no-such-bucket")
    with pytest.raises(ClientError, match="404"):
        call("s3", "head_object", Bucket="no-such-bucket", Key="x")


def test_presigned_urls_work_but_not_for_web_pages(aws: Served, call: Any) -> None:
    name = bucket(call, "presigned")
    call("s3", "put_object", Bucket=name, Key="key", Body=b"text")
    s3 = client("s3", aws.endpoint)
    url = s3.generate_presigned_url("get_object", Params={"Bucket": name, "Key": "key"})
    s3.close()
    with urllib.request.urlopen(url) as answer:
        assert answer.read() == b"text"
    path = url.removeprefix(aws.endpoint.url)
    assert raw(aws, "GET", path, {"Origin": "http://evil.example"})[0] == 403
    assert raw(aws, "POST", path, {}, b"x")[0] == 403


def test_web_pages_and_other_hosts_are_turned_away(aws: Served) -> None:
    status, text, _ = raw(aws, "GET", "/", {**SIGNED, "Host": "evil.example:80"})
    assert (status, b"is not this one" in text) == (403, True)
    assert raw(aws, "OPTIONS", "/some-bucket/key", {"Origin": "http://evil.example"})[0] == 403
    _, _, headers = raw(aws, "GET", "/", {**SIGNED, "Origin": "http://evil.example"})
    assert not [name for name in headers if name.lower().startswith("access-control")]


def test_children_find_s3_where_the_client_put_it(aws: Served, call: Any) -> None:
    name = bucket(call, "for-children")
    call("s3", "put_object", Bucket=name, Key="key", Body=b"text")
    code = (
        "import obstore; from obstore.store import S3Store; "
        f"print(bytes(obstore.get(S3Store('{name}'), 'key').bytes()))"
    )
    job = aws.submit(f'"{sys.executable}" -c "{code}"')
    assert aws.wait(job)["status"] == "SUCCEEDED", aws.log(job)
    assert aws.log(job) == "b'text'"


def test_moto_is_started_by_the_first_call_and_ends_with_the_server(tmp_path: Path) -> None:
    with served(settings(tmp_path / "local-aws")) as aws:
        assert aws.control("GET", "status")["moto_pid"] is None
        s3 = client("s3", aws.endpoint)
        assert s3.list_buckets()["Buckets"] == []
        s3.close()
        pid = aws.control("GET", "status")["moto_pid"]
        assert Path(f"/proc/{pid}").exists()
    assert not Path(f"/proc/{pid}").exists()


def test_asked_to_it_is_started_at_once_and_again_when_it_died(tmp_path: Path) -> None:
    with served(settings(tmp_path / "local-aws", wire=True)) as aws:
        pid = aws.control("GET", "status")["moto_pid"]
        os.kill(pid, 9)
        until(lambda: aws.control("GET", "status")["moto_pid"] is None)
        s3 = client("s3", aws.endpoint)
        assert s3.list_buckets()["Buckets"] == []
        s3.close()
        assert aws.control("GET", "status")["moto_pid"] not in (None, pid)


def arm(aws: Served, kind: str, operation: str) -> None:
    """Have one call go wrong."""
    aws.control("POST", "faults", kind=kind, operation=operation)


@pytest.fixture
def thing(call: Any) -> str:
    """Lend the path of an object of ten thousand bytes."""
    call("s3", "create_bucket", Bucket="faults")
    call("s3", "put_object", Bucket="faults", Key="thing", Body=b"0123456789" * 1000)
    return "/faults/thing"


@pytest.mark.parametrize(
    ("kind", "status", "code"), [("error", 500, b"InternalError"), ("throttle", 503, b"SlowDown")]
)
def test_told_so_a_call_of_s3_is_answered_with_an_error(
    aws: Served, thing: str, kind: str, status: int, code: bytes
) -> None:
    arm(aws, kind, "s3.GET")
    found, body, _ = raw(aws, "GET", thing, SIGNED)
    assert (found, code in body) == (status, True)
    assert raw(aws, "GET", thing, SIGNED)[0] == 200


def test_told_so_a_call_of_s3_is_dropped_before_it_is_done(aws: Served, thing: str) -> None:
    arm(aws, "drop", "s3.PUT")
    with pytest.raises((ConnectionError, http.client.BadStatusLine)):
        raw(aws, "PUT", thing, SIGNED, b"new")
    assert raw(aws, "GET", thing, SIGNED)[1] == b"0123456789" * 1000


def test_told_so_a_call_of_s3_is_dropped_after_it_is_done(aws: Served, thing: str) -> None:
    arm(aws, "drop-after", "s3.PUT")
    with pytest.raises((ConnectionError, http.client.BadStatusLine)):
        raw(aws, "PUT", thing, SIGNED, b"new")
    assert raw(aws, "GET", thing, SIGNED)[1] == b"new"


def test_told_so_the_answer_of_s3_breaks_off_in_its_middle(aws: Served, thing: str) -> None:
    arm(aws, "half", "s3")
    with pytest.raises((ConnectionError, http.client.IncompleteRead)):
        raw(aws, "GET", thing, SIGNED)
    assert raw(aws, "GET", thing, SIGNED)[1] == b"0123456789" * 1000


def test_the_other_services_are_of_the_account_that_was_asked_for(tmp_path: Path) -> None:
    with (
        served(settings(tmp_path / "local-aws", account="210987654321")) as aws,
        closing(client("sts", aws.endpoint)) as sts,
    ):
        assert sts.get_caller_identity()["Account"] == "210987654321"
