"""Who is told of a run by the command that watches it: once, and never at the run's expense."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from pegbatch.adapters.clock import SystemClock
from pegbatch.adapters.notices import publish
from pegbatch.model.notify import Notice
from tests.functional.commands import called, embedded_aws, planned
from tests.webhook_desk import webhook_desk
from tests.wire_s3 import s3_server, use_credentials

SECRET = "T0PSECRET"


@pytest.fixture
def base(tmp_path: Path) -> Iterator[Path]:
    with embedded_aws(tmp_path / "base") as folder:
        (folder / "workflow.yml").write_text(_workflow(folder))
        yield folder


def _workflow(base: Path) -> str:
    site = {"name": "here", "pfn": "/bin/sh", "type": "installed"}
    script = f"test -e {base}/mended || {{ echo broken; exit 7; }}"
    return json.dumps(
        {
            "pegasus": "5.0",
            "name": "told",
            "siteCatalog": {"pegasus": "5.0", "sites": [{"name": "here", "directories": []}]},
            "transformationCatalog": {
                "pegasus": "5.0",
                "transformations": [{"name": "t", "sites": [site]}],
            },
            "jobs": [
                {"type": "job", "id": "bad", "name": "t", "arguments": ["-c", f"'{script}'"]},
                {"type": "job", "id": "good", "name": "t", "arguments": ["-c", "true"]},
            ],
        }
    )


def _plan(base: Path, properties: str) -> Path:
    conf = base / "my.properties"
    conf.write_text(properties)
    words = ("--conf", str(conf), "--sites", "here", "-Ddagman.retry=0")
    return Path(planned(base / "workflow.yml", base, *words)["submit_dir"])


def test_each_kind_is_told_once_in_a_try_and_the_secret_stays_where_it_was(base: Path) -> None:
    with webhook_desk() as desk:
        submit_dir = _plan(
            base, f"pegbatch.notify.webhook = {desk.url}\npegbatch.notify.on = both\n"
        )
        code, printed, told = called("run", submit_dir)
        assert code == 1
        failure, verdict = desk.texts
        assert failure.splitlines()[:2] == [
            "told: the first failure",
            "task bad (L0-t:0): exit code 7",
        ]
        assert verdict.startswith("told: failed on the embedded AWS, 1 of 2 tasks succeeded")
        assert f"next: pegbatch analyze {submit_dir}" in verdict
        assert called("wait", submit_dir)[0] == 1
        assert called("status", submit_dir)[0] == 0
        assert len(desk.got) == 2
        (base / "mended").touch()
        assert called("run", submit_dir)[0] == 0
        assert [text.splitlines()[0] for text in desk.texts[2:]] == [desk.texts[2].splitlines()[0]]
        assert desk.texts[2].startswith("told: succeeded on the embedded AWS, try 2")
    assert SECRET not in printed + told
    kept = [path for path in base.rglob("*") if path.is_file() and path.name != "my.properties"]
    assert kept
    assert [path for path in kept if SECRET.encode() in path.read_bytes()] == []


def test_who_cannot_be_told_is_a_warning_and_the_run_goes_on(base: Path) -> None:
    (base / "mended").touch()
    with webhook_desk(code=404) as desk:
        submit_dir = _plan(base, f"pegbatch.notify.webhook = {desk.url}\n")
        code, _, told = called("run", submit_dir)
    assert code == 0
    assert "warning: not told of the verdict: 127.0.0.1 says 404" in told
    assert SECRET not in told
    assert len(desk.got) == 1


def test_what_does_not_fit_is_refused_when_the_workflow_is_planned(base: Path) -> None:
    wrong = ("-Dpegbatch.notify.on=always", f"-Dpegbatch.notify.webhook=https://x/{SECRET}")
    code, printed, told = called("plan", *wrong, "--dir", base, base / "workflow.yml")
    assert (code, printed) == (3, "")
    assert "must be one of verdict, first-failure, both" in told
    assert "every user of this machine" in told
    assert SECRET not in told


def test_a_webhook_in_the_environment_wins_and_one_that_is_gone_is_a_warning(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (base / "mended").touch()
    with webhook_desk() as desk:
        monkeypatch.setenv("_PEGBATCH__NOTIFY__WEBHOOK", desk.url)
        submit_dir = _plan(base, "pegbatch.notify.webhook = https://127.0.0.1:9/x\n")
        (base / "my.properties").unlink()
        code, _, told = called("run", submit_dir)
        assert (code, len(desk.got)) == (0, 1), told
    monkeypatch.setenv("_PEGBATCH__NOTIFY__WEBHOOK", f"http://example.org/{SECRET}")
    submit_dir = Path(planned_again(base))
    code, _, told = called("run", submit_dir)
    assert code == 0
    assert told.count("warning: nobody is told of this run") == 1
    assert SECRET not in told


def planned_again(base: Path) -> str:
    """Plan without the webhook of the environment, which would be refused."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("_PEGBATCH__NOTIFY__WEBHOOK")
        return str(_plan(base, ""))


@pytest.fixture(scope="module")
def sns() -> Iterator[_Sns]:
    """Lend a service with a topic, and the queue of somebody who has subscribed to it."""
    with s3_server() as url, _client("sns", url) as topics, _client("sqs", url) as queues:
        topic = topics.create_topic(Name="ends")["TopicArn"]
        queue = queues.create_queue(QueueName="q")["QueueUrl"]
        found = queues.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
        arn = found["Attributes"]["QueueArn"]
        topics.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
        yield _Sns(url, topic, queues, queue)


def test_a_topic_is_told_of_a_run_that_was_left_alone(
    base: Path, sns: _Sns, monkeypatch: pytest.MonkeyPatch
) -> None:
    (base / "mended").touch()
    submit_dir = _plan(base, f"pegbatch.notify.sns = {sns.topic}\n")
    assert called("run", "--detach", submit_dir)[0] == 0
    use_credentials(monkeypatch)
    monkeypatch.setenv("AWS_ENDPOINT_URL_SNS", sns.url)
    code, _, told = called("wait", submit_dir)
    assert code == 0, told
    message = sns.next_message()
    assert message["Subject"] == "told: succeeded"
    assert "2 of 2 tasks succeeded" in message["Message"]


def test_a_subject_is_cut_to_what_sns_takes_and_a_topic_that_is_gone_is_told(
    sns: _Sns, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_credentials(monkeypatch)
    monkeypatch.setenv("AWS_ENDPOINT_URL", sns.url)
    notice = Notice("\N{SNOWMAN} " + 200 * "x", "line\nline")
    assert publish(sns.topic, "us-east-1", notice, SystemClock()) == ""
    message = sns.next_message()
    assert message["Message"] == "line\nline"
    assert (len(message["Subject"]), message["Subject"][:12]) == (99, "pegbatch: ? ")
    missing = publish(f"{sns.topic}-gone", "us-east-1", notice, SystemClock())
    assert missing.startswith("publish: ")


@dataclass(frozen=True)
class _Sns:
    url: str
    topic: str
    queues: Any
    queue: str

    def next_message(self) -> dict[str, Any]:
        (found,) = self.queues.receive_message(QueueUrl=self.queue, WaitTimeSeconds=20)["Messages"]
        self.queues.delete_message(QueueUrl=self.queue, ReceiptHandle=found["ReceiptHandle"])
        body: dict[str, Any] = json.loads(found["Body"])
        return body


def _client(service: str, url: str) -> Any:
    client = boto3.client(  # type: ignore[call-overload]
        service,
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )
    return closing(client)
