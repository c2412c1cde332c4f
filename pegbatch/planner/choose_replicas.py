"""Choose replicas: which place a file is read from, and which ones stand by.

The order is that of effort: at the execution site, on S3, on this machine, on the web, and last on
the disk of another site, which may be this machine's too. What comes after the first is a
fail-over: the worker turns to it where the one before cannot be had.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pegbatch.model.catalogs import Replica
from pegbatch.model.manifest import FileUse
from pegbatch.planner.places import Places, UnusablePlaceError
from pegbatch.planner.urls import is_web, s3_url, scheme_of


def order_replicas(replicas: Sequence[Replica], site: str) -> list[Replica]:
    """Return the replicas, the one to read first.

    Shapes: those of one rank stay in the order written; schemes that pegbatch does not know come
    last, so that an error can name them where there is nothing better.
    """

    def rank(replica: Replica) -> int:
        if replica.site == site:
            return 0
        if s3_url(replica.pfn) is not None:
            return 1
        if is_web(replica.pfn):
            return 3
        if scheme_of(replica.pfn) != "file":
            return 5
        return 2 if replica.site == "local" else 4

    return sorted(replicas, key=rank)


def locate_file(
    replicas: Sequence[Replica], places: Places, lfn: str
) -> tuple[FileUse, UnusablePlaceError | None]:
    """Return how a file is fetched, and what is wrong with a local replica that was passed over.

    Shapes: at least one replica; of several files on this machine the first one that can be read
    is sent, the others are left alone.
    Errors: UnusablePlaceError of the first replica where none can serve.
    """
    if len(replicas) == 1:
        return places.input(replicas[0], lfn), None
    flaws: list[tuple[Replica, UnusablePlaceError]] = []
    uses = list(_usable(order_replicas(replicas, places.site), places, lfn, flaws))
    if not uses:
        raise flaws[0][1]
    first = uses[0]
    others = dict.fromkeys(use.url for use in uses if use.url != first.url)
    passed_over = (flaw for replica, flaw in flaws if replica.site == "local")
    return first._replace(others=tuple(others)), next(passed_over, None)


def _usable(
    ordered: Sequence[Replica],
    places: Places,
    lfn: str,
    flaws: list[tuple[Replica, UnusablePlaceError]],
) -> Iterator[FileUse]:
    sent = False
    for replica in ordered:
        to_send = places.path_to_send(replica.pfn, replica.site, replica.where) is not None
        if to_send and sent:
            continue
        try:
            yield places.input(replica, lfn)
        except UnusablePlaceError as flaw:
            flaws.append((replica, flaw))
        else:
            sent = sent or to_send
