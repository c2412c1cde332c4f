"""Trees of barriers for jobs with more than 20 links."""

from __future__ import annotations

import pytest

from pegbatch.model.plan import JobLink, LinkType
from pegbatch.planner.barriers import DEPENDENCIES_MAX, Barriers


def links(count: int, kind: LinkType = LinkType.ALL) -> list[JobLink]:
    return [JobLink(f"a{number}", kind) for number in range(count)]


def leaves(new, few) -> set[str]:
    inside = {job.name: job.depends_on for job in new}
    found, front = set(), list(few)
    while front:
        link = front.pop()
        if link.array in inside:
            front += inside[link.array]
        else:
            found.add(link.array)
    return found


def test_twenty_links_need_no_barrier() -> None:
    assert Barriers(set()).reduce(links(20)) == ([], links(20))


@pytest.mark.parametrize("count", [21, 39, 40, 41, 400, 401, 9000])
def test_every_link_is_reached_and_nobody_has_more_than_twenty(count: int) -> None:
    new, few = Barriers(set()).reduce(links(count))
    assert len(few) == DEPENDENCIES_MAX
    assert all(1 < len(job.depends_on) <= DEPENDENCIES_MAX for job in new)
    assert leaves(new, few) == {f"a{number}" for number in range(count)}
    assert len(new) == -(-(count - 20) // 19)


def test_barriers_come_after_what_they_wait_for() -> None:
    new, _ = Barriers(set()).reduce(links(9000))
    seen: set[str] = set()
    for job in new:
        assert {link.array for link in job.depends_on if link.array.startswith("barrier")} <= seen
        seen.add(job.name)


def test_n_to_n_links_stay_direct_while_they_fit() -> None:
    mixed = links(30) + [JobLink(f"n{number}", LinkType.N_TO_N) for number in range(3)]
    new, few = Barriers(set()).reduce(mixed)
    assert [link.type for link in few].count(LinkType.N_TO_N) == 3
    assert leaves(new, few) == {link.array for link in mixed}


def test_too_many_n_to_n_links_become_stronger_ones() -> None:
    new, few = Barriers(set()).reduce(links(25, LinkType.N_TO_N))
    assert len(few) == DEPENDENCIES_MAX
    assert leaves(new, few) == {f"a{number}" for number in range(25)}


def test_equal_sets_share_a_barrier_and_names_are_free_ones() -> None:
    barriers = Barriers({"barrier-1"})
    first, few = barriers.reduce(links(21))
    again, same = barriers.reduce(links(21))
    assert [job.name for job in first] == ["barrier-2"]
    assert (again, same) == ([], few)
