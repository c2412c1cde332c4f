"""The arrays of a try as a mapping that is taken over with changes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pegbatch.engine.array_states import BLOCK, ArrayState, ArrayStates, is_unsubmitted

SIZES = st.integers(1, 3 * BLOCK)
CHANGES = st.lists(st.tuples(st.integers(0, 3 * BLOCK), st.sampled_from(("intent", "id", "end"))))


def changed(array: ArrayState, how: str) -> ArrayState:
    match how:
        case "intent":
            return replace(array, intended=1.0)
        case "id":
            return replace(array, job_id="j")
        case _:
            return replace(array, status="FAILED")


@given(SIZES, CHANGES)
def test_a_change_replaces_one_array_and_leaves_the_old_mapping_as_it_was(size, changes) -> None:
    states = ArrayStates(ArrayState(name=f"a{number}") for number in range(size))
    known = dict(states)
    for number, how in changes:
        before, array = dict(states), changed(states[f"a{number % size}"], how)
        after = states.having(array)
        assert dict(states) == before
        known[array.name] = array
        states = after
        left = [one for one in known.values() if is_unsubmitted(one)]
        assert states.first_unsubmitted == next(iter(left), None)
    assert list(states.items()) == list(known.items())
    assert len(states) == size


def test_a_name_that_is_not_there_cannot_be_changed() -> None:
    with pytest.raises(KeyError):
        ArrayStates().having(ArrayState(name="a"))
