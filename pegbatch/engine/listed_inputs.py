"""Which inputs are in the store already, learnt page by page and not one by one.

All runs of a staging site share its inputs, under names that are checksums. A plan names what it
sends in the order of these names, and S3 lists in this order: so the two are read side by side,
and neither is held in memory. What the listing does not show is to be asked for by itself.
"""

from __future__ import annotations

from pegbatch.engine.listing import list_objects
from pegbatch.ports import ObjectInfo, ObjectStore

OTHERS_MOST = 10
"""Objects of other runs, for each of this one, that are listed, too: with many calls at a time, ten
pages take as long as a thousand looks at one object."""
BEGIN_MOST = 10_000
"""Of them at the beginning, whatever is looked for."""


class ListedInputs:
    """One listing of a folder, read as far as what is looked for in it.

    It is broken off where nearly all that it shows belongs to other runs.
    """

    def __init__(self, store: ObjectStore, folder: str) -> None:
        """Take the folder's URL; nothing is asked before the first look."""
        self._objects = list_objects(store, folder)
        self._next: ObjectInfo | None = None
        self._drawn = self._asked = 0

    def find(self, url: str, size_bytes: int | None) -> ObjectInfo | None:
        """Return an object of that size (None: of any); None where it was not seen.

        Shapes: URLs come in their order.
        Errors: those of the store.
        """
        self._asked += 1
        while self._drawn == 0 or (self._next is not None and self._next.url < url):
            self._draw()
        found = self._next
        if found is None or found.url != url:
            return None
        return found if size_bytes in (None, found.size_bytes) else None

    def _draw(self) -> None:
        self._drawn += 1
        too_many = self._drawn > BEGIN_MOST + OTHERS_MOST * self._asked
        self._next = None if too_many else next(self._objects, None)
