"""The command line as the functional tests use it."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pegbatch.cli.main import main

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "share" / "examples"
LONGEST = 300
"""Seconds after which a command hangs, as far as a test is concerned."""


def pegbatch(
    *words: str | Path,
    cwd: Path,
    environment: Mapping[str, str] | None = None,
    under: Sequence[str] = (),
) -> subprocess.CompletedProcess[str]:
    """Run `pegbatch …` in a process of its own, as a user does; under are words before it."""
    return subprocess.run(
        [*under, sys.executable, "-m", "pegbatch", *map(str, words)],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), **(environment or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LONGEST,
        check=False,
    )


def answer(*words: str | Path, cwd: Path) -> dict[str, Any]:
    """Run `pegbatch … --json` in a process of its own, and return the object it prints."""
    result = pegbatch(*words, "--json", cwd=cwd)
    assert result.returncode == 0, f"{words}: {result.stdout}{result.stderr}"
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def planned(workflow: Path, base: Path, *options: str) -> dict[str, Any]:
    """Plan in this process, which is quicker, and return what `plan --json` prints."""
    words = ["plan", "--json", "--dir", str(base), *options, str(workflow)]
    code, printed, said = called(*words)
    assert not code, f"{words}: exit code {code}\n{printed}{said}"
    found: dict[str, Any] = json.loads(printed)
    return found


def called(*words: str | Path | int) -> tuple[int, str, str]:
    """Run `pegbatch …` in this process; return exit code, stdout and stderr."""
    code: Any = None
    out, talk = io.TextIOWrapper(io.BytesIO()), io.TextIOWrapper(io.BytesIO())
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(talk):
        try:
            main([str(word) for word in words])
        except SystemExit as end:
            code = end.code
    return int(code or 0), written(out), written(talk)


def written(stream: io.TextIOWrapper) -> str:
    """Return what was written to a stream in memory, as text or as bytes."""
    stream.flush()
    stream.seek(0)
    return stream.read()


@contextlib.contextmanager
def embedded_aws(base: Path) -> Iterator[Path]:
    """Lend a folder for runs, and end the embedded AWS that they start in it."""
    base.mkdir(parents=True, exist_ok=True)
    try:
        yield base
    finally:
        pegbatch("emulator", "--stop", "--dir", base, cwd=base)
