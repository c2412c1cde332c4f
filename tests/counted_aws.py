"""AWS Batch and S3 at the wire, as one server that counts every call.

Nothing runs: jobs stand as the test says. Objects lie in memory. As many jobs and objects as an
Amazon account holds can be invented, so that calls of a run of a million tasks can be counted.
"""

from __future__ import annotations

import contextlib
import json
import re
import threading
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import md5
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import accumulate
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

PAGE = 1000
METADATA = "x-amz-meta-"
DATE = "Mon, 01 Jan 2024 00:00:00 GMT"
QUEUE = "arn:aws:batch:us-east-1:111122223333:job-queue/q"
CATALOGS = """
pegasus: "5.0"
name: counted
siteCatalog:
  pegasus: "5.0"
  sites:
    - name: cloud
      directories:
        - type: sharedScratch
          path: /b/scratch
          fileServers: [{operation: all, url: "s3://b/scratch"}]
transformationCatalog:
  pegasus: "5.0"
  transformations:
"""
PROPERTIES = """
pegbatch.array.by = cluster
pegasus.aws.region = us-east-1
pegasus.aws.account = 111122223333
pegasus.aws.batch.job_queue = q
pegasus.aws.batch.job_definition = d
"""


_Answer = tuple[int, bytes, Mapping[str, str]]
"""Status, body, headers."""


