"""The container's entry script, run as the container runs it."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.functional.worker_process import ENTRY

BUCKETS = "PEGBATCH_S3_DIRECTORY"


def run(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the entry script with a folder of buckets beside it."""
    (folder / "tmp").mkdir(exist_ok=True)
    return subprocess.run(
        [sys.executable, ENTRY, *words],
        env={
            "PATH": os.environ["PATH"],
            "TMPDIR": str(folder / "tmp"),
            BUCKETS: str(folder / "buckets"),
            **environment,
        },
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def put(folder: Path, name: str, text: str) -> str:
    """Put an object and return its URL."""
    path = folder / "buckets" / "mine" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return f"s3://mine/{name}"


def pack(folder: Path, members: dict[str, str]) -> str:
    """Put a zip file and return its URL."""
    path = folder / "buckets" / "mine" / "pack.zip"
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return "s3://mine/pack.zip"


def test_a_script_gets_all_arguments_and_its_exit_code_counts(tmp_path: Path) -> None:
    url = put(tmp_path, "a script", '#!/bin/sh\necho "$1|$2"; exit 7\n')
    ended = run(tmp_path, "one word", "*", BATCH_FILE_TYPE="script", BATCH_FILE_S3_URL=url)
    assert (ended.returncode, ended.stdout) == (7, "one word|*\n")


def test_a_script_without_a_first_line_is_for_the_shell(tmp_path: Path) -> None:
    url = put(tmp_path, "plain", 'echo "plain $1"\n')
    ended = run(tmp_path, "x", BATCH_FILE_TYPE="script", BATCH_FILE_S3_URL=url)
    assert (ended.returncode, ended.stdout) == (0, "plain x\n")


def test_a_file_url_is_read_as_a_file(tmp_path: Path) -> None:
    (tmp_path / "script").write_text("#!/bin/sh\necho local\n")
    ended = run(tmp_path, BATCH_FILE_TYPE="script", BATCH_FILE_S3_URL=f"file://{tmp_path}/script")
    assert (ended.returncode, ended.stdout) == (0, "local\n")


def test_a_zipapp_runs_in_the_same_process_and_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "buckets" / "mine" / "app.pyz"
    path.parent.mkdir(parents=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(
            "__main__.py", "import os, sys\nprint(os.getpid(), sys.argv[1:])\nsys.exit(3)"
        )
    (tmp_path / "tmp").mkdir()
    with subprocess.Popen(
        [sys.executable, ENTRY, "a", "b"],
        env={
            "PATH": os.environ["PATH"],
            "TMPDIR": str(tmp_path / "tmp"),
            BUCKETS: str(tmp_path / "buckets"),
            "BATCH_FILE_TYPE": "script",
            "BATCH_FILE_S3_URL": "s3://mine/app.pyz",
        },
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        said, _ = process.communicate(timeout=30)
    assert (process.returncode, said) == (3, f"{process.pid} ['a', 'b']\n")
    assert list((tmp_path / "tmp").iterdir()) == []


def test_the_first_argument_names_the_script_in_a_zip_file(tmp_path: Path) -> None:
    url = pack(tmp_path, {"bin/go": '#!/bin/sh\ncat data; echo "$1"\n', "data": "inside\n"})
    ended = run(tmp_path, "bin/go", "x", BATCH_FILE_TYPE="zip", BATCH_FILE_S3_URL=url)
    assert (ended.returncode, ended.stdout) == (0, "inside\nx\n")


@pytest.mark.parametrize("name", ["../evil", "/evil", "a/../../evil", "..\\evil"])
def test_a_zip_file_that_leaves_its_folder_is_refused(tmp_path: Path, name: str) -> None:
    url = pack(tmp_path, {"go": "exit 0\n", name: "evil"})
    ended = run(tmp_path, "go", BATCH_FILE_TYPE="zip", BATCH_FILE_S3_URL=url)
    assert ended.returncode == 1
    assert "would leave the folder" in ended.stderr
    assert list(tmp_path.rglob("evil")) == []


@pytest.mark.parametrize("script", ["../../go", "/bin/sh", "absent"])
def test_the_script_must_be_inside_the_zip_file(tmp_path: Path, script: str) -> None:
    url = pack(tmp_path, {"go": "exit 0\n"})
    ended = run(tmp_path, script, BATCH_FILE_TYPE="zip", BATCH_FILE_S3_URL=url)
    assert ended.returncode == 1
    assert url in ended.stderr and "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({}, "BATCH_FILE_TYPE is not set"),
        ({"BATCH_FILE_TYPE": "tar", "BATCH_FILE_S3_URL": "s3://b/k"}, "BATCH_FILE_TYPE is tar"),
        ({"BATCH_FILE_TYPE": "script"}, "BATCH_FILE_S3_URL is not set"),
        ({"BATCH_FILE_TYPE": "script", "BATCH_FILE_S3_URL": "http://x/y"}, "expected s3://"),
        ({"BATCH_FILE_TYPE": "zip", "BATCH_FILE_S3_URL": "s3://b/k"}, "needs an argument"),
    ],
)
def test_wrong_use_is_explained(tmp_path: Path, environment: dict[str, str], words: str) -> None:
    ended = run(tmp_path, **environment)
    assert ended.returncode == 2
    assert words in ended.stderr and "usage:" in ended.stderr


@pytest.mark.parametrize("kind", ["script", "zip"])
@pytest.mark.parametrize("url", ["s3://mine/absent", "s3://mine/absent.pyz", "file:///absent"])
def test_an_object_that_is_not_there_is_named(tmp_path: Path, kind: str, url: str) -> None:
    ended = run(tmp_path, "x", BATCH_FILE_TYPE=kind, BATCH_FILE_S3_URL=url)
    assert (ended.returncode, ended.stderr) == (
        1, f"fetch_and_run: {url}: there is no such object\n",
    )  # fmt: skip


def test_a_damaged_zip_file_is_named(tmp_path: Path) -> None:
    url = put(tmp_path, "broken", "not a zip file")
    ended = run(tmp_path, "x", BATCH_FILE_TYPE="zip", BATCH_FILE_S3_URL=url)
    assert ended.returncode == 1
    assert f"{url} cannot be unpacked" in ended.stderr


def test_a_zipapp_that_does_not_listen_yet_is_to_be_started_again_after_sigterm(
    tmp_path: Path,
) -> None:
    path = tmp_path / "buckets" / "mine" / "app.pyz"
    path.parent.mkdir(parents=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("__main__.py", "import os\nos.kill(os.getpid(), 15)\nwhile True: pass")
    ended = run(tmp_path, BATCH_FILE_TYPE="script", BATCH_FILE_S3_URL="s3://mine/app.pyz")
    assert ended.returncode == 75


def test_sigterm_ends_a_script_as_it_would_without_the_entry_script(tmp_path: Path) -> None:
    url = put(tmp_path, "script", "#!/bin/sh\nkill -TERM $$\nsleep 20\n")
    ended = run(tmp_path, BATCH_FILE_TYPE="script", BATCH_FILE_S3_URL=url)
    assert ended.returncode == -15
