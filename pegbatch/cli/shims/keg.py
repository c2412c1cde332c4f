"""Stand in for pegasus-keg, the program of Pegasus's examples: outputs that hold all inputs.

It is copied as it is, and goes with the workflow to wherever its tasks run: nothing but Python's
own library is there. Equal arguments and inputs make equal outputs.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import time
from collections.abc import Sequence
from pathlib import Path


def read_arguments(words: Sequence[str]) -> argparse.Namespace:
    """Read the command line; -i and -o take several names and may come again."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("-a", dest="name", default="keg", help="what the program calls itself")
    parser.add_argument("-t", dest="rest", type=float, default=0.0, help="seconds to sleep")
    parser.add_argument("-T", dest="work", type=float, default=0.0, help="seconds to compute")
    parser.add_argument("-p", dest="prefix", default="  ", help="before each line of an input")
    parser.add_argument("-G", dest="size", type=int, help="bytes of each output, at least")
    parser.add_argument("-l", dest="log", help="file that a line is added to")
    parser.add_argument("-i", dest="inputs", nargs="+", action="extend", default=[])
    parser.add_argument("-o", dest="outputs", nargs="+", action="extend", default=[])
    return parser.parse_args(words)


def describe(path: str, prefix: str) -> bytes:
    """Return one input: a line with its size and checksum, then its content, line by line."""
    data = Path(path).read_bytes()
    head = f"--- {path}, {len(data)} bytes, sha256 {hashlib.sha256(data).hexdigest()}\n"
    lines = data.splitlines(keepends=True)
    return head.encode() + b"".join(prefix.encode() + line for line in lines)


def compute(seconds: float) -> None:
    """Keep a CPU busy."""
    end = time.monotonic() + seconds
    data = b"keg"
    while time.monotonic() < end:
        data = hashlib.sha256(data).digest()


def write(path: str, content: bytes, default_size: int | None) -> None:
    """Write one output, `name` or `name=size`, filled up to its size."""
    name, _, size = path.partition("=")
    wanted = int(size) if size else default_size or 0
    filler = b"." * max(0, wanted - len(content))
    Path(name).write_bytes(content + filler)


def main(words: Sequence[str]) -> str | None:
    """Read all inputs, work for a while, write all outputs; return what went wrong."""
    options = read_arguments(words)
    try:
        inputs = b"".join(describe(path, options.prefix) for path in options.inputs)
        compute(options.work)
        time.sleep(options.rest)
        for path in options.outputs:
            head = f"{options.name} made {path.partition('=')[0]}\n".encode()
            write(path, head + inputs, options.size)
        if options.log:
            with Path(options.log).open("a", encoding="utf-8") as log:
                log.write(f"{options.name}: {len(options.outputs)} files made\n")
    except (OSError, ValueError) as error:
        return f"{options.name}: {error}"
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
