"""Deliver reused: outputs of tasks that do not run again still reach the output sites.

What lies at its place already stays there. A directory on the client's machine gets the file from
`fetch`, as it gets what the run makes; an output site on S3 gets it from a transfer of the run.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import compress

from pegbatch.errors import PlanError, Problem
from pegbatch.model.bags import Destination, ReusedDelivery, Transfer, TransferArray, Upload
from pegbatch.model.catalogs import Replica
from pegbatch.model.file_keys import file_key
from pegbatch.model.manifest import FileUse
from pegbatch.planner.choose_replicas import locate_file
from pegbatch.planner.locate_inputs import replicas_of, uploads_of
from pegbatch.planner.places import Places, UnusablePlaceError, places_of
from pegbatch.planner.scopes import given_of, scope_of_file, scopes_of
from pegbatch.planner.stages import Located, Reduced, ReusedOutput, Staged, grow
from pegbatch.planner.staging import output_places
from pegbatch.planner.urls import s3_url, s3_user

ARRAY = "copy-reused"


def deliver_reused(located: Located) -> Located:
    """Say how each output of a reused task reaches the output sites.

    Errors: PlanError where a file cannot be read from where it lies.
    """
    wanted = [output for output in located.reused_outputs if output.is_delivered]
    if not wanted:
        return located
    drafts = _Drafts(located, places_of(scopes_of(located), located.facts))
    if located.inner_places:
        drafts.taken.update(_taken(located, frozenset(output.lfn for output in wanted)))
    for output in wanted:
        drafts.add(output)
    if drafts.problems:
        raise PlanError(problems=drafts.problems)
    return grow(
        Located,
        located,
        reused_deliveries=tuple(drafts.deliveries),
        copies=tuple(drafts.copies),
        uploads=_with_uploads(located, drafts.copies),
    )


def copy_reused(staged: Staged) -> Staged:
    """Put the transfers of reused outputs in an array of their own, which nothing waits for."""
    count = len(staged.copies)
    if not count:
        return staged
    bags = min(count, staged.tuning.stage_in_bags)
    copies = TransferArray(
        name=ARRAY,
        transfers=staged.copies,
        bag_offsets=array("i", (count * bag // bags for bag in range(bags + 1))),
    )
    return grow(
        Staged,
        staged,
        transfer_arrays=(*staged.transfer_arrays, copies),
        transfer_readers=(*staged.transfer_readers, ()),
    )


def files_to_copy(reduced: Reduced) -> Iterator[int]:
    """Yield the numbers of files whose content the client may have to send to an output site.

    Shapes: none where no output site is on S3: the client copies those that are on its disk.
    """
    remote: dict[int, bool] = {}
    for output in reduced.reused_outputs:
        if output.is_delivered:
            of = scope_of_file(reduced.workflow, output.lfn)
            if of not in remote:
                remote[of] = bool(output_places(given_of(reduced, of)).remote)
            if remote[of]:
                yield output.lfn


def _taken(located: Located, reused: frozenset[int]) -> Iterator[str]:
    """Yield the places that tasks of the run fill, as far as reused files have the same names."""
    lfns = located.workflow.lfns
    names = {lfns[lfn] for lfn in reused}
    for lfn in compress(range(len(lfns)), located.delivered):
        if lfns[lfn] in names:
            yield from (place.url for place in located.places_of(lfn).destinations(lfns[lfn]))


@dataclass(slots=True)
class _Drafts:
    """Deliveries and transfers while they are gathered."""

    located: Located
    places: Sequence[Places]
    """By workflow of the plan."""
    taken: set[str] = field(default_factory=set)
    """Places that have a file already; only where there are sub-workflows."""
    deliveries: list[ReusedDelivery] = field(default_factory=list)
    copies: list[Transfer] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def add(self, output: ReusedOutput) -> None:
        """Take one output."""
        located = self.located
        lfn, number = located.workflow.lfns[output.lfn], scope_of_file(located.workflow, output.lfn)
        of = self.places[number]
        replicas = replicas_of(located, output.lfn)
        lying = [url for replica in replicas if (url := _seen_by_client(of, replica))]
        targets: dict[str, None] = {}
        for place in located.places_of(output.lfn).destinations(lfn):
            if place.url in self.taken:
                continue
            if located.inner_places:
                self.taken.add(place.url)
            url = _source(place, lying, file_key(located.workflow, output.lfn))
            if url not in lying:
                targets[url] = None
            self.deliveries.append(
                ReusedDelivery(
                    lfn=lfn,
                    url=url,
                    destination=place.url,
                    site=place.site,
                    is_registered=output.is_registered
                    and given_of(located, number).tuning.register,
                    sha256=_checksum(replicas),
                )
            )
        if targets:
            self._copy(lfn, of, replicas, list(targets))

    def _copy(
        self, lfn: str, places: Places, replicas: tuple[Replica, ...], targets: list[str]
    ) -> None:
        try:
            use, _ = locate_file(replicas, places, lfn)
        except UnusablePlaceError as error:
            message = f"reused output {lfn}: {error}"
            self.problems.append(Problem(message, error.where or None, error.hint))
            return
        made = FileUse(lfn=lfn, url=targets[0], deliver=tuple(targets[1:]))
        self.copies.append(Transfer(self._id(lfn, targets[0]), (use,), (made,)))

    def _id(self, lfn: str, target: str) -> str:
        """Return an id that no other transfer has, as those of sub-workflows may have its LFN."""
        return f"{ARRAY}:{target if self.located.inner_places else lfn}"


def _seen_by_client(places: Places, replica: Replica) -> str | None:
    """Return the URL of a replica that the client reads by itself."""
    if s3_user(replica.pfn) in places.own_s3:
        return replica.pfn
    on_s3 = s3_url(replica.pfn)
    if on_s3 is not None:
        return on_s3
    path = places.path_to_send(replica.pfn, replica.site, replica.where)
    return None if path is None else f"file://{path}"


def _source(place: Destination, lying: list[str], key: str) -> str:
    """Return from where a file gets to its place: there already, as the client copies it, or
    where a transfer has to put it first."""
    if place.url in lying or place.is_remote:
        return place.url
    return min(lying, key=lambda url: not url.startswith("file://"), default=key)


def _checksum(replicas: tuple[Replica, ...]) -> str | None:
    """Return the checksum that the replicas state, where they do not contradict each other."""
    stated = {replica.sha256 for replica in replicas if replica.sha256}
    return stated.pop() if len(stated) == 1 else None


def _with_uploads(located: Located, copies: list[Transfer]) -> tuple[Upload, ...]:
    used = {url for copy in copies for use in copy.inputs for url in (use.url, *use.others)}
    more = uploads_of(located.facts, used, located.staging_url)
    by_checksum = {upload.sha256: upload for upload in (*located.uploads, *more)}
    return tuple(by_checksum[sha256] for sha256 in sorted(by_checksum))
