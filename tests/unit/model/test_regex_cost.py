from __future__ import annotations

import pytest

from pegbatch.model.regex_cost import explodes
from pegbatch.parse.java_regex import translate_java


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+$", "(a*)*", "(.*/?)*", r"(\w+\s?)*$", "(x+x+)+y", "(?i:(a+)+)", "(.*a){25}",
        "(a{1,30}){1,30}", "((a|b)*c?)*d", "^(([a-z])+.)+[A-Z]([a-z])+$", "(?:(?=x)a+)+", "(.*,)*x",
        "(a|aa)+$", "(aa?)*$", "([a-z]{2,3})*", "(?:a|[ab]c?)*",
    ],
)  # fmt: skip
def test_a_repetition_in_a_repetition_is_refused(pattern: str) -> None:
    assert explodes(pattern)
    with pytest.raises(ValueError, match="could take for ever"):
        translate_java(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        r"f.*_(\d+)\.fits", "(?:[^/]+/)+", r"(\w+\.)*x", "([^,]*,)*x", "([a-z]+[0-9]+)*", "(a|b)+",
        "((ab)*c)+", "(?:[a-z]+\\d)+", ".*", "(a{2,3}b)+", "[a-z]+-[a-z]+", "(?:ab){3}",
        "(foo|bar)+", "(ab?)*", "(foo|far)*", "(?:[0-9]{4}-?)",
    ],
)  # fmt: skip
def test_a_repetition_whose_rounds_are_told_apart_is_taken(pattern: str) -> None:
    assert not explodes(pattern)
    assert translate_java(pattern).pattern
