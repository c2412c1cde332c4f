"""Manifests: the bags file and the index of an array, and the lists of what goes in and out.

Everything is bytes that depend on the plan alone: gzip members carry no time.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from itertools import compress, islice

from pegbatch.batch.bag_lines import BagLines, encode
from pegbatch.batch.helper_lines import clean_up_lines, transfer_lines
from pegbatch.model.bags import PlannedWorkflow, ReusedDelivery
from pegbatch.model.file_keys import file_key
from pegbatch.model.layout import data_key
from pegbatch.model.manifest import IndexLine, format_index_line
from pegbatch.model.workflow import CHECKPOINT, OPTIONAL, OUTPUT

MEMBER_BYTES = 48 * 1024
"""A gzip member is closed at the end of the bag that passes this, before compression: small
enough for a child that reads one bag of it, large enough to compress well."""

LINES_AT_ONCE = 64
"""Of files that are read whole: as many are looked at together for where a member ends."""

GZIP_LEVEL = 4
"""Half the time of 6, for 2 % more bytes."""


def manifests(planned: PlannedWorkflow) -> Iterator[tuple[str, Iterator[tuple[bytes, bytes]]]]:
    """Yield every array that has bags, by name, with the members of its bags file."""
    lines = BagLines(planned)
    for tasks in planned.arrays:
        yield tasks.name, bag_members(lines.lines(tasks))
    for array in planned.transfer_arrays:
        yield array.name, bag_members(transfer_lines(array))
    for clean_up in planned.clean_ups:
        yield clean_up.name, bag_members(clean_up_lines(clean_up, planned.workflow))


def bag_members(bags_of_lines: Iterable[list[str]]) -> Iterator[tuple[bytes, bytes]]:
    """Yield the gzip members that hold bags, each with its lines of the index.

    Shapes: members in order; the index of the array is the concatenation of the second parts.
    """
    offset, first_bag = 0, 0
    for bags, text in _grouped(bags_of_lines):
        member = gzip_member(text)
        yield (
            member,
            b"".join(
                format_index_line(IndexLine(bag, offset, len(member)))
                for bag in range(first_bag, first_bag + bags)
            ),
        )
        offset, first_bag = offset + len(member), first_bag + bags


def _grouped(bags: Iterable[list[str]]) -> Iterator[tuple[int, bytes]]:
    """Yield (number of bags, their lines) for each member."""
    count, size, pieces = 0, 0, list[str]()
    for lines in bags:
        pieces += lines
        size += sum(map(len, lines))
        count += 1
        if size >= MEMBER_BYTES:
            yield count, "".join(pieces).encode()
            count, size, pieces = 0, 0, []
    if count:
        yield count, "".join(pieces).encode()


def gzip_member(text: bytes) -> bytes:
    """Return one gzip member without a name or a time in it."""
    packer = zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, 31)
    return packer.compress(text) + packer.flush()


def upload_lines(planned: PlannedWorkflow) -> Iterator[str]:
    """Yield the lines of uploads.jsonl.gz."""
    for upload in planned.uploads:
        yield (
            encode(
                {
                    "sha256": upload.sha256,
                    "source": upload.source,
                    "url": upload.url,
                    "size_bytes": upload.size_bytes,
                }
            )
            + "\n"
        )


def output_lines(planned: PlannedWorkflow) -> Iterator[str]:
    """Yield the lines of outputs.jsonl.gz: what the run makes, then what it takes over."""
    optional = _optional_outputs(planned)
    usual = _usual_places(planned)
    lfns = planned.workflow.lfns
    for number in compress(range(len(lfns)), planned.delivered):
        extra = _registration(planned, number) if planned.registered else {}
        if number in optional:
            extra["optional"] = True
        if usual is None:
            yield from _lines_of_output(planned, number, extra)
            continue
        name, more = encode(lfns[number]), f",{encode(extra)[1:]}" if extra else "}"
        for url, destination, site in usual:
            yield (
                f'{{"lfn":{name},"url":{url}{name[1:]},"destination":{destination}{name[1:]}'
                f',"site":{site}{more}\n'
            )
    for reused in planned.reused_deliveries:
        yield encode(_reused_line(reused)) + "\n"


def _lines_of_output(
    planned: PlannedWorkflow, number: int, extra: dict[str, object]
) -> Iterator[str]:
    lfn = planned.workflow.lfns[number]
    for place in planned.places_of(number).destinations(lfn):
        line: dict[str, object] = {
            "lfn": lfn,
            "url": place.url if place.is_remote else file_key(planned.workflow, number),
            "destination": place.url,
            "site": place.site,
        }
        yield encode(line | extra) + "\n"


def _usual_places(planned: PlannedWorkflow) -> tuple[tuple[str, str, str], ...] | None:
    """Return the places that all outputs go to, or None where they differ by more than the name.

    Shapes: as JSON, how url and destination begin, a name going on without its quote; the site.
    """
    places = planned.output_places
    if planned.workflow.lfn_scopes is not None or places.mapped or places.hash_levels:
        return None
    return tuple(
        (
            _beginning(place.url if place.is_remote else data_key("")),
            _beginning(place.url),
            encode(place.site),
        )
        for place in places.destinations("")
    )


def _beginning(text: str) -> str:
    return encode(text).removesuffix('"')


def _optional_outputs(planned: PlannedWorkflow) -> frozenset[int]:
    """Return the LFN numbers of files that their tasks need not make."""
    tasks = planned.workflow.tasks
    wanted = OUTPUT | OPTIONAL
    return frozenset(
        lfn
        for lfn, flags in zip(tasks.use_lfns, tasks.use_flags, strict=True)
        if flags & wanted == wanted or flags & CHECKPOINT
    )


def _registration(planned: PlannedWorkflow, lfn: int) -> dict[str, object]:
    """Return what the registration of an output has to know; nothing where it is not wanted."""
    if not planned.registered[lfn]:
        return {}
    producer = planned.graph.producers[lfn]
    found = {"register": True, "array": planned.arrays[planned.array_of[producer]].name}
    if planned.inner_places:  # others may make files of that name
        found["task"] = planned.workflow.tasks.ids[producer]
    return found


def _reused_line(reused: ReusedDelivery) -> dict[str, object]:
    line: dict[str, object] = {
        "lfn": reused.lfn,
        "url": reused.url,
        "destination": reused.destination,
        "site": reused.site,
        "reused": True,
    }
    if reused.is_registered:
        line["register"] = True
    if reused.sha256 is not None:
        line["sha256"] = reused.sha256
    return line


def gzip_lines(lines: Iterable[str]) -> Iterator[bytes]:
    """Yield gzip members that together hold the lines; at least one, so that `zcat` reads it."""
    empty = True
    in_order = iter(lines)
    for _, text in _grouped(iter(lambda: list(islice(in_order, LINES_AT_ONCE)), [])):
        empty = False
        yield gzip_member(text)
    if empty:
        yield gzip_member(b"")


def verdict_text(planned: PlannedWorkflow) -> bytes:
    """Return verdict.json: what the verdict job has to count."""
    plan = planned.plan
    arrays = [
        {"name": job.name, "size": job.size, "tasks": job.tasks}
        for job in plan.jobs
        if job.kind == "compute"
    ]
    content = {
        "workflow": plan.workflow,
        "tasks": plan.tasks,
        "outputs": plan.outputs,
        "arrays": arrays,
    }
    return (encode(content) + "\n").encode()
