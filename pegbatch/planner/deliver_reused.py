"""Deliver reused: outputs of tasks that do not run again still reach the output sites.

What lies at its place already stays there. A directory on the client's machine gets the file from
`fetch`, as it gets what the run makes; an output site on S3 gets it from a transfer of the run.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field

from pegbatch.errors import PlanError, Problem
from pegbatch.model.bags import Destination, ReusedDelivery, Transfer, TransferArray, Upload
from pegbatch.model.catalogs import Replica
from pegbatch.model.layout import data_key
from pegbatch.model.manifest import FileUse
from pegbatch.planner.choose_replicas import locate_file
from pegbatch.planner.locate_inputs import replicas_of, uploads_of
from pegbatch.planner.places import Places, UnusablePlaceError
from pegbatch.planner.stages import Located, Reduced, ReusedOutput, Staged, grow
from pegbatch.planner.urls import s3_url, s3_user

ARRAY = "copy-reused"


def deliver_reused(located: Located) -> Located:
    """Say how each output of a reused task reaches the output sites.

    Errors: PlanError where a file cannot be read from where it lies.
    """
    wanted = [output for output in located.reused_outputs if output.is_delivered]
    if not wanted:
        return located
    places = Places.of(located, located.site, located.facts)
    drafts = _Drafts(located, places)
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


def files_to_copy(reduced: Reduced, *, remote: bool) -> Iterator[str]:
    """Yield the LFNs whose content the client may have to send to an output site.

    Shapes: none where no output site is on S3: the client copies those that are on its disk.
    """
    if remote:
        for output in reduced.reused_outputs:
            if output.is_delivered:
                yield reduced.workflow.lfns[output.lfn]


@dataclass(slots=True)
class _Drafts:
    """Deliveries and transfers while they are gathered."""

    located: Located
    places: Places
    deliveries: list[ReusedDelivery] = field(default_factory=list)
    copies: list[Transfer] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def add(self, output: ReusedOutput) -> None:
        """Take one output."""
        lfn = self.located.workflow.lfns[output.lfn]
        replicas = replicas_of(self.located, lfn)
        lying = [url for replica in replicas if (url := self._seen_by_client(replica))]
        targets: dict[str, None] = {}
        for place in self.located.output_places.destinations(lfn):
            url = _source(place, lying)
            if url not in lying:
                targets[url] = None
            self.deliveries.append(
                ReusedDelivery(
                    lfn=lfn,
                    url=url,
                    destination=place.url,
                    site=place.site,
                    is_registered=output.is_registered and self.located.tuning.register,
                    sha256=_checksum(replicas),
                )
            )
        if targets:
            self._copy(lfn, replicas, list(targets))

    def _seen_by_client(self, replica: Replica) -> str | None:
        """Return the URL of a replica that the client reads by itself."""
        if s3_user(replica.pfn) in self.places.own_s3:
            return replica.pfn
        on_s3 = s3_url(replica.pfn)
        if on_s3 is not None:
            return on_s3
        path = self.places.path_to_send(replica.pfn, replica.site, replica.where)
        return None if path is None else f"file://{path}"

    def _copy(self, lfn: str, replicas: tuple[Replica, ...], targets: list[str]) -> None:
        try:
            use, _ = locate_file(replicas, self.places, lfn)
        except UnusablePlaceError as error:
            message = f"reused output {lfn}: {error}"
            self.problems.append(Problem(message, error.where or None, error.hint))
            return
        made = FileUse(lfn=lfn, url=targets[0], deliver=tuple(targets[1:]))
        self.copies.append(Transfer(f"{ARRAY}:{lfn}", (use,), (made,)))


def _source(place: Destination, lying: list[str]) -> str:
    """Return from where a file gets to its place: there already, as the client copies it, or
    where a transfer has to put it first."""
    if place.url in lying or place.is_remote:
        return place.url
    return min(lying, key=lambda url: not url.startswith("file://"), default=data_key(place.lfn))


def _checksum(replicas: tuple[Replica, ...]) -> str | None:
    """Return the checksum that the replicas state, where they do not contradict each other."""
    stated = {replica.sha256 for replica in replicas if replica.sha256}
    return stated.pop() if len(stated) == 1 else None


def _with_uploads(located: Located, copies: list[Transfer]) -> tuple[Upload, ...]:
    used = {url for copy in copies for use in copy.inputs for url in (use.url, *use.others)}
    more = uploads_of(located.facts, used, located.staging_url)
    by_checksum = {upload.sha256: upload for upload in (*located.uploads, *more)}
    return tuple(by_checksum[sha256] for sha256 in sorted(by_checksum))