@dataclass
class CountedAws:
    """The account behind the server."""

    url: str = ""
    calls: Counter[str] = field(default_factory=Counter)
    """By operation: `SubmitJob`, `GET`, `HEAD`, `PUT`, `LIST`, …"""
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What DescribeJobs says, by id."""
    bodies: list[dict[str, Any]] = field(default_factory=list)
    """Of SubmitJob, in order."""
    objects: dict[str, tuple[bytes, Mapping[str, str]]] = field(default_factory=dict)
    """By `bucket/key`: bytes and metadata."""
    asked: Counter[str] = field(default_factory=Counter)
    """By `HEAD bucket/key` or `GET bucket/key`: how often an object was asked for."""
    parts: dict[str, dict[int, bytes]] = field(default_factory=dict)
    """Of uploads that are under way."""
    names: list[str] = field(default_factory=list)
    """Of the objects, in order, as the last LIST found them."""
    ran: Callable[[int], float] = lambda index: 60.0
    """How many seconds the child of an index has run, where it has begun."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def environment(self) -> dict[str, str]:
        """Return what a client needs to get here."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_REGION": "us-east-1",
            "NO_PROXY": "127.0.0.1",
        }

    def taken(self) -> Counter[str]:
        """Return the calls since this was last asked."""
        calls, self.calls = self.calls, Counter()
        self.asked.clear()
        return calls

    def set_states(self, status: str, *, reason: str = "", ids: Sequence[str] = ()) -> None:
        """Put jobs (all where none are named), with all their children, into one state."""
        for job_id in ids or tuple(self.jobs):
            job = self.jobs[job_id]
            job.update(status=status, statusReason=reason)
            if "arrayProperties" in job:
                size = job["arrayProperties"]["size"]
                job["arrayProperties"]["statusSummary"] = {status: size}

    def put(self, url: str, data: bytes = b"") -> None:
        """Put an object as if it came from a child."""
        self.objects[url.removeprefix("s3://")] = (data, {})

    def batch(self, operation: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Answer one call of AWS Batch."""
        match operation:
            case "submitjob":
                return self._submit(dict(body))
            case "describejobs":
                assert len(body["jobs"]) <= 100 and len(set(body["jobs"])) == len(body["jobs"])
                shown = map(self._described, body["jobs"])
                return {"jobs": [one for one in shown if one is not None]}
            case "terminatejob":
                if self.jobs[body["jobId"]]["status"] not in ("SUCCEEDED", "FAILED"):
                    self.set_states("FAILED", reason=body["reason"], ids=[body["jobId"]])
                return {}
            case "listjobs":
                return self._children(body)
            case "describejobqueues":
                state = {"jobQueueName": "q", "jobQueueArn": QUEUE, "state": "ENABLED"}
                order = {"computeEnvironmentOrder": []}
                return {"jobQueues": [{**state, "status": "VALID", "priority": 1, **order}]}
            case _:
                raise AssertionError(f"nobody should call {operation}")

    def set_children(self, job_id: str, **counts: int) -> None:
        """Let so many children of an array stand so, in order of their index; the rest waits."""
        properties = self.jobs[job_id]["arrayProperties"]
        rest = properties["size"] - sum(counts.values())
        properties["statusSummary"] = {**counts, **({"RUNNABLE": rest} if rest else {})}

    def _described(self, job_id: str) -> dict[str, Any] | None:
        """Return what DescribeJobs says of a job, or of a child of an array."""
        array, colon, index = job_id.rpartition(":")
        if not colon or array not in self.jobs:
            return self.jobs.get(job_id)
        job = self.jobs[array]
        if int(index) >= job["arrayProperties"]["size"]:
            return None
        counts = job["arrayProperties"]["statusSummary"]
        ends = accumulate(counts.values())
        state = next(one for one, end in zip(counts, ends, strict=True) if int(index) < end)
        return (
            {**job, "jobId": job_id, "status": state}
            | self._times(state, int(index))
            | {"arrayProperties": {"index": int(index)}}
        )

    def _times(self, state: str, index: int) -> dict[str, int]:
        """Return when a child began and ended, in milliseconds."""
        if state in ("SUCCEEDED", "FAILED"):
            return {"startedAt": 1_000, "stoppedAt": 1_000 + int(1_000 * self.ran(index))}
        if state == "RUNNING":
            return {"startedAt": int(1_000 * (time.time() - self.ran(index)))}
        return {}

    def _submit(self, body: dict[str, Any]) -> dict[str, Any]:
        job_id = f"00000000-0000-0000-0000-{len(self.jobs):012}"
        job = {"jobId": job_id, "jobName": body["jobName"], "jobQueue": QUEUE}
        job |= {"jobDefinition": "d", "startedAt": 0, "status": "PENDING"}
        if "arrayProperties" in body:
            size = body["arrayProperties"]["size"]
            job["arrayProperties"] = {"size": size, "statusSummary": {"PENDING": size}}
        self.jobs[job_id] = job
        self.bodies.append(body)
        return {"jobId": job_id, "jobName": body["jobName"]}

    def _children(self, body: Mapping[str, Any]) -> dict[str, Any]:
        if "arrayJobId" not in body:
            return {"jobSummaryList": []}
        job = self.jobs[body["arrayJobId"]]
        start = int(body.get("nextToken", 0))
        size = job["arrayProperties"]["statusSummary"].get(body["jobStatus"], 0)
        summaries = [
            {
                "jobId": f"{job['jobId']}:{child}",
                "jobName": job["jobName"],
                "status": body["jobStatus"],
                "statusReason": job["statusReason"],
            }
            for child in range(start, min(size, start + PAGE))
        ]
        more = {"nextToken": str(start + PAGE)} if start + PAGE < size else {}
        return {"jobSummaryList": summaries, **more}

    def listing(self, bucket: str, query: Mapping[str, Sequence[str]]) -> str:
        """Return one page of ListObjectsV2."""
        if len(self.names) != len(self.objects):
            self.names = sorted(self.objects)
        names = self.names
        start = f"{bucket}/{query.get('prefix', [''])[0]}"
        after = query.get("continuation-token", query.get("start-after", [""]))[0]
        first = bisect_left(names, max(start, f"{bucket}/{after}\0" if after else ""))
        found = [name for name in names[first : first + PAGE + 1] if name.startswith(start)]
        page = [name.partition("/")[2] for name in found[:PAGE]]
        rows = "".join(
            f"<Contents><Key>{escape(key)}</Key><Size>{len(self.objects[f'{bucket}/{key}'][0])}"
            "</Size><LastModified>2024-01-01T00:00:00.000Z</LastModified></Contents>"
            for key in page
        )
        more = ""
        if len(found) > PAGE:
            more = f"<NextContinuationToken>{escape(page[-1])}</NextContinuationToken>"
        return (
            f"<ListBucketResult><Name>{bucket}</Name><KeyCount>{len(page)}</KeyCount>"
            f"<IsTruncated>{str(bool(more)).lower()}</IsTruncated>{more}{rows}</ListBucketResult>"
        )


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    aws: CountedAws

    def answer(self) -> None:
        """Answer one request; what is sent is sent unlocked, since a client may read it late."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        with self.aws.lock:
            status, data, headers = self._answered(body)
        self._send(status, data, headers)

    def _answered(self, body: bytes) -> _Answer:
        """Tell Batch from S3 by the path, and count."""
        parts = urlsplit(self.path)
        name, query = unquote(parts.path)[1:], parse_qs(parts.query, keep_blank_values=True)
        called = re.fullmatch(r"v1/(\w+)", name)
        if called:
            self.aws.calls[called[1]] += 1
            return 200, json.dumps(self.aws.batch(called[1], json.loads(body))).encode(), {}
        if self.command == "GET" and "list-type" in query:
            self.aws.calls["LIST"] += 1
            return 200, self.aws.listing(name.strip("/"), query).encode(), {}
        if query.keys() & {"uploadId", "uploads"}:
            self.aws.calls["PART"] += 1
            return self._part(name, query, body)
        self.aws.calls[self.command] += 1
        if self.command == "PUT":
            return self._put(name, body)
        self.aws.asked[f"{self.command} {name}"] += 1
        return self._object(name)

    do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = answer  # noqa: N815

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing."""

    def _object(self, name: str) -> _Answer:
        if name not in self.aws.objects:
            return 404, b"<Error><Code>NoSuchKey</Code></Error>", {}
        data, metadata = self.aws.objects[name]
        told = {"ETag": f'"{md5(data).hexdigest()}"', "Last-Modified": DATE, **metadata}
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        if not asked:
            return 200, data, told
        first, last = int(asked[1]), min(int(asked[2]), len(data) - 1)
        told["Content-Range"] = f"bytes {first}-{last}/{len(data)}"
        return 206, data[first : last + 1], told

    def _put(self, name: str, body: bytes) -> _Answer:
        if "If-None-Match" in self.headers and name in self.aws.objects:
            return 412, b"<Error><Code>PreconditionFailed</Code></Error>", {}
        kept = {k: v for k, v in self.headers.items() if k.lower().startswith(METADATA)}
        self.aws.objects[name] = (body, kept)
        return 200, b"", {"ETag": f'"{md5(body).hexdigest()}"'}

    def _part(self, name: str, query: Mapping[str, Sequence[str]], body: bytes) -> _Answer:
        """Take one step of an upload in parts."""
        if self.command == "PUT":
            part = int(query["partNumber"][0])
            self.aws.parts.setdefault(name, {})[part] = body
            return 200, b"", {"ETag": f'"{part}"'}
        if "uploads" in query:
            begun = b"<UploadId>1</UploadId>"
            return (
                200,
                b"<InitiateMultipartUploadResult>%s</InitiateMultipartUploadResult>" % begun,
                {},
            )
        parts = self.aws.parts.pop(name)
        self.aws.objects[name] = (b"".join(parts[part] for part in sorted(parts)), {})
        ended = b"<ETag>1</ETag>"
        return 200, b"<CompleteMultipartUploadResult>%s</CompleteMultipartUploadResult>" % ended, {}

    def _send(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def end_as_failed(aws: CountedAws) -> None:
    """Let all jobs succeed but the verdict, which tells that tasks have failed."""
    ids = list(aws.jobs)
    aws.set_states("SUCCEEDED", ids=ids[:-1])
    aws.set_states("FAILED", reason="Essential container in task exited", ids=ids[-1:])


def write_counted_workflow(folder: Path, transformations: int, jobs: Iterable[str]) -> Path:
    """Write a workflow of so many transformations, `p0` and on, and how it is planned.

    Shapes: jobs are lines of YAML, newlines included; each transformation is an array of its own.
    Returns the workflow; `pegasus.properties` lies beside it.
    """
    workflow = folder / "counted.yml"
    program = "sites: [{name: cloud, pfn: /bin/true, type: installed}]"
    with workflow.open("w", encoding="utf-8") as stream:
        stream.write(CATALOGS)
        names = (f"p{number}" for number in range(transformations))
        stream.writelines(f"    - {{name: {name}, {program}}}\n" for name in names)
        stream.write("jobs:\n")
        stream.writelines(jobs)
    (folder / "pegasus.properties").write_text(PROPERTIES)
    return workflow


@contextmanager
def counted_aws() -> Iterator[CountedAws]:
    """Serve an empty account on a loopback port until the end of the block."""
    aws = CountedAws()

    class Handler(_Handler):
        def handle_one_request(self) -> None:
            with contextlib.suppress(ConnectionError):
                super().handle_one_request()
                return
            self.close_connection = True

    Handler.aws = aws

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

    with Server(("127.0.0.1", 0), Handler) as server:
        aws.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield aws
        finally:
            server.shutdown()
            thread.join()
