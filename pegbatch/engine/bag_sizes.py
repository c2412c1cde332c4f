"""How many tasks lie in a bag: read from the plan in the store, where children do not tell."""

from __future__ import annotations

import json
import zlib
from collections import Counter
from collections.abc import Collection, Mapping

from pegbatch.engine.parallel import map_parallel
from pegbatch.errors import ObjectMissing
from pegbatch.model.layout import bags_file, index_file, join_url, plan_key
from pegbatch.model.manifest import INDEX_LINE_BYTES, IndexLine, parse_index_line
from pegbatch.ports import ObjectStore

GZIP_MEMBER = zlib.MAX_WBITS | 16


def read_bag_sizes(
    store: ObjectStore, run_url: str, array: str, bags: Collection[int]
) -> Mapping[int, int]:
    """Return the number of tasks of some bags of an array.

    Shapes: one GET of the index and one a gzip member; nothing where the plan is not there.
    Errors: those of the store; ValueError where the plan in it is not ours.
    """
    url = join_url(run_url, plan_key(bags_file(array)))

    def read_member(line: IndexLine) -> bytes:
        return zlib.decompress(store.read(url, start=line.offset, length=line.length), GZIP_MEMBER)

    try:
        index = store.read(join_url(run_url, plan_key(index_file(array))))
        lines = [_line(index, bag) for bag in sorted(bags)]
        members = {line.offset: line for line in lines}
        tasks = Counter(
            json.loads(line)["bag"]
            for text in map_parallel(read_member, members.values())
            for line in text.splitlines()
        )
    except ObjectMissing:
        return {}
    return {bag: tasks[bag] for bag in bags}


def _line(index: bytes, bag: int) -> IndexLine:
    """Return the line of a bag; in the first try line i names bag i."""
    return parse_index_line(index[bag * INDEX_LINE_BYTES : (bag + 1) * INDEX_LINE_BYTES])
