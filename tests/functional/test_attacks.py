"""Files that want memory or time: refused with a sentence, at once and in little memory."""

from __future__ import annotations

import gzip
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.functional.measured import measured

MIB = 1 << 20
MOST_MIB = 100
ENTITIES = (
    b'<!DOCTYPE l [<!ENTITY a0 "lol">'
    + b"".join(b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 10))
    + b"]>"
)
ALIASES = b"x0: &x0 [{id: a, name: b}]\n" + b"".join(
    b"x%d: &x%d [%s]\n" % (n, n, b",".join([b"*x%d" % (n - 1)] * 9)) for n in range(1, 12)
)
SMALL = {
    "entities.dax": ENTITIES + b"<adag>&a9;</adag>",
    "entities.xml": ENTITIES + b"<sitecatalog>&a9;</sitecatalog>",
    "aliases.yml": ALIASES + b"jobs: *x11\n",
    "nul.yml": b"jobs:\n- {id: a\0, name: b}\n",
    "nul.dax": b"<adag><job id='a\0'/></adag>",
    "utf16.txt": 'f.a file:///x site="local"\n'.encode("utf-16"),
    "cut.gz": gzip.compress(b"<adag/>" * 100)[:-9],
}
LARGE: dict[str, tuple[bytes, bytes]] = {
    "nest.dax": (b"<adag><job>", b"<a>"),
    "nest.yml": (b"jobs: ", b"["),
    "nest.json": (b"", b'{"jobs":'),
    "dashes.yml": (b"jobs:\n", b"- "),
    "blocks.txt": (b"", b"tr x {\n"),
    "line.yml": (b"jobs: ", b"a"),
    "line.txt": (b"f.a file:///", b"a"),
    "string.json": (b'{"jobs": "', b"a"),
    "attribute.dax": (b"<adag name='", b"a"),
    "argument.dax": (b"<adag><job id='a' name='b'><argument>", b"a>"),
    "zeros.dat": (b"", b"\0"),
    "breaks.properties": (b"", b"\n"),
    "continued.properties": (b"", b"pegasus.a = b \\\n"),
}
"""A start, and what follows it over and over, 100 MB of it."""
PACKED = {"zeros.gz": b"\0", "nest.dax.gz": b"<a>", "blanks.yml.gz": b" ", "items.yml.gz": b"- a\n"}
RUBBISH = ("dax", "xml", "yml", "json", "txt", "properties", "gz", "dat")


def pieces(unit: bytes) -> Iterator[bytes]:
    piece = unit * (MIB // len(unit))
    for _ in range(100):
        yield piece


def lay_down(path: Path) -> None:
    """Write the file of that name."""
    name = path.name
    if name in SMALL:
        path.write_bytes(SMALL[name])
    elif name in LARGE:
        start, unit = LARGE[name]
        with path.open("wb") as file:
            file.write(start)
            file.writelines(pieces(unit))
    elif name in PACKED:
        with gzip.open(path, "wb", compresslevel=3) as packed:
            packed.writelines(pieces(PACKED[name]))
    else:
        head = b"\x1f\x8b" if name.endswith(".gz") else b""
        path.write_bytes(head + os.urandom(2 * MIB))


def expect_refusal(folder: Path, name: str, *words: str) -> None:
    ended = measured([sys.executable, "-m", "pegbatch", *words], folder)
    assert ended.exit_code == 3, ended.said
    assert name in ended.said and "Traceback" not in ended.said
    assert len(ended.said) < 2000
    assert ended.peak_mib < MOST_MIB, ended.said


NAMES = [*SMALL, *LARGE, *PACKED, *(f"rubbish.{suffix}" for suffix in RUBBISH)]


@pytest.mark.parametrize("name", NAMES)
def test_an_attack_is_refused_in_little_memory(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    lay_down(path)
    try:
        expect_refusal(tmp_path, name, "inspect", name)
        expect_refusal(tmp_path, name, "plan", name)
    finally:
        path.unlink()


@pytest.mark.parametrize("key", ["site", "transformation", "replica"])
@pytest.mark.parametrize("name", ["nest.json", "zeros.gz", "line.txt", "entities.xml"])
def test_an_attack_by_a_catalog_is_refused_in_little_memory(
    key: str, name: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    lay_down(path)
    (tmp_path / "w.dax").write_text('<adag name="w"><job id="a" name="b"/></adag>')
    words = ("plan", "w.dax", f"-Dpegasus.catalog.{key}.file={name}")
    try:
        expect_refusal(tmp_path, name, *words)
    finally:
        path.unlink()


@pytest.mark.parametrize("name", ["nest.json", "zeros.gz", "line.txt", "continued.properties"])
def test_an_attack_by_properties_is_refused_in_little_memory(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    lay_down(path)
    (tmp_path / "w.dax").write_text('<adag name="w"><job id="a" name="b"/></adag>')
    try:
        expect_refusal(tmp_path, name, "plan", "w.dax", "--conf", name)
    finally:
        path.unlink()
