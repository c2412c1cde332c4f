"""Properties that grow: references in references, and misspellings without end."""

from __future__ import annotations

import pytest

from pegbatch.errors import InputError
from pegbatch.parse.properties import PropertyLine
from pegbatch.parse.settings import LONGEST_VALUE, MOST_GUESSES, merge_settings


def test_references_that_double_each_other_are_refused() -> None:
    lines = [PropertyLine("k0", "x" * 50, "p:1")]
    lines += [PropertyLine(f"k{n}", f"${{k{n - 1}}}" * 2, f"p:{n + 1}") for n in range(1, 60)]
    with pytest.raises(InputError, match="stand for more than 65,536 characters") as caught:
        merge_settings([lines], {})
    assert caught.value.problems[0].where == "p:12"


def test_a_long_value_without_references_is_taken() -> None:
    value = "x" * (2 * LONGEST_VALUE)
    found = merge_settings([[PropertyLine("k", value, "p:1")]], {})
    assert found.properties["k"].value == value


def test_known_names_are_guessed_for_the_first_unknown_ones_alone() -> None:
    lines = [PropertyLine(f"pegasus.catalog.sit{n}", "", "p:1") for n in range(MOST_GUESSES + 50)]
    warnings = merge_settings([lines], {}).warnings
    assert len(warnings) == len(lines)
    assert not [warning for warning in warnings[MOST_GUESSES:] if warning.hint]


def test_nothing_is_guessed_for_a_name_that_no_one_would_misspell() -> None:
    [warning] = merge_settings([[PropertyLine("pegasus." + "a" * 100_000, "", "p:1")]], {}).warnings
    assert warning.hint is None
