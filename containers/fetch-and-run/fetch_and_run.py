#!/usr/bin/env python3
"""Fetch a program from S3 and run it: the entry point of a fetch-and-run container.

BATCH_FILE_TYPE=script   BATCH_FILE_S3_URL is a script (or a Python zipapp, `.pyz`)
BATCH_FILE_TYPE=zip      BATCH_FILE_S3_URL is a zip file, the first argument a script inside

The (other) arguments are handed to the script. S3 is Amazon's, or what AWS_ENDPOINT_URL_S3 names,
or PEGBATCH_S3_DIRECTORY, a folder of buckets; `file://` URLs are read as files.
Exit codes: 1 it cannot be fetched or started, 2 wrong use, 75 SIGTERM came before it was started,
otherwise that of the script.
Needs Python 3.11 and, for S3, obstore. A zipapp runs in this interpreter: one start, not two.
"""

from __future__ import annotations

import errno
import os
import runpy
import shutil
import signal
import sys
from pathlib import Path
from typing import NoReturn
from zipfile import BadZipFile, ZipFile

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
        sys.exit(1)


class FetchError(Exception):
    """The program cannot be fetched or started."""


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
            packed.extractall(inside)
    except (BadZipFile, OSError, RuntimeError, NotImplementedError) as error:
        raise FetchError(f"{url} cannot be unpacked: {error}") from error
    archive.unlink()
    script = safe_path(inside, arguments[0], url)
    if not script.is_file():
        raise FetchError(f"{url}: there is no {arguments[0]} inside")
    os.chdir(inside)
    become(script, arguments[1:], url)


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
        raise FetchError(f"{folder}: {error.strerror}") from error
    return folder


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
        else:
            download(url, target)
    except FileNotFoundError as error:
        raise FetchError(f"{url}: there is no such object") from error
    except OSError as error:
        raise FetchError(f"{url} cannot be fetched: {error.strerror or error}") from error
    return target


def download(url: str, target: Path) -> None:
    """Stream an object from S3 into a file."""
    if not HAS_OBSTORE:
        raise FetchError("the Python package obstore is missing in this image")
    bucket, _, key = url.removeprefix("s3://").partition("/")
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or ""
    try:
        store = S3Store(bucket, client_options={"allow_http": endpoint.startswith("http://")})
        with target.open("wb") as file:
            for chunk in obstore.get(store, key).stream():
                file.write(chunk)
    except (obstore.exceptions.BaseError, ValueError) as error:
        text = str(error).strip().split("\n", 1)[0]
        raise FetchError(f"{url} cannot be fetched: {text}") from error


if __name__ == "__main__":
    main()
