"""The worker's archive: the same bytes every time, and nothing in it that a container lacks."""

from __future__ import annotations

import ast
import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pegbatch
from pegbatch.adapters.worker_archive import build_worker, write_worker


def test_two_builds_are_the_same_bytes_in_any_process() -> None:
    program = "import sys; from pegbatch.adapters.worker_archive import build_worker;" \
        " sys.stdout.buffer.write(build_worker())"  # fmt: skip
    other = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        check=True,
        env={**os.environ, "PYTHONHASHSEED": "7"},
    ).stdout
    assert other == build_worker() == build_worker()


def test_it_holds_every_module_that_its_modules_import() -> None:
    with zipfile.ZipFile(io.BytesIO(build_worker())) as archive:
        names = set(archive.namelist())
        wanted = {
            module
            for name in names
            if name.endswith(".py")
            for module in _imports(archive.read(name).decode())
        }
    missing = {m for m in wanted if not {f"{m}.py", f"{m}/__init__.py"} & names}
    assert missing == set()
    assert {n for n in names if "/planner/" in n or "/engine/" in n or "/cli/" in n} == set()


def test_it_is_an_executable_file(tmp_path: Path) -> None:
    path = tmp_path / "worker.pyz"
    write_worker(path)
    assert os.access(path, os.X_OK)
    assert path.read_bytes().startswith(b"#!/usr/bin/env python3\n")


def test_what_only_type_checkers_read_is_not_followed() -> None:
    package = Path(pegbatch.__file__).read_text()
    assert "if TYPE_CHECKING:\n    from pegbatch.api import" in package
    with zipfile.ZipFile(io.BytesIO(build_worker())) as archive:
        assert "pegbatch/api.py" not in archive.namelist()
        assert archive.read("pegbatch/__init__.py").decode() == package


def _imports(source: str) -> set[str]:
    """Return what a module imports when it runs."""
    tree = ast.parse(source)
    for_checkers = {
        node
        for part in tree.body
        if isinstance(part, ast.If) and ast.unparse(part.test) == "TYPE_CHECKING"
        for node in ast.walk(part)
    }
    return {
        node.module.replace(".", "/")
        for node in ast.walk(tree)
        if node not in for_checkers
        and isinstance(node, ast.ImportFrom)
        and (node.module or "").startswith("pegbatch")
    }
