"""The command line of the judges: invented workflows of many seeds, and what is wrong with each."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.functional.commands import embedded_aws

Judged = Callable[[int, Path], tuple[str, Sequence[str]]]
"""Seed and folder for runs, to what the workflow was and what is wrong with it."""


def hunt(purpose: str | None, judged: Judged) -> int:
    """Judge the seeds that the command line names; return 0 if nothing is wrong with any."""
    parser = argparse.ArgumentParser(description=purpose)
    parser.add_argument("--seeds", default="0-20", help="first-last")
    parser.add_argument("--dir", type=Path, help="where to work; kept")
    asked = parser.parse_args()
    first, _, last = asked.seeds.partition("-")
    wrong = 0
    with tempfile.TemporaryDirectory() as scratch, embedded_aws(asked.dir or Path(scratch)) as base:
        for seed in range(int(first), int(last or first) + 1):
            said, problems = judged(seed, base)
            wrong += bool(problems)
            print(f"seed {seed}: {said}", *problems, sep="\n    ", flush=True)
    print(f"{wrong} seeds with problems")
    return int(wrong > 0)
