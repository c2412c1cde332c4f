"""Stage inputs: files on the web are fetched once, into the bucket, by arrays of their own.

Each level that is the first to read such a file has one stage-in array for all of them; tasks
read `data/<lfn>`, and programs `programs/<name>`, as if a task had made it.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import sha256

from pegbatch.model.bags import Executable, Transfer, TransferArray
from pegbatch.model.file_keys import file_key
from pegbatch.model.layout import program_key
from pegbatch.model.manifest import FileUse
from pegbatch.model.workflow import OPTIONAL, OUTPUT
from pegbatch.planner.stages import Packed, Staged, grow
from pegbatch.planner.urls import is_web


def stage_inputs(packed: Packed) -> Staged:
    """Turn inputs and programs on the web into files that stage-in arrays bring.

    Shapes: at most `pegasus.stagein.clusters` bags an array; tasks are gone through only where
    there is something to bring.
    """
    files = {lfn: use for lfn, use in packed.inputs.items() if is_web(use.url)}
    programs = {use.url for of in packed.executables for use in of.staged if is_web(use.url)}
    if not files and not programs:
        return grow(Staged, packed, transfer_arrays=(), transfer_readers=())
    wanted = _Wanted(packed, files)
    brought = [*wanted.programs(), *wanted.files()]
    arrays, readers = _arrays(packed, brought)
    inputs = {
        lfn: FileUse(lfn=use.lfn, url=file_key(packed.workflow, lfn)) for lfn, use in files.items()
    }
    return grow(
        Staged,
        packed,
        inputs={**packed.inputs, **inputs},
        executables=tuple(_with_programs_here(of) for of in packed.executables),
        transfer_arrays=arrays,
        transfer_readers=readers,
    )


@dataclass(slots=True)
class _Brought:
    """One file to bring, and the arrays that read it."""

    transfer: Transfer
    readers: set[int]


@dataclass(slots=True)
class _Wanted:
    """Who reads what lies on the web."""

    packed: Packed
    web: dict[int, FileUse]

    def files(self) -> Iterator[_Brought]:
        """Yield the data files, ordered by LFN number."""
        readers, required = self._readers()
        for lfn in sorted(readers):
            use = self.web[lfn]._replace(optional=lfn not in required)
            key = file_key(self.packed.workflow, lfn)
            yield _Brought(_transfer(use, key), readers[lfn])

    def programs(self) -> Iterator[_Brought]:
        """Yield the programs, one a URL, in order of transformations."""
        packed = self.packed
        arrays: dict[int, set[int]] = {}
        for task, number in enumerate(packed.workflow.tasks.transformations):
            if any(is_web(use.url) for use in packed.executables[number].staged):
                arrays.setdefault(number, set()).add(packed.array_of[task])
        found: dict[str, _Brought] = {}
        for number in sorted(arrays):
            for use in packed.executables[number].staged:
                if is_web(use.url):
                    one = _Brought(_transfer(use, _program_key(use)), set())
                    found.setdefault(use.url, one).readers.update(arrays[number])
        yield from found.values()

    def _readers(self) -> tuple[dict[int, set[int]], set[int]]:
        """Return the arrays that read each file, and the files that some task cannot do without."""
        readers: dict[int, set[int]] = {}
        required: set[int] = set()
        for task, lfn, flags in self.packed.workflow.tasks.uses():
            if lfn in self.web and not flags & OUTPUT:
                readers.setdefault(lfn, set()).add(self.packed.array_of[task])
                if not flags & OPTIONAL:
                    required.add(lfn)
        return readers, required


def _transfer(use: FileUse, key: str) -> Transfer:
    """Return the line that brings one file; a missing optional one is no failure."""
    output = FileUse(lfn=use.lfn, url=key, optional=use.optional)
    return Transfer(f"stage-in:{key}", (use,), (output,))


def _program_key(use: FileUse) -> str:
    """Return where a program is brought; two of one name may come from two places."""
    return program_key(f"{sha256(use.url.encode()).hexdigest()[:8]}-{use.lfn}")


def _with_programs_here(executable: Executable) -> Executable:
    staged = tuple(
        FileUse(lfn=use.lfn, url=_program_key(use), executable=True) if is_web(use.url) else use
        for use in executable.staged
    )
    return replace(executable, staged=staged)


def _arrays(
    packed: Packed, brought: list[_Brought]
) -> tuple[tuple[TransferArray, ...], tuple[tuple[int, ...], ...]]:
    """Gather transfers by the first level that reads the file."""
    levels: dict[int, list[_Brought]] = {}
    for one in brought:
        levels.setdefault(min(packed.array_levels[n] for n in one.readers), []).append(one)
    arrays: list[TransferArray] = []
    readers: list[tuple[int, ...]] = []
    for level, group in sorted(levels.items()):
        bags = min(len(group), packed.tuning.stage_in_bags)
        arrays.append(
            TransferArray(
                name=f"stage-in-{level}",
                transfers=tuple(one.transfer for one in group),
                bag_offsets=array("i", (len(group) * bag // bags for bag in range(bags + 1))),
            )
        )
        readers.append(tuple(sorted(set[int]().union(*(one.readers for one in group)))))
    return tuple(arrays), tuple(readers)
