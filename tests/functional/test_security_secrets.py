"""Credentials of the user appear nowhere, and what pegbatch writes is the user's alone."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.functional.commands import LONGEST, ROOT, embedded_aws, pegbatch
from tests.functional.workflow_texts import cloud_sites

CANARY = "Canary7d1f"
SECRETS = {
    "AWS_ACCESS_KEY_ID": f"AKIA{CANARY}",
    "AWS_SECRET_ACCESS_KEY": f"secret/{CANARY}",
    "AWS_SESSION_TOKEN": f"token+{CANARY}",
}
LOGIN = f"""[me@other]
access_key = {CANARY}
secret_key = {CANARY}
[other]
endpoint = http://127.0.0.1:9
"""
LOOK = """#!/bin/sh
# What a curious task can see: its own environment, and its ancestors up to the embedded AWS.
process=$$
while [ "$process" -gt 1 ]; do
    tr '\\0' '\\n' < "/proc/$process/cmdline"
    tr '\\0' '\\n' < "/proc/$process/environ"
    case "$(tr '\\0' ' ' < "/proc/$process/cmdline")" in *emulator*) break;; esac
    process=$(sed -n 's/^PPid:[[:space:]]*//p' "/proc/$process/status")
done > seen
echo "to the log"
"""
WORKFLOW = """pegasus: "5.0"
name: secrets
transformationCatalog:
  pegasus: "5.0"
  transformations: [{name: look, sites: [{name: local, type: stageable, pfn: BASE/look.sh}]}]
jobs:
- {type: job, id: a, name: look, arguments: [], uses: [{lfn: seen, type: output, stageOut: true}]}
"""


@pytest.fixture
def base(tmp_path: Path) -> Iterator[Path]:
    """Lend a folder with a workflow whose task looks round, and end what is started there."""
    folder = tmp_path / "base"
    with embedded_aws(folder):
        script = folder / "look.sh"
        script.write_text(LOOK)
        script.chmod(0o755)
        workflow = WORKFLOW.replace("BASE", str(folder)) + cloud_sites(folder, "secrets")
        (folder / "w.yml").write_text(workflow)
        (folder / "p.properties").write_text(
            f"pegasus.catalog.replica.db.password = {CANARY}\npegasus.aws.secret_key = {CANARY}\n"
            f"pegbatch.notify.webhok = https://x/{CANARY}\npegbatch.webhook = https://y/{CANARY}\n"
        )
        home = tmp_path / "home"
        (home / ".pegasus").mkdir(parents=True)
        login = home / ".pegasus" / "credentials.conf"
        login.write_text(LOGIN)
        login.chmod(0o600)
        yield folder


def told(base: Path, *words: str | Path, code: int | None = 0) -> str:
    """Run a command with secrets in its environment, under the most generous umask."""
    ended = subprocess.run(
        [sys.executable, "-m", *map(str, words)],
        cwd=base,
        env={
            **os.environ,
            **SECRETS,
            "PYTHONPATH": str(ROOT),
            "HOME": str(base.parent / "home"),
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LONGEST,
        umask=0,
        check=False,
    )
    assert code is None or ended.returncode == code, ended.stdout
    return ended.stdout


def with_the_canary(folder: Path) -> list[Path]:
    """Return the files below a folder that hold the canary, packed or not."""
    found = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        data = path.read_bytes()
        packed = data if data[:2] != b"\x1f\x8b" else gzip.decompress(data)
        if CANARY.encode() in data + packed:
            found.append(path)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("wire", [False, True], ids=["directories", "wire"])
def test_credentials_are_in_no_output_file_log_object_or_task(base: Path, wire: bool) -> None:
    plan = ("pegbatch", "--debug", "plan", "--dir", base, "--conf", base / "p.properties")
    said = [told(base, *plan, base / "w.yml")]
    submit_dir = next(base.glob("*/pegasus/*/run0001"))
    options = ("--wire",) if wire else ()
    said += [
        told(base, "pegbatch", "--debug", "run", "--dry-run", submit_dir),
        told(base, "pegbatch", "--debug", "run", *options, submit_dir),
        told(base, "pegbatch", "--debug", "status", submit_dir),
        told(base, "pegbatch", "--debug", "status", "--json", submit_dir),
        told(base, "pegbatch", "--debug", "check", submit_dir, code=None),
        told(base, "pegbatch", "--debug", "fetch", submit_dir),
        told(base, "pegbatch", "emulator", "--status", "--dir", base),
    ]
    seen = (base / "out" / "seen").read_text()
    assert "emulator" in seen and "PEGBATCH_JOB_KIND" in seen, "the task has looked all the way up"
    assert CANARY not in "".join(said)
    assert with_the_canary(base) == [base / "p.properties"]


@pytest.mark.slow
def test_the_tool_for_aws_entities_keeps_credentials_to_itself(base: Path) -> None:
    address = json.loads(
        pegbatch("emulator", "--background", "--json", "--dir", base, cwd=base).stdout
    )["address"]
    words = ("--region", "us-east-1", "--prefix", "mine", "--log-file", str(base / "log"))
    tool = ("pegbatch.cli.aws_batch_main", "--log-level", "debug", *words)
    code = f"import os; os.environ['AWS_ENDPOINT_URL'] = {address!r}\n" + (
        "from pegbatch.cli.aws_batch_main import main; main()"
    )
    (base / "tool.py").write_text(code)
    said = [told(base, "tool", *tool[1:], "--show", code=None)]
    said += [told(base, "tool", *tool[1:], "--debug", "--create", code=None)]
    assert CANARY not in "".join(said)
    assert with_the_canary(base) == [base / "p.properties"]
    assert (base / "log.000").stat().st_mode & 0o077 == 0


@pytest.mark.slow
def test_what_is_written_is_the_users_alone_whatever_the_umask(base: Path) -> None:
    told(base, "pegbatch", "plan", "--dir", base, base / "w.yml")
    submit_dir = next(base.glob("*/pegasus/*/run0001"))
    told(base, "pegbatch", "run", submit_dir)
    local = base / "local-aws"
    assert submit_dir.stat().st_mode & 0o077 == 0
    assert local.stat().st_mode & 0o077 == 0
    kept = ("emulator.json", "batch.db", "events.jsonl", "emulator.log")
    files = [path for path in submit_dir.rglob("*") if path.is_file()]
    files += [local / name for name in kept] + list((local / "logs").rglob("*.log"))
    assert len(files) > 10
    assert [path.name for path in files if path.stat().st_mode & 0o077] == []


@pytest.mark.slow
def test_a_folder_that_was_open_to_others_is_closed(base: Path) -> None:
    local = base / "local-aws"
    local.mkdir()
    local.chmod(0o777)
    told(base, "pegbatch", "emulator", "--background", "--dir", base)
    assert local.stat().st_mode & 0o077 == 0
