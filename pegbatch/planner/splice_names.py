"""Splice names: which file each name means, in each workflow of a tree.

A name inside a sub-workflow means the file of the workflow around it where the job's `uses` say
so (as an output, if it is made inside), where a job around it makes the file and the inside only
reads it, or where the inside makes what a job around it reads and nobody there makes. What an
earlier sub-workflow has made can be read, too. All else that the inside makes is its own, whatever
else has the same name. What nobody makes is one file where the catalogs of both say the same of it.
Source: Pegasus, which hands sub-workflows its cache, its inline replicas, and an output map.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import compress

from pegbatch.errors import PlanError
from pegbatch.model.catalogs import Replica
from pegbatch.model.workflow import INPUT
from pegbatch.planner.connect import MADE
from pegbatch.planner.parts import Kinship, Part
from pegbatch.planner.sites import choose_site

NO_NUMBER = -1


@dataclass(frozen=True, slots=True)
class Names:
    """All files of a tree of workflows."""

    lfns: list[str] = field(default_factory=list)
    scopes: list[int] = field(default_factory=list)
    """By file: number of the workflow that it belongs to."""
    numbers: list[array[int]] = field(default_factory=list)
    """By workflow, then by LFN number there: number of the file."""


def splice_names(parts: Sequence[Part]) -> Names:
    """Number the files of all workflows; those of the first keep their numbers."""
    splicer = _Splicer(parts)
    for part in parts:
        splicer.number_made(part)
    for part in parts:
        splicer.number_read(part)
    return splicer.names


@dataclass(slots=True)
class _View:
    """What others look up in one workflow."""

    part: Part
    made: bytearray
    """By LFN number there: 1 where one of its jobs makes it."""
    uses: frozenset[int]
    """LFN numbers of the workflow around it that the job names."""
    wanted: frozenset[int]
    """Those of them that it names as outputs."""
    kinship: Kinship | None = None
    _index: dict[str, int] | None = None
    _makers: dict[int, list[int]] | None = None
    _readers: dict[int, list[int]] | None = None

    def index(self, name: str) -> int | None:
        """Return the LFN number of a name here, or None."""
        if self._index is None:
            lfns = self.part.workflow.lfns
            self._index = {lfn: number for number, lfn in enumerate(lfns)}
        return self._index.get(name)

    def makers(self) -> dict[int, list[int]]:
        """Return, by LFN number, the jobs that make it; those inside whom it is made join them."""
        if self._makers is None:
            self._makers = self._users(MADE)
        return self._makers

    def readers(self, lfn: int) -> list[int]:
        """Return the jobs that read a file."""
        if self._readers is None:
            self._readers = self._users(INPUT)
        return self._readers.get(lfn, [])

    def kin(self) -> Kinship:
        """Return who comes before whom."""
        if self.kinship is None:
            self.kinship = Kinship.of(self.part)
        return self.kinship

    def _users(self, wanted: int) -> dict[int, list[int]]:
        found: dict[int, list[int]] = {}
        for task in range(len(self.part.workflow.tasks)):
            for lfn, flags in self.part.uses_of(task):
                if flags & wanted:
                    found.setdefault(lfn, []).append(task)
        return found


_Outside = tuple[str, tuple[Replica, ...], str]
"""Name, where it lies, and the site that reads it."""


class _Splicer:
    """Numbers files."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self._views = [_view(part) for part in parts]
        self.names = Names()
        self._is_made = bytearray()
        self._outside: dict[_Outside, int] = {}
        self._seeded: set[str] = set()
        self._own: dict[str, list[int]] | None = None
        self._makers: dict[str, list[Part]] | None = None
        self._awaited: dict[tuple[int, int], int] = {}
        for view in self._views:
            lfns = view.part.workflow.lfns
            self.names.numbers.append(array("i", [NO_NUMBER]) * len(lfns))
        root = self._views[0]
        for lfn, name in enumerate(root.part.workflow.lfns):
            self.names.numbers[0][lfn] = self._new(name, 0, is_made=root.made[lfn])

    def _new(self, name: str, scope: int, *, is_made: int) -> int:
        self.names.lfns.append(name)
        self.names.scopes.append(scope)
        self._is_made.append(is_made)
        return len(self.names.lfns) - 1

    def number_made(self, part: Part) -> None:
        """Number what jobs of one workflow make; those around it are numbered already."""
        if part.outer is not None:
            view = self._views[part.number]
            for lfn, is_made in enumerate(view.made):
                if is_made:
                    self._made_number(view, lfn)

    def _made_number(self, view: _View, lfn: int) -> int:
        """Return the number of a file that is made in a workflow, or inside it."""
        numbers = self.names.numbers[view.part.number]
        if numbers[lfn] == NO_NUMBER:
            name = view.part.workflow.lfns[lfn]
            found = self._claimed(view.part, name)
            if found is None:
                found = self._new(name, view.part.number, is_made=1)
            numbers[lfn] = found
        self._is_made[numbers[lfn]] = 1
        return numbers[lfn]

    def _claimed(self, part: Part, name: str) -> int | None:
        """Return the file around a workflow that a name made inside it means, or None."""
        while part.outer is not None:
            view = self._views[part.outer.number]
            lfn = view.index(name)
            if lfn is not None:
                named = lfn in self._views[part.number].wanted
                if not named and self._awaited_from(view, lfn) != part.job:
                    return None
                view.makers().setdefault(lfn, []).append(part.job)
                return self._made_number(view, lfn)
            part = part.outer
        return None

    def _awaited_from(self, view: _View, lfn: int) -> int:
        """Return the sub-workflow that a file comes from which jobs around it read and do not make.

        Shapes: NO_NUMBER where there is none. Of several it is the last one that a reader depends
        on; else the last one, where no catalog has the file either. What a sub-workflow waits for
        does not read what it makes.
        """
        key = (view.part.number, lfn)
        if key not in self._awaited:
            self._awaited[key] = NO_NUMBER if view.made[lfn] else self._choose_maker(view, lfn)
        return self._awaited[key]

    def _choose_maker(self, view: _View, lfn: int) -> int:
        readers = view.readers(lfn)
        found = NO_NUMBER
        for job in reversed(self._makers_inside(view, lfn) if readers else ()):
            others = [reader for reader in readers if reader != job]
            if not others or any(view.kin().is_before(reader, job) for reader in others):
                continue
            if any(view.kin().depends(reader, job) for reader in others):
                return job
            if found == NO_NUMBER:
                found = job
        if found != NO_NUMBER and view.part.given.replicas.find(view.part.workflow.lfns[lfn]):
            return NO_NUMBER
        return found

    def _makers_inside(self, view: _View, lfn: int) -> list[int]:
        """Return the sub-workflows of a workflow that make a file of that name, in order."""
        name = view.part.workflow.lfns[lfn]
        found = {self._job_towards(view.part, maker, name) for maker in self._all_makers(name)}
        return sorted(found - {NO_NUMBER})

    def _all_makers(self, name: str) -> list[Part]:
        """Return the workflows in which a job makes a file of that name."""
        if self._makers is None:
            self._makers = {}
            for view in self._views:
                for lfn in compress(range(len(view.made)), view.made):
                    made = view.part.workflow.lfns[lfn]
                    self._makers.setdefault(made, []).append(view.part)
        return self._makers.get(name, [])

    def _job_towards(self, outer: Part, maker: Part, name: str) -> int:
        """Return the job of a workflow that a file comes out of; NO_NUMBER for none."""
        way = maker.way_to(outer)
        for inside in way[:-1]:
            view = self._views[inside.outer.number] if inside.outer else self._views[0]
            lfn = view.index(name)
            if lfn is not None and self._awaited_from(view, lfn) != inside.job:
                return NO_NUMBER
        return way[-1].job if way else NO_NUMBER

    def number_read(self, part: Part) -> None:
        """Number what a workflow only reads; those around it are numbered already."""
        numbers = self.names.numbers[part.number]
        for lfn, number in enumerate(numbers):
            if number == NO_NUMBER:
                numbers[lfn] = self._read_number(part, part.workflow.lfns[lfn])

    def _read_number(self, part: Part, name: str) -> int:
        """Return the file that a name which a workflow only reads means."""
        inside = part
        while inside.outer is not None:
            view = self._views[inside.outer.number]
            lfn = view.index(name)
            number = NO_NUMBER if lfn is None else self.names.numbers[view.part.number][lfn]
            if lfn is not None and lfn in self._views[inside.number].uses:
                lies = self._is_made[number] or view.part.given.replicas.find(name)
                return number if lies else self._outside_number(part, name)
            if lfn is not None and self._is_made[number] and self._may_read(view, inside, lfn):
                return number
            number = self._made_before(view, inside, name)
            if number != NO_NUMBER:
                return number
            if lfn is not None:
                break  # what lies further out was looked for, and is not there
            inside = inside.outer
        return self._outside_number(part, name)

    def _may_read(self, view: _View, inside: Part, lfn: int) -> bool:
        """Tell whether a sub-workflow may wait for a file that is made around it.

        Shapes: not where a job makes it that waits for the sub-workflow.
        """
        kin = view.kin()
        makers = view.makers().get(lfn, ())
        return not any(maker == inside.job or kin.depends(maker, inside.job) for maker in makers)

    def _made_before(self, view: _View, inside: Part, name: str) -> int:
        """Return what sub-workflows that this one depends on have made, the last one's first."""
        kin = view.kin()
        before = kin.before[inside.job]
        for number in reversed(self._own_files().get(name, ()) if before else ()):
            way = self._views[self.names.scopes[number]].part.way_to(view.part)
            if way and before & kin.bits[way[-1].job]:
                return number
        return NO_NUMBER

    def _own_files(self) -> dict[str, list[int]]:
        """Return, by name, the files that are a sub-workflow's own."""
        if self._own is None:
            self._own = {}
            for number, (name, scope) in enumerate(
                zip(self.names.lfns, self.names.scopes, strict=True)
            ):
                if scope and self._is_made[number]:
                    self._own.setdefault(name, []).append(number)
        return self._own

    def _outside_number(self, part: Part, name: str) -> int:
        """Return the file that nobody makes, by where the catalogs of a workflow say it lies."""
        if name not in self._seeded:
            self._seeded.add(name)
            root = self._views[0]
            lfn = root.index(name)
            if lfn is not None and not self._is_made[lfn]:
                self._outside[_outside(root.part, name)] = lfn
        key = _outside(part, name)
        if key not in self._outside:
            self._outside[key] = self._new(name, part.number, is_made=0)
        return self._outside[key]


def _view(part: Part) -> _View:
    made = bytearray(len(part.workflow.lfns))
    tasks = part.workflow.tasks
    for lfn, flags in zip(tasks.use_lfns, tasks.use_flags, strict=True):
        if flags & MADE:
            made[lfn] = 1
    uses = list(part.outer.uses_of(part.job)) if part.outer else []
    named = frozenset(lfn for lfn, _ in uses)
    return _View(part, made, named, frozenset(lfn for lfn, flags in uses if flags & MADE))


def _outside(part: Part, name: str) -> _Outside:
    given = part.given
    try:
        site = choose_site(given.sites, given.options.sites).name
    except PlanError:
        site = ""  # told later, with the job that has no site
    return name, given.replicas.find(name), site
