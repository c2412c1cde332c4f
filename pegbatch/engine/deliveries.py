"""Outputs of a run: what is delivered, and fetching what belongs on this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pegbatch.engine.parallel import map_parallel
from pegbatch.errors import ObjectMissing
from pegbatch.ports import ObjectStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """One line of outputs.jsonl.gz, its URLs absolute."""

    lfn: str
    url: str
    """Where the run leaves the file."""
    destination: str
    """Where it must end up."""
    site: str = "local"
    """Name of the output site."""
    register: bool = False
    """It goes into a replica catalog."""
    array: str | None = None
    """Where it is registered: the array whose records tell of it."""
    task: str | None = None
    """The task that makes it, where others may make other files of that name."""
    is_optional: bool = False
    """Its task need not make it."""
    is_reused: bool = False
    """An earlier run made it; it lies where that run, or the user, left it."""
    sha256: str | None = None
    """Of a reused one, where a catalog states it."""

    @property
    def to_fetch(self) -> bool:
        """Say whether the client has to bring it to its place."""
        return self.url != self.destination


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came of one output."""

    output: Output
    size_bytes: int | None
    """None where the run has not made the file."""
    moved: bool
    """False where an identical file was there already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchReport:
    """What one `fetch` did."""

    files: int = 0
    """Brought over now."""
    size_bytes: int = 0
    """Of those."""
    present: int = 0
    """There already, and identical."""
    missing: tuple[str, ...] = ()
    """LFNs that the run has not made."""


def fetch_outputs(outputs: Iterable[Output], fetch_one: Callable[[Output], Fetched]) -> FetchReport:
    """Bring every output that belongs on this machine to its place, in parallel.

    Errors: those of fetch_one; a file of the run that is not there is missing, not an error.
    """
    files = size_bytes = present = 0
    missing: list[str] = []
    for fetched in map_parallel(fetch_one, (out for out in outputs if out.to_fetch)):
        if fetched.size_bytes is None:
            if not fetched.output.is_optional:
                missing.append(fetched.output.lfn)
        elif fetched.moved:
            files += 1
            size_bytes += fetched.size_bytes
        else:
            present += 1
    return FetchReport(files=files, size_bytes=size_bytes, present=present, missing=tuple(missing))


def output_sizes(
    store: ObjectStore, outputs: Iterable[Output]
) -> tuple[tuple[Output, int | None], ...]:
    """Return outputs with the sizes that the store tells; None where a file is not there."""

    def size(output: Output) -> tuple[Output, int | None]:
        try:
            return output, store.head(output.url).size_bytes
        except ObjectMissing:
            return output, None

    return tuple(map_parallel(size, outputs))
