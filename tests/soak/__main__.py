"""python -m tests.soak: soak workflows, and say what is wrong with each run."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from tests.soak.run import Wishes, timed


def main() -> int:
    """Soak the workflows of some seeds; exit 1 where anything is wrong with one."""
    asked = _parser().parse_args()
    first, _, last = asked.seeds.partition("-")
    wrong = 0
    for seed in range(int(first), int(last or first) + 1):
        base = Path(tempfile.mkdtemp(prefix=f"soak-{seed}-", dir=asked.dir))
        wishes = Wishes(
            tasks=asked.tasks,
            seed=seed,
            wire=asked.wire,
            n_to_n_failure=asked.n_to_n_failure,
            deadly=asked.deadly,
        )
        found, seconds = timed(wishes, base)
        words = " ".join(found.workflow.words())
        told = ", ".join(f"{count} {what}" for what, count in sorted(found.counts.items()))
        said = f"seed {seed}: {len(found.workflow.tasks)} tasks, {words}, {seconds:.0f} s: {told}"
        print(said, *found.problems[:20], sep="\n    ", flush=True)
        wrong += bool(found.problems)
        if found.problems or asked.keep:
            print(f"    kept: {base}")
        else:
            shutil.rmtree(base)
    return int(wrong > 0)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=main.__doc__)
    parser.add_argument("--tasks", type=int, default=2000)
    parser.add_argument("--seeds", default="1", help="first-last")
    parser.add_argument("--wire", action="store_true", help="data over the S3 protocol")
    parser.add_argument("--n-to-n-failure", choices=("child", "array"), default="child")
    parser.add_argument("--deadly", type=int, default=6, help="children lost for good, at most")
    parser.add_argument("--keep", action="store_true", help="keep what went well, too")
    parser.add_argument("--dir", type=Path, help="where to work; kept where anything is wrong")
    return parser


if __name__ == "__main__":
    sys.exit(main())
