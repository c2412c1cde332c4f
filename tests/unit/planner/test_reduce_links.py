"""Links that others imply are left out, and no promise is lost."""

from __future__ import annotations

from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from pegbatch.model.plan import LinkType
from pegbatch.planner.reduce_links import reduce_links

ALL, N_TO_N = LinkType.ALL, LinkType.N_TO_N
SIZE = 2


def promises(links):
    """Return, for every child, which children of other arrays are done before it starts."""
    before = {}
    for number, parents in enumerate(links):
        for child in range(SIZE):
            done = set()
            for parent, kind in parents.items():
                for other in range(SIZE) if kind is ALL else [child]:
                    done |= {(parent, other)} | before[parent, other]
            before[number, child] = done
    return before


link_lists = st.integers(1, 7).flatmap(
    lambda count: st.tuples(
        *(
            st.dictionaries(st.integers(0, number - 1), st.sampled_from([ALL, N_TO_N]))
            if number
            else st.just({})
            for number in range(count)
        )
    )
)


@given(link_lists)
@settings(max_examples=400, deadline=None)
def test_reduced_links_promise_the_same(links) -> None:
    assert promises(reduce_links(links)) == promises(links)


@given(link_lists)
@settings(max_examples=200, deadline=None)
def test_no_link_is_left_that_could_go(links) -> None:
    reduced = reduce_links(links)
    for number, parents in enumerate(reduced):
        for parent in parents:
            fewer = [dict(of) for of in reduced]
            del fewer[number][parent]
            assert promises(fewer) != promises(reduced)


def test_a_path_of_n_to_n_links_does_not_replace_an_all_link() -> None:
    links = [{}, {0: N_TO_N}, {1: N_TO_N, 0: ALL}]
    assert reduce_links(links) == [{}, {0: N_TO_N}, {0: ALL, 1: N_TO_N}]


def test_one_all_link_on_the_path_is_enough() -> None:
    for first, second in product([ALL, N_TO_N], repeat=2):
        links = [{}, {0: first}, {1: second, 0: ALL}]
        expected = {0: ALL, 1: second} if first is second is N_TO_N else {1: second}
        assert reduce_links(links)[2] == expected


def test_thousand_arrays_that_need_all_before_them_end_with_one_link_each() -> None:
    links = [dict.fromkeys(range(number), ALL) for number in range(1000)]
    reduced = reduce_links(links)
    assert all(set(reduced[number]) == {number - 1} for number in range(1, 1000))
