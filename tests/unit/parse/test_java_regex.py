"""Java's regular expressions in Python's spelling."""

from __future__ import annotations

import pytest

from pegbatch.parse.java_regex import translate_java


@pytest.mark.parametrize(
    ("java", "matches", "misses"),
    [
        (r"run_(\d+)\.txt", "run_12.txt", "run_1x.txt"),
        (r"\Qa.b*\E(c+)", "a.b*cc", "axb*cc"),
        (r"\Qa.b", "a.b", "axb"),
        (r"(?<part>ab)-\k<part>", "ab-ab", "ab-ac"),
        (r"\p{Upper}\p{Lower}+", "Abc", "abc"),
        (r"\P{Digit}+", "abc", "ab1"),
        (r"[\p{Alpha}_]+", "a_B", "a-B"),
        (r"[^\h]+", "ab", "a b"),
        (r"[]x]+", "x]x", "y"),
        (r"[^]x]+", "yz", "y]"),
        (r"(?i)ABC", "aBc", "abd"),
        (r"a(?i:B)c", "abc", "Abc"),
        (r"a++b", "aab", "aa"),
        (r"(?>a|b)c", "bc", "c"),
        (r"(?=f)f&&g", "f&&g", "f&g"),
        (r"x\Z", "x", "y"),
        (r"x\z", "x", "y"),
        (r"\w+", "abc", "ä"),
        (r"f\.a\-b", "f.a-b", "fxa-b"),
        (r"a\eb", "a\x1bb", "ab"),
    ],
)
def test_an_expression_matches_what_it_matches_in_java(
    java: str, matches: str, misses: str
) -> None:
    expression = translate_java(java)
    assert expression.fullmatch(matches)
    assert not expression.fullmatch(misses)


@pytest.mark.parametrize(
    ("java", "said"),
    [
        (r"[a-z&&[^b]]", "intersection"),
        (r"[a[b]]", "class inside a class"),
        (r"\p{IsGreek}x", "IsGreek"),
        (r"\pL", "{L}"),
        (r"[\P{Alpha}]", "inside"),
        (r"[\R]", "inside"),
        (r"\Gx", r"\\G"),
        (r"a(?i)b", "within an expression"),
        (r"(?d)x", "flag 'd'"),
        (r"(?u:x)", "flag 'u'"),
        ("(", "no regular expression"),
        ("a\\", "no regular expression"),
    ],
)
def test_what_only_java_can_do_is_refused_by_name(java: str, said: str) -> None:
    with pytest.raises(ValueError, match=said.replace("(", r"\(").replace("{", r"\{")):
        translate_java(java)
