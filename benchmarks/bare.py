"""What the worker does, with nothing around: `python -m benchmarks.bare WHAT [WORD ...]`.

commands COUNT FOLDER            /bin/cp so many times, one after another
transfers COUNT FROM TO FOLDER   get so many objects and put as many, all at once, with obstore
get FROM FILE                    one object into a file
put FILE TO                      one file into an object
store-get, store-put             the same as the worker does it, checksums included

FROM and TO are `file://` folders or `s3://`, and go through obstore. Printed: seconds, and
processor seconds with those of the programs.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import obstore
from obstore.store import S3Store

from pegbatch.adapters.store import store_from_environment

AT_ONCE = 64
"""Requests on their way; for files as well, obstore's threads do the work."""
CHUNK_BYTES = 1 << 20


def commands(count: str, folder: str) -> None:
    """Run the commands of a bag, one after another."""
    for number in range(int(count)):
        subprocess.run(["/bin/cp", f"in.{number}", f"out.{number}"], cwd=folder, check=True)


def transfers(count: str, source: str, target: str, folder: str) -> None:
    """Fetch the inputs of a bag and put as many outputs."""
    asyncio.run(_transfers(int(count), source, target, Path(folder)))


async def _transfers(count: int, source: str, target: str, folder: Path) -> None:
    bucket, keys = _opened(source)
    _, places = _opened(target)
    room = asyncio.Semaphore(AT_ONCE)

    async def get(name: str) -> None:
        async with room:
            answer = await obstore.get_async(bucket, f"{keys}/{name}")
            (folder / name).write_bytes(await answer.bytes_async())

    async def put(name: str) -> None:
        async with room:
            data = (folder / name).read_bytes()
            await obstore.put_async(bucket, f"{places}/{name}", data, use_multipart=False)

    names = [f"in.{number}" for number in range(count)]
    await asyncio.gather(*map(get, names))
    await asyncio.gather(*map(put, names))


def get(source: str, path: str) -> None:
    """Fetch one object."""
    bucket, key = _opened(source)
    with Path(path).open("wb", buffering=0) as file:
        for chunk in obstore.get(bucket, key).stream(min_chunk_size=CHUNK_BYTES):
            file.write(chunk)


def put(path: str, target: str) -> None:
    """Put one file."""
    bucket, key = _opened(target)
    obstore.put(bucket, key, Path(path))


def store_get(source: str, path: str) -> None:
    """Fetch one object as the worker does."""
    store_from_environment(os.environ).download(source, Path(path), require_checksum=True)


def store_put(path: str, target: str) -> None:
    """Put one file as the worker does."""
    store_from_environment(os.environ).upload(Path(path), target)


def _opened(url: str) -> tuple[S3Store | obstore.store.LocalStore, str]:
    scheme, _, rest = url.partition("://")
    if scheme == "file":
        path = Path(rest)
        path.parent.mkdir(parents=True, exist_ok=True)
        return obstore.store.LocalStore(path.parent), path.name
    bucket, _, key = rest.partition("/")
    return S3Store(bucket, client_options={"allow_http": True, "timeout": "1 day"}), key


WHAT: dict[str, Callable[..., None]] = {
    "commands": commands,
    "transfers": transfers,
    "get": get,
    "put": put,
    "store-get": store_get,
    "store-put": store_put,
}


def main() -> None:
    """Do what the command line says and print what it took."""
    start, used = time.perf_counter(), _processor_seconds()
    WHAT[sys.argv[1]](*sys.argv[2:])
    print(time.perf_counter() - start, _processor_seconds() - used, flush=True)
    # obstore's threads may still report to the loop, which Python takes for a bug while it ends.
    os._exit(0)


def _processor_seconds() -> float:
    return sum(os.times()[:4])


if __name__ == "__main__":
    main()
