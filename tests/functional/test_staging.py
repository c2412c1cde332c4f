"""Files of the web, fail-overs and clean-up, run for real on the embedded AWS."""

from __future__ import annotations

import functools
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.functional.commands import embedded_aws, pegbatch, planned

PROGRAM = """\
#!/bin/sh
# join OUTPUT INPUT ...: fails where the last word is `fail`.
output=$1
shift
for word; do [ "$word" = fail ] && exit 3; done
cat "$@" >"$output"
"""


@pytest.fixture
def base(tmp_path: Path) -> Iterator[Path]:
    """Lend a folder for files and runs."""
    with embedded_aws(tmp_path / "staging runs") as folder:
        yield folder


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves files and counts requests."""

    requests: list[str]

    def do_GET(self) -> None:
        self.requests.append(self.path)
        super().do_GET()

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def web(tmp_path: Path) -> Iterator[tuple[str, list[str], Path]]:
    """Serve a folder; return its URL, what was asked for, and the folder."""
    folder = tmp_path / "web"
    folder.mkdir()
    (folder / "join").write_text(PROGRAM)
    (folder / "in.txt").write_text("from the web\n")
    handler = type("Handler", (Quiet,), {"requests": []})
    make: Any = functools.partial(handler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), make) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            requests: list[str] = vars(handler)["requests"]
            yield f"http://127.0.0.1:{server.server_address[1]}", requests, folder
        finally:
            server.shutdown()
            thread.join()


def job(number: str, output: str, *inputs: str, deliver: bool = False, **more: Any) -> Any:
    uses = [{"lfn": lfn, "type": "input"} for lfn in inputs]
    uses.append({"lfn": output, "type": "output", "stageOut": deliver})
    arguments = [output, *inputs, *more.pop("words", ())]
    return {"type": "job", "id": number, "name": "join", "arguments": arguments, "uses": uses}


def write_workflow(folder: Path, url: str, jobs: list[Any]) -> Path:
    (folder / "local.txt").write_text("from this machine\n")
    document = {
        "pegasus": "5.0.4",
        "name": "staged",
        "siteCatalog": {"sites": [{"name": "aws-batch"}]},
        "transformationCatalog": {
            "transformations": [
                {
                    "name": "join",
                    "sites": [{"name": "local", "type": "stageable", "pfn": f"{url}/join"}],
                }
            ]
        },
        "replicaCatalog": {
            "replicas": [
                {"lfn": "web", "pfns": [{"site": "web", "pfn": f"{url}/in.txt?a=b"}]},
                {"lfn": "lost", "pfns": [{"site": "web", "pfn": f"{url}/nowhere"}]},
                {
                    "lfn": "twice",
                    "pfns": [
                        {"site": "local", "pfn": str(folder / "local.txt")},
                        {"site": "s3", "pfn": "s3://no-such-bucket/x"},
                    ],
                },
            ]
        },
        "jobs": jobs,
    }
    workflow = folder / "staged.yml"
    workflow.write_text(yaml.safe_dump(document, sort_keys=False))
    return workflow


def data_left(base: Path) -> set[str]:
    return {path.name for path in base.glob("local-aws/s3/pegbatch/*/data/*")}


def test_files_of_the_web_are_fetched_once_and_fail_overs_are_used(
    base: Path, web: tuple[str, list[str], Path]
) -> None:
    url, requests, _ = web
    jobs = [job(f"a{n}", f"m{n}", "web", "twice") for n in range(4)]
    jobs.append(job("b", "end", *(f"m{n}" for n in range(4)), deliver=True))
    workflow = write_workflow(base, url, jobs)
    plan = planned(workflow, base, "--output-dir", str(base / "out"))
    assert plan["tasks"] == 5
    result = pegbatch("run", plan["submit_dir"], cwd=base)
    assert result.returncode == 0, result.stdout + result.stderr
    assert (base / "out" / "end").read_text() == "from the web\nfrom this machine\n" * 4
    assert sorted(requests) == ["/in.txt?a=b", "/join"]
    logs = "".join(path.read_text() for path in base.glob("local-aws/s3/pegbatch/*/logs/L0-*/*"))
    assert logs.count("since s3://no-such-bucket/x") == 4
    assert data_left(base) == {"end"}


def test_a_missing_file_of_the_web_skips_its_readers_alone(
    base: Path, web: tuple[str, list[str], Path]
) -> None:
    url, _, _ = web
    jobs = [job("a", "x", "lost", deliver=True), job("b", "y", "web", deliver=True)]
    plan = planned(write_workflow(base, url, jobs), base, "--output-dir", str(base / "out"))
    result = pegbatch("run", plan["submit_dir"], cwd=base)
    assert result.returncode == 1
    assert "404" in result.stdout + result.stderr
    assert [path.name for path in (base / "out").iterdir()] == ["y"]


@pytest.mark.parametrize(
    ("strategy", "fails", "left"),
    [
        ("none", False, {"m", "n", "end", "web"}),
        ("inplace", False, {"end"}),
        ("leaf", False, {"end"}),
        ("inplace", True, {"n", "web"}),
        ("leaf", True, {"m", "n", "web"}),
    ],
)
def test_clean_up_leaves_what_a_later_try_needs(
    base: Path, web: tuple[str, list[str], Path], strategy: str, fails: bool, left: set[str]
) -> None:
    url, _, _ = web
    jobs = [
        job("a", "m", "twice"),
        job("b", "n", "m"),
        job("c", "end", "n", "web", deliver=True, words=["fail"] * fails),
    ]
    workflow = write_workflow(base, url, jobs)
    plan = planned(workflow, base, "--cleanup", strategy, "--output-dir", str(base / "out"))
    result = pegbatch("run", plan["submit_dir"], cwd=base)
    assert result.returncode == int(fails), result.stdout + result.stderr
    assert data_left(base) == left
