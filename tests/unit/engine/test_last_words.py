"""Lines that tell most, and messages that say the same of many tasks."""

from __future__ import annotations

import pytest

from pegbatch.engine.analysis.last_words import LONGEST_LINE, fold, last_line, traceback_line


def test_the_last_line_is_the_last_that_says_anything() -> None:
    assert last_line("one\n two \n\n  \n") == "two"
    assert last_line("\n\n") == ""


def test_a_line_of_megabytes_is_cut() -> None:
    assert len(last_line("x" * 5_000_000)) == LONGEST_LINE
    assert len(fold("x y" * 1_000_000)) <= LONGEST_LINE


def test_the_sentence_of_a_traceback_is_found_where_its_beginning_is_cut_off() -> None:
    text = '  File "a.py", line 3, in f\n    g()\nlab.errors.Bad: 3 left\nmore said at exit\n'
    assert traceback_line(text) == "lab.errors.Bad: 3 left"
    assert traceback_line("ValueError: said, but not raised") == ""
    assert traceback_line('  File "a.py", line 3, in f\n    g()\n') == ""


def test_of_a_chain_of_tracebacks_the_last_one_counts() -> None:
    one = 'Traceback (most recent call last):\n  File "a.py", line 3, in f\n    g()\n'
    between = "\nDuring handling of the above exception, another exception occurred:\n\n"
    text = f"{one}KeyError: 'x'\n{between}{one}RuntimeError: gave up\n"
    assert traceback_line(text) == "RuntimeError: gave up"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("block 7 is wrong", "block 1200 is wrong"),
        ("cannot open /data/a/b-12.txt: gone", "cannot open /scratch/x9/b.txt: gone"),
        ("KeyError: 'x12'", "KeyError: 'x7'"),
        ("at 0x7fff12, job abcdef0123456789", "at 0x12, job 00112233445566ff"),
        ("s3://b/one: 403", "s3://c/two/three: 403"),
        ("2026-01-02 10:11:12,345 ERROR x", "2026-01-03 09:08:07,1 ERROR x"),
        ("run 0f8fad5b-d9cb-469f-a165-70867728950e", "run 7c9e6679-7425-40de-944b-e07fc1f90ae7"),
    ],
)
def test_messages_that_differ_in_numbers_paths_and_ids_are_the_same(one: str, other: str) -> None:
    assert fold(one) == fold(other)


def test_names_of_tasks_are_folded_and_words_are_not() -> None:
    assert fold("task alpha is bad", ("alpha",)) == fold("task beta is bad", ("beta",))
    assert fold("disk is bad") != fold("network is bad")
