"""Check the checks: plant one fault at a time in a copy of the tree, and expect red.

A tool that says yes to everything looks like a clean tree. Usage: check_check.py
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COPIED = ("pegbatch", "containers", "setup.cfg", "pyproject.toml", "README.md")
LINT_IMPORTS = "from importlinter.cli import lint_imports_command as run; run()"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One planted fault and the tool that has to find it."""

    tool: str
    command: tuple[str, ...]
    module: str
    """File of the copy to which the fault is added."""
    code: str
    expected: str
    """Part of what the tool prints when it finds the fault."""


FAULTS = (
    Fault(
        tool="ruff check",
        command=("-m", "ruff", "check", "--no-cache", "pegbatch"),
        module="pegbatch/planner/planted.py",
        code='"""Planted."""\n\nimport os\n',
        expected="F401",
    ),
    Fault(
        tool="ruff format",
        command=("-m", "ruff", "format", "--no-cache", "--check", "pegbatch"),
        module="pegbatch/planner/planted.py",
        code='"""Planted."""\n\nPLANTED   =   1\n',
        expected="planted.py",
    ),
    Fault(
        tool="mypy",
        command=("-m", "mypy", "--cache-dir=/dev/null", "-m", "pegbatch.planner.planted"),
        module="pegbatch/planner/planted.py",
        code='"""Planted."""\n\nPLANTED: int = "one"\n',
        expected="planted.py:3: error",
    ),
    Fault(
        tool="lint-imports (a room above)",
        command=("-c", LINT_IMPORTS, "--no-cache"),
        module="pegbatch/planner/planted.py",
        code='"""Planted."""\n\nimport pegbatch.cli.main\n',
        expected="pegbatch.planner.planted -> pegbatch.cli.main",
    ),
    Fault(
        tool="lint-imports (the outside)",
        command=("-c", LINT_IMPORTS, "--no-cache"),
        module="pegbatch/planner/planted.py",
        code='"""Planted."""\n\nimport sqlite3\n',
        expected="pegbatch.planner.planted -> sqlite3",
    ),
)


def copy_tree(target: Path) -> None:
    """Copy what the tools look at."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source, target / name, symlinks=True, ignore=ignored)
        elif source.exists():
            shutil.copy(source, target / name)


def is_found(fault: Fault, tree: Path) -> bool:
    """Plant the fault, run its tool, take the fault away, and say whether the tool went red."""
    planted = tree / fault.module
    planted.write_text(fault.code)
    result = subprocess.run(
        [sys.executable, *fault.command],
        cwd=tree,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    planted.unlink()
    found = result.returncode != 0 and fault.expected in " ".join(result.stdout.split())
    print(f"check-check: {fault.tool}: {'finds' if found else 'MISSES'} the planted fault")
    if not found:
        print(result.stdout + result.stderr)
    return found


def main() -> int:
    """Return 0 where every tool found its fault."""
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder)
        copy_tree(tree)
        found = [is_found(fault, tree) for fault in FAULTS]
    return 0 if all(found) else 1


if __name__ == "__main__":
    sys.exit(main())
