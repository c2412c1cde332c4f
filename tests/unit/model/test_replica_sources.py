"""Who is asked where a file lies, and in which order."""

from __future__ import annotations

import re

from pegbatch.model.catalogs import Replica, ReplicaCatalog, ReplicaPattern
from pegbatch.model.replica_sources import ReplicaSource, ReplicaSources, find_in


def catalog(name: str, *lfns: str, patterns: tuple[tuple[str, str], ...] = ()) -> ReplicaCatalog:
    return ReplicaCatalog(
        source=name,
        replicas={lfn: (Replica(site="s", pfn=f"/{name}/{lfn}"),) for lfn in lfns},
        patterns=tuple(
            ReplicaPattern(re.compile(text), (Replica(site="s", pfn=pfn, where="rc:1"),))
            for text, pfn in patterns
        ),
    )


def pfns(sources: ReplicaSources, lfn: str) -> list[str]:
    return [replica.pfn for replica in sources.find(lfn)]


def everything(**options: bool) -> ReplicaSources:
    better = (
        ReplicaSource("cache", catalog("cache", "a"), options.get("cache_exclusive", True)),
        ReplicaSource("reuse", catalog("reuse", "a", "b")),
        ReplicaSource("input-dir", catalog("dir", "a", "b", "c")),
    )
    return ReplicaSources.plain(
        catalog("inline", "a", "b", "c", "d"),
        catalog("rc", "a", "b", "c", "d", "e", "f"),
        better=better,
        inherited=(ReplicaSource("inherited", catalog("old", "a", "d", "e")),),
        inline_exclusive=options.get("inline_exclusive", True),
    )


def test_the_first_source_that_knows_a_file_is_the_only_one() -> None:
    sources = everything()
    found = {lfn: pfns(sources, lfn) for lfn in "abcdefg"}
    assert found == {
        "a": ["/cache/a"],
        "b": ["/reuse/b"],
        "c": ["/dir/c"],
        "d": ["/inline/d"],
        "e": ["/old/e"],
        "f": ["/rc/f"],
        "g": [],
    }


def test_sources_that_only_add_leave_the_others_a_say() -> None:
    sources = everything(cache_exclusive=False, inline_exclusive=False)
    assert pfns(sources, "a") == ["/cache/a", "/reuse/a"]
    assert pfns(sources, "d") == ["/inline/d", "/old/d"]


def test_an_entry_of_that_name_goes_with_the_first_pattern_that_fits_whole() -> None:
    patterns = (
        (r"run(\d)", "/no"),
        (r"run(\d)\.(t)xt", "/[2]/[1]/[0]/[3]"),
        ("r.*", "/late"),
    )
    one = catalog("rc", "run1.txt", patterns=patterns)
    assert [r.pfn for r in find_in(one, "run1.txt")] == ["/rc/run1.txt", "/t/1/run1.txt/[3]"]
    assert [r.pfn for r in find_in(one, "run2.txt")] == ["/t/2/run2.txt/[3]"]
    assert [r.pfn for r in find_in(one, "rest")] == ["/late"]
    assert find_in(one, "other") == ()


def test_a_group_that_took_no_part_is_empty_and_a_name_is_filled_in_once() -> None:
    one = catalog("rc", patterns=((r"(a)?(.+)", "/[1]-[2]"),))
    assert [r.pfn for r in find_in(one, "[1]")] == ["/-[1]"]


def test_known_names_are_found_by_position() -> None:
    sources = ReplicaSources((ReplicaSource("catalog", catalog("rc", "b", "d")),))
    assert list(sources.known_among(["a", "b", "c", "d"])) == [1, 3]
    assert list(sources.known_among(["a"])) == []
    assert list(ReplicaSources().known_among(["a"])) == []
    pattern = ReplicaSource("catalog", catalog("rc", "b", patterns=(("x.", "/x"),)))
    assert list(ReplicaSources((pattern,)).known_among(["x", "b", "x1"])) == [1, 2]


def test_what_is_handed_over_is_found_and_yet_not_known_as_made() -> None:
    handed = ReplicaSource("handed-over", catalog("outer", "a", patterns=(("x.", "/x"),)))
    sources = ReplicaSources((handed, ReplicaSource("catalog", catalog("rc", "a", "b"))))
    assert pfns(sources, "a") == ["/outer/a"]
    assert list(ReplicaSources((handed,)).known_among(["a", "x1"])) == []
    assert list(sources.known_among(["a", "b", "x1"])) == [0, 1]
