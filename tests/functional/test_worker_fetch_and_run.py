"""The container's entry script, run as the container runs it."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from pegbatch.adapters.store import Store
from pegbatch.adapters.worker_archive import build_worker
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


@pytest.mark.parametrize("share", [0, 0.5, 0.99])
def test_a_zipapp_that_was_cut_off_is_no_success(tmp_path: Path, share: float) -> None:
    """Python runs an empty file, and is content."""
    whole = build_worker()
    path = tmp_path / "buckets" / "mine" / "worker.pyz"
    path.parent.mkdir(parents=True)
    path.write_bytes(whole[: int(len(whole) * share)])
    ended = run(
        tmp_path, "s3://mine/run", "L0",
        BATCH_FILE_TYPE="script", BATCH_FILE_S3_URL="s3://mine/worker.pyz",
    )  # fmt: skip
    assert ended.returncode == 1
    assert ended.stderr == (
        "fetch_and_run: s3://mine/worker.pyz is not a zipapp, or was cut off; put it again\n"
    )


@pytest.mark.parametrize("name", ["worker.pyz", "script"])
def test_a_program_that_is_not_what_was_put_is_not_started(tmp_path: Path, name: str) -> None:
    store = Store(s3_directory=tmp_path / "buckets")
    store.write(f"s3://mine/{name}", build_worker())
    with (tmp_path / "buckets" / "mine" / name).open("r+b") as file:
        file.seek(5000)
        file.write(b"damaged")
    ended = run(
        tmp_path, "s3://mine/run", "L0",
        BATCH_FILE_TYPE="script", BATCH_FILE_S3_URL=f"s3://mine/{name}",
    )  # fmt: skip
    assert ended.returncode == 1
    assert f"s3://mine/{name} is damaged: its SHA-256 is " in ended.stderr


def test_an_image_without_obstore_is_named_as_such(tmp_path: Path) -> None:
    Store(s3_directory=tmp_path / "buckets").write("s3://mine/worker.pyz", build_worker())
    (tmp_path / "without").mkdir()
    (tmp_path / "without" / "sitecustomize.py").write_text(
        "import sys\n"
        "class Missing:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.partition('.')[0] == 'obstore':\n"
        "            raise ModuleNotFoundError(name, name=name)\n"
        "sys.meta_path.insert(0, Missing())\n"
    )
    told = {
        "PYTHONPATH": str(tmp_path / "without"),
        "BATCH_FILE_TYPE": "script",
        "BATCH_FILE_S3_URL": "s3://mine/worker.pyz",
    }
    ended = run(tmp_path, "s3://mine/run", "L0", **told)
    assert ended.returncode == 1
    assert ended.stderr == "worker: the Python package obstore is missing in this image\n"
    over_the_wire = run(tmp_path, "s3://mine/run", "L0", **{**told, BUCKETS: ""})
    assert over_the_wire.returncode == 1
    assert "the Python package obstore is missing in this image" in over_the_wire.stderr


def test_a_machine_without_room_for_the_program_is_left_for_another(tmp_path: Path) -> None:
    url = put(tmp_path, "script", "exit 0\n" + "#" * 100_000)
    kernel_says = "import errno, os, shutil\n"
    kernel_says += "def full(*words):\n    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))\n"
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "sitecustomize.py").write_text(kernel_says + "shutil.copyfile = full\n")
    ended = run(
        tmp_path,
        BATCH_FILE_TYPE="script", BATCH_FILE_S3_URL=url, PYTHONPATH=str(tmp_path / "full"),
    )  # fmt: skip
    assert ended.returncode == 75
    assert "No space left on device" in ended.stderr and str(tmp_path / "tmp") in ended.stderr
