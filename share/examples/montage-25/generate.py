#!/usr/bin/env python3
"""Write the workflow and its input files: five overlapping pictures of one invented sky.

Usage: generate.py [FOLDER]

The files beside this script were made by it; run it again to see that they come out the same.
Whole numbers only, and a generator of our own, so that they do so on every machine.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from xml.sax.saxutils import quoteattr

WIDTH, HEIGHT = 96, 64
# Left, top, width and height of each picture, and how much too bright its sky is.
TILES = (
    (0, 0, 52, 40, 9),
    (22, 4, 52, 44, 31),
    (44, 0, 52, 50, 0),
    (0, 24, 52, 40, 22),
    (46, 40, 50, 24, 14),
)
# Every two pictures that overlap: nine of the ten pairs there are.
PAIRS = ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (1, 4), (2, 3), (2, 4), (3, 4))
STARS = 40


def numbers(seed: int) -> Iterator[int]:
    """Yield pseudo-random whole numbers (the constants are those of Numerical Recipes)."""
    while True:
        seed = (seed * 1664525 + 1013904223) % 2**32
        yield seed >> 8


def sky() -> list[list[int]]:
    """Return the true picture: faint noise, and stars with a halo."""
    source = numbers(25)
    picture = [[20 + next(source) % 5 for _ in range(WIDTH)] for _ in range(HEIGHT)]
    for _ in range(STARS):
        x, y, light = next(source) % WIDTH, next(source) % HEIGHT, 60 + next(source) % 140
        for row in range(max(0, y - 2), min(HEIGHT, y + 3)):
            for column in range(max(0, x - 2), min(WIDTH, x + 3)):
                distance = (row - y) ** 2 + (column - x) ** 2
                picture[row][column] += light // (1 + distance)
    return picture


def write_inputs(folder: Path) -> None:
    """Write the raw pictures, the header of the mosaic and the three tables."""
    picture = sky()
    for number, (left, top, width, height, glow) in enumerate(TILES):
        rows = [row[left : left + width] for row in picture[top : top + height]]
        lines = ["P2", f"# origin {left} {top}", f"{width} {height}", "999"]
        lines += [" ".join(str(value + glow) for value in row) for row in rows]
        (folder / f"raw_{number}.pgm").write_text("\n".join(lines) + "\n")
    (folder / "region.hdr").write_text(f"width {WIDTH}\nheight {HEIGHT}\n")
    numbered = range(len(TILES))
    (folder / "pimages.tbl").write_text("".join(f"proj_{i}.pgm\n" for i in numbered))
    (folder / "cimages.tbl").write_text("".join(f"corr_{i}.pgm\n" for i in numbered))
    (folder / "fits_list.tbl").write_text("".join(f"fit_{a}_{b}.txt\n" for a, b in PAIRS))


class Dax:
    """Jobs and edges, in the order in which they are written."""

    def __init__(self) -> None:
        self.jobs: list[str] = []
        self.edges: list[str] = []
        self.producers: dict[str, str] = {}

    def add(self, name: str, inputs: list[str], outputs: list[str], *, final: bool = False) -> None:
        """Add a job `name INPUT… : OUTPUT…`, and edges from those who make its inputs."""
        job = f"ID{len(self.jobs):05d}"
        words = [f"{name} -i", *map(_file, inputs), "-o", *map(_file, outputs)]
        lines = [
            f'  <job id="{job}" namespace="montage" name="{name}" version="1.0">',
            f"    <argument>{' '.join(words)}</argument>",
            *(f'    <uses name={quoteattr(lfn)} link="input"/>' for lfn in inputs),
        ]
        flag = str(final).lower()
        for lfn in outputs:
            lines.append(
                f'    <uses name={quoteattr(lfn)} link="output"'
                f' register="{flag}" transfer="{flag}"/>'
            )
        parents = dict.fromkeys(self.producers[lfn] for lfn in inputs if lfn in self.producers)
        if parents:
            self.edges.append(f'  <child ref="{job}">')
            self.edges += [f'    <parent ref="{parent}"/>' for parent in parents]
            self.edges.append("  </child>")
        self.producers.update(dict.fromkeys(outputs, job))
        self.jobs.append("\n".join([*lines, "  </job>"]))

    def text(self) -> str:
        """Return the whole document."""
        return "\n".join(
            [
                '<?xml version="1.0" encoding="UTF-8"?>',
                '<adag xmlns="http://pegasus.isi.edu/schema/DAX" version="3.6" name="montage-25">',
                *self.jobs,
                *self.edges,
                "</adag>\n",
            ]
        )


def _file(lfn: str) -> str:
    return f"<file name={quoteattr(lfn)}/>"


def montage() -> Dax:
    """Return the 25 jobs of a small Montage run."""
    dax = Dax()
    numbered = range(len(TILES))
    for i in numbered:
        dax.add("mProjectPP", [f"raw_{i}.pgm", "region.hdr"], [f"proj_{i}.pgm", f"area_{i}.pgm"])
    for a, b in PAIRS:
        pictures = [f"proj_{a}.pgm", f"area_{a}.pgm", f"proj_{b}.pgm", f"area_{b}.pgm"]
        dax.add("mDiffFit", [*pictures, "region.hdr"], [f"fit_{a}_{b}.txt", f"diff_{a}_{b}.pgm"])
    fits = [f"fit_{a}_{b}.txt" for a, b in PAIRS]
    dax.add("mConcatFit", ["fits_list.tbl", *fits], ["fits.tbl"])
    dax.add("mBgModel", ["pimages.tbl", "fits.tbl"], ["corrections.tbl"])
    for i in numbered:
        inputs = [f"proj_{i}.pgm", f"area_{i}.pgm", "corrections.tbl"]
        dax.add("mBackground", inputs, [f"corr_{i}.pgm", f"carea_{i}.pgm"])
    corrected = [name for i in numbered for name in (f"corr_{i}.pgm", f"carea_{i}.pgm")]
    dax.add("mImgtbl", ["cimages.tbl", *corrected], ["newcimages.tbl"])
    dax.add("mAdd", ["newcimages.tbl", "region.hdr", *corrected], ["mosaic.pgm", "marea.pgm"])
    dax.add("mShrink", ["mosaic.pgm", "marea.pgm"], ["shrunken.pgm"])
    dax.add("mJPEG", ["shrunken.pgm"], ["mosaic.png"], final=True)
    return dax


def main() -> None:
    """Write everything below the folder given, or beside this script."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    inputs = folder / "inputs"
    inputs.mkdir(parents=True, exist_ok=True)
    write_inputs(inputs)
    (folder / "montage-25.dax").write_text(montage().text())


if __name__ == "__main__":
    main()
