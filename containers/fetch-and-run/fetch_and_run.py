#!/usr/bin/env python3
"""Fetch a program from S3 and run it: the entry point of a fetch-and-run container.

BATCH_FILE_TYPE=script   BATCH_FILE_S3_URL is a script (or a Python zipapp, `.pyz`)
BATCH_FILE_TYPE=zip      BATCH_FILE_S3_URL is a zip file, the first argument a script inside

The (other) arguments are handed to the script. S3 is Amazon's, or what AWS_ENDPOINT_URL_S3 names,
or PEGBATCH_S3_DIRECTORY, a folder of buckets; `file://` URLs are read as files.
Exit codes: 1 it cannot be fetched or started, 2 wrong use, 75 another start may do better (SIGTERM
came before the script ran, S3 does not answer, this machine's disk is full), otherwise that of the
script. Transient faults of S3 are tried again for PEGBATCH_STORE_RETRY_SECONDS, 120 if unset.
Needs Python 3.11 and, for S3, obstore. A zipapp runs in this interpreter: one start, not two.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import runpy
import shutil
import signal
import sys
from datetime import timedelta
from pathlib import Path
from typing import NoReturn
from zipfile import BadZipFile, ZipFile, is_zipfile

EXIT_AGAIN = 75
if __name__ == "__main__":
    # A Spot interruption before the program listens itself: nothing was done, so start it again.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(EXIT_AGAIN))

try:
    import obstore
    from obstore.store import S3Store

    HAS_OBSTORE = True
except ImportError:
    HAS_OBSTORE = False

NAME = "fetch_and_run"
RETRY_SECONDS = 120.0
TRIES = 3
"""A download that broke off, or whose bytes do not match, is begun again."""
TRANSIENT = re.compile(r"HTTP error|status code: (5\d\d|429)\b")
"""In obstore's messages: what it tried again, in vain."""
MEMBERS_MAX = 100_000
BOMB_BYTES = 256 << 20
BOMB_RATIO = 200
"""A zip file may unpack to so much, and so many times its size: deflate comes to 1,000 at most."""
THIS_MACHINE = (errno.ENOSPC, errno.EDQUOT)


def main() -> None:
    """Do what the environment and the arguments say."""
    kind = os.environ.get("BATCH_FILE_TYPE", "")
    url = os.environ.get("BATCH_FILE_S3_URL", "")
    arguments = sys.argv[1:]
    if kind not in ("script", "zip"):
        usage(f"BATCH_FILE_TYPE is {kind or 'not set'}; expected script or zip")
    if not url.startswith(("s3://", "file://")):
        usage(f"BATCH_FILE_S3_URL is {url or 'not set'}; expected s3://bucket/key")
    if kind == "zip" and not arguments:
        usage("a zip file needs an argument, the script inside")
    try:
        if kind == "zip":
            run_zip(url, arguments)
        elif url.endswith(".pyz"):
            run_zipapp(url, arguments)
        else:
            run_script(url, arguments)
    except FetchError as error:
        sys.stderr.write(f"{NAME}: {error}\n")
        sys.exit(error.exit_code)


class FetchError(Exception):
    """The program cannot be fetched or started."""

    def __init__(self, message: str, *, again: bool = False) -> None:
        """Take what is said, and whether another start may do better."""
        super().__init__(message)
        self.exit_code = EXIT_AGAIN if again else 1


class Damaged(FetchError):
    """What was fetched is not what was put."""


def usage(problem: str) -> NoReturn:
    """Say what does not fit and how it should be, and exit."""
    sys.stderr.write(
        f"{NAME}: {problem}\n"
        f"usage: BATCH_FILE_TYPE=script BATCH_FILE_S3_URL=s3://bucket/key {NAME} [word]...\n"
        f"       BATCH_FILE_TYPE=zip BATCH_FILE_S3_URL=s3://bucket/key {NAME} script [word]...\n"
    )
    sys.exit(2)


def run_zipapp(url: str, arguments: list[str]) -> None:
    """Run a zipapp in this interpreter."""
    path = local_file(url)
    folder = None
    if path is None:
        folder = new_folder()
        path = fetch(url, folder / "program.pyz")
    elif not path.is_file():
        raise FetchError(f"{url}: there is no such object")
    else:
        check(path, checksum_of(path), url)
    if not is_zipfile(path):
        # Python would run an empty file, and be content.
        raise Damaged(f"{url} is not a zipapp, or was cut off; put it again")
    sys.argv = [str(path), *arguments]
    try:
        runpy.run_path(str(path), run_name="__main__")
    finally:
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)


def run_script(url: str, arguments: list[str]) -> None:
    """Become the script."""
    become(fetch(url, new_folder() / "script"), arguments, url)


def run_zip(url: str, arguments: list[str]) -> None:
    """Unpack the zip file and become the script inside, in the folder of the zip file."""
    folder = new_folder()
    archive = fetch(url, folder / "archive")
    inside = folder / "files"
    try:
        with ZipFile(archive) as packed:
            for name in packed.namelist():
                safe_path(inside, name, url)
            check_sizes(packed, archive, url)
            packed.extractall(inside)
    except (BadZipFile, OSError, RuntimeError, NotImplementedError) as error:
        raise FetchError(f"{url} cannot be unpacked: {error}") from error
    archive.unlink()
    script = safe_path(inside, arguments[0], url)
    if not script.is_file():
        raise FetchError(f"{url}: there is no {arguments[0]} inside")
    os.chdir(inside)
    become(script, arguments[1:], url)


