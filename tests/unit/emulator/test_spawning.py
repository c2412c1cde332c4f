"""Starting processes, the quick way and the other one."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pegbatch.emulator.spawning import Spawner, own_working_directory

ENVIRONMENT = {"PATH": "/usr/bin:/bin", "WORD": "a word"}


@pytest.fixture(params=[True, False], ids=["quick", "popen"])
def start(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    """Lend a function that runs a program to its end; it returns exit code and output."""
    folder, log = tmp_path / "home", tmp_path / "log"
    folder.mkdir()

    def run(*argv: str) -> tuple[int, str]:
        found: list[Any] = []

        def work() -> None:
            if request.param and not own_working_directory():
                found.append(None)
                return
            spawner = Spawner(quick=request.param)
            try:
                pid = spawner.start(argv, ENVIRONMENT, folder, log)
                found.append(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
            except OSError as error:
                found.append(error)
            finally:
                spawner.close()

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        if found == [None]:
            pytest.skip("threads cannot have a working directory of their own here")
        if isinstance(found[0], OSError):
            raise found[0]
        return found[0], log.read_text()

    yield run


def test_a_process_has_its_directory_variables_and_output(start: Any, tmp_path: Path) -> None:
    before = Path.cwd()
    script = 'pwd; echo "$WORD"; echo error >&2; read x || echo no input; exit 3'
    assert start("sh", "-c", script) == (3, f"{tmp_path}/home\na word\nerror\nno input\n")
    assert Path.cwd() == before


def test_a_process_has_a_session_of_its_own_and_no_open_files(start: Any) -> None:
    code, text = start("sh", "-c", "ps -o sid= -p $$ | tr -d ' '; echo $$; ls /proc/$$/fd")
    sid, pid, *files = text.split()
    assert (code, sid) == (0, pid)
    assert set(files) <= {"0", "1", "2", "10"}


def test_python_does_not_make_it_deaf_to_broken_pipes(start: Any) -> None:
    code, text = start("sh", "-c", "grep SigIgn /proc/self/status")
    assert (code, int(text.split()[1], 16) & (1 << 12)) == (0, 0)


def test_output_is_appended(start: Any) -> None:
    start("echo", "first")
    assert start("echo", "second") == (0, "first\nsecond\n")


def test_a_path_may_be_relative_to_the_directory(start: Any, tmp_path: Path) -> None:
    program = tmp_path / "home" / "program"
    program.write_text("#!/bin/sh\necho $0\n")
    program.chmod(0o755)
    assert start("./program") == (0, "./program\n")


@pytest.mark.parametrize("name", ["no-such-program", "/no/such/program", "./no"])
def test_a_program_that_is_not_there_is_an_error(start: Any, name: str) -> None:
    with pytest.raises(FileNotFoundError):
        start(name)
