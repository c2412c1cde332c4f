from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pegbatch.errors import InputError
from pegbatch.parse.variables import AsWritten, expand


def test_a_variable_is_replaced_wherever_it_stands() -> None:
    environment = {"HOME": "/home/ada", "N": "3"}
    assert expand("file://${HOME}/run${N}/${HOME}", environment, "f:1") == (
        "file:///home/ada/run3//home/ada"
    )


@pytest.mark.parametrize("text", ["", "$HOME", "cost: $5", "a$", "${", "${HOME", "$(pwd)"])
def test_a_dollar_without_braces_stays(text: str) -> None:
    assert expand(text, {"HOME": "/h"}, "f:1") == text


def test_each_unset_variable_is_one_problem_with_its_place() -> None:
    with pytest.raises(InputError) as caught:
        expand("${A}/${B}/${A}/${SET}", {"SET": "x"}, "wf.yml:7")
    assert [problem.where for problem in caught.value.problems] == ["wf.yml:7", "wf.yml:7"]
    assert "'A'" in caught.value.problems[0].message
    assert "'B'" in caught.value.problems[1].message
    assert "export A=" in (caught.value.problems[0].hint or "")


def test_a_value_that_holds_a_variable_is_not_expanded_again() -> None:
    assert expand("${A}", {"A": "${A}${B}"}, "f:1") == "${A}${B}"


def test_one_who_only_looks_sees_the_text_as_written() -> None:
    assert expand("s3://${BUCKET}/${KEY}", AsWritten(), "f:1") == "s3://${BUCKET}/${KEY}"
    assert list(AsWritten()) == []
    assert len(AsWritten()) == 0


@settings(deadline=None)
@given(st.text(alphabet="ab$ {}/", max_size=30))
def test_text_without_a_whole_reference_is_never_changed(text: str) -> None:
    kept = text.replace("}", "")
    assert expand(kept, {}, "f:1") == kept
