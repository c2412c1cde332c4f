"""Fetch what is vendored again from npm, and verify it against what is on record.

A `VENDORED.json` names package, version, npm's integrity of the archive, and the files that are
taken from it, each with its checksum. Usage: vendor.py [--pin VERSION]

With --pin another version is put on record in place of the present one; read its changes first.
"""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "pegbatch" / "report" / "vendor" / "echarts"
RECORD = FOLDER / "VENDORED.json"


def main(words: list[str]) -> int:
    """Fetch, verify, and put the files in place."""
    record = json.loads(RECORD.read_text())
    if words[:1] == ["--pin"] and len(words) == 2:
        record |= {"version": words[1], "integrity": None}
    elif words:
        print(__doc__, file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        archive = _fetched(f"{record['name']}@{record['version']}", Path(folder))
        integrity = _integrity(archive.read_bytes())
        if record["integrity"] not in (None, integrity):
            print(f"vendor: {archive.name} is {integrity}, on record is another", file=sys.stderr)
            return 1
        files = _taken(archive, record["files"])
    if record["integrity"] is None:
        record |= {"integrity": integrity, "files": _with_checksums(record["files"], files)}
    return _put(record, files)


def _fetched(package: str, folder: Path) -> Path:
    words = ["npm", "pack", "--silent", "--ignore-scripts", package]
    subprocess.run(words, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return next(folder.glob("*.tgz"))


def _integrity(data: bytes) -> str:
    return "sha512-" + base64.b64encode(hashlib.sha512(data).digest()).decode()


def _taken(archive: Path, files: dict[str, Any]) -> dict[str, bytes]:
    """Return the bytes of the files by name; nothing is unpacked to a path of the archive's."""
    taken = {}
    with tarfile.open(archive) as members:
        for name, about in files.items():
            stream = members.extractfile(f"package/{about['from']}")
            assert stream is not None, about
            taken[name] = stream.read()
    return taken


def _with_checksums(files: dict[str, Any], data: dict[str, bytes]) -> dict[str, Any]:
    return {
        name: about | {"sha256": hashlib.sha256(data[name]).hexdigest()}
        for name, about in files.items()
    }


def _put(record: dict[str, Any], files: dict[str, bytes]) -> int:
    for name, data in files.items():
        if hashlib.sha256(data).hexdigest() != record["files"][name]["sha256"]:
            print(f"vendor: {name} has another checksum than is on record", file=sys.stderr)
            return 1
    for name, data in files.items():
        (FOLDER / name).write_bytes(data)
    RECORD.write_text(json.dumps(record, indent=2) + "\n")
    print(f"{record['name']} {record['version']}: {', '.join(files)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