def check_sizes(packed: ZipFile, archive: Path, url: str) -> None:
    """Refuse an archive that only wants to fill the disk, before anything is unpacked."""
    members = packed.infolist()
    unpacked = sum(member.file_size for member in members)
    if len(members) > MEMBERS_MAX or unpacked > BOMB_BYTES + BOMB_RATIO * archive.stat().st_size:
        raise FetchError(
            f"{url} is a bomb: {len(members)} files and {unpacked >> 20} MiB in "
            f"{archive.stat().st_size >> 10} KiB"
        )


def safe_path(folder: Path, name: str, url: str) -> Path:
    """Return a path inside a folder, and refuse names that would leave it."""
    parts = name.replace("\\", "/").split("/")
    if name.startswith(("/", "\\")) or ".." in parts or "\0" in name:
        raise FetchError(f"{url}: the name {name!r} would leave the folder")
    return folder / name


def become(script: Path, arguments: list[str], url: str) -> NoReturn:
    """Replace this process by the script."""
    words = [str(script), *arguments]
    try:
        script.chmod(0o755)
        os.execv(script, words)
    except OSError as error:
        if error.errno != errno.ENOEXEC:
            raise FetchError(f"{url} cannot be started: {error.strerror}") from error
    # Without a first line that names an interpreter it is one for the shell.
    os.execv("/bin/sh", ["/bin/sh", *words])


def new_folder() -> Path:
    """Make a folder of our own."""
    parent = Path(os.environ.get("TMPDIR") or "/tmp")
    folder = parent / f"fetch-and-run-{os.getpid()}-{os.urandom(4).hex()}"
    try:
        folder.mkdir(mode=0o700)
    except OSError as error:
        raise FetchError(f"{folder}: {error.strerror}", again=is_ours(error)) from error
    return folder


def is_ours(error: OSError) -> bool:
    """Tell whether another machine may do better."""
    return error.errno in THIS_MACHINE


def local_file(url: str) -> Path | None:
    """Return where an object lies on this machine; None where it lies in S3."""
    scheme, _, rest = url.partition("://")
    if scheme == "file":
        return Path("/", rest.partition("/")[2])
    directory = os.environ.get("PEGBATCH_S3_DIRECTORY")
    return safe_path(Path(directory), rest, url) if directory else None


def fetch(url: str, target: Path) -> Path:
    """Copy an object to a file and return the file."""
    local = local_file(url)
    try:
        if local is not None:
            shutil.copyfile(local, target)
            check(target, checksum_of(local), url)
        else:
            download(url, target)
    except FileNotFoundError as error:
        raise FetchError(f"{url}: there is no such object") from error
    except OSError as error:
        said = f"{url} cannot be fetched to {target.parent}: {error.strerror or error}"
        raise FetchError(said, again=is_ours(error)) from error
    return target


def checksum_of(path: Path) -> str | None:
    """Return the checksum that travels with a file."""
    try:
        return os.getxattr(path, "user.sha256").decode("ascii", "replace")
    except OSError:
        beside = path.with_name(f"{path.name}.sha256")
        return beside.read_text("ascii", "replace") if beside.is_file() else None


def check(path: Path, expected: str | None, url: str) -> None:
    """Compare a file with the checksum that travelled with it, where one did."""
    if expected is None:
        return
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != expected:
        raise Damaged(f"{url} is damaged: its SHA-256 is {found}, of what was put {expected}")


def download(url: str, target: Path) -> None:
    """Copy an object from S3 to a file, and again where it was damaged on its way."""
    if not HAS_OBSTORE:
        raise FetchError("the Python package obstore is missing in this image")
    for left in reversed(range(TRIES)):
        try:
            return stream(url, target)
        except Damaged:
            if not left:
                raise


def stream(url: str, target: Path) -> None:
    """Stream an object from S3 into a file."""
    bucket, _, key = url.removeprefix("s3://").partition("/")
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or ""
    try:
        seconds = float(os.environ.get("PEGBATCH_STORE_RETRY_SECONDS") or RETRY_SECONDS)
        store = S3Store(
            bucket,
            # A large file may take long; one that stops coming may not.
            client_options={
                "allow_http": endpoint.startswith("http://"),
                "timeout": "1 day",
                "read_timeout": "60s",
                "connect_timeout": "10s",
            },
            retry_config={"max_retries": 12, "retry_timeout": timedelta(seconds=seconds)},
        )
        answer = obstore.get(store, key)
        with target.open("wb") as file:
            for chunk in answer.stream():
                file.write(chunk)
    except (obstore.exceptions.BaseError, ValueError) as error:
        text = str(error).strip().split("\n", 1)[0]
        again = TRANSIENT.search(text) is not None
        raise FetchError(f"{url} cannot be fetched: {text}", again=again) from error
    check(target, answer.attributes.get("sha256"), url)


if __name__ == "__main__":
    main()
