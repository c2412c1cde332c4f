"""The arguments of a sub-workflow's job are read as pegasus-plan reads its words."""

from __future__ import annotations

from pathlib import Path

import pytest
from Pegasus.client._client import get_planner_args

from pegbatch.cli.reading.job_options import JobOptions, read_job_options
from pegbatch.errors import InputError


def read(text: str) -> JobOptions:
    return read_job_options(text, "the sub-workflow 'sub'", "wf.yml:7")


def refused(text: str) -> str:
    with pytest.raises(InputError) as caught:
        read(text)
    (problem,) = caught.value.problems
    assert problem.where == "wf.yml:7"
    assert problem.message.startswith("the sub-workflow 'sub': ")
    return problem.message


def test_what_is_not_said_is_left_to_the_workflow_around() -> None:
    assert read("") == read(" \t\n") == JobOptions()


def test_the_options_of_planning_are_read() -> None:
    text = (
        "-Dpegasus.mode=debug -D dagman.retry=3 --conf inner.properties -s here -o there,local "
        "-O out --staging-site here=away -c one,two -R run0001 -I inputs -C horizontal,label "
        "--inherited-rc-files rc.txt -t bin --force"
    )
    assert read(text) == JobOptions(
        conf=Path("inner.properties"),
        definitions=("pegasus.mode=debug", "dagman.retry=3"),
        sites=("here",),
        output_sites=("there", "local"),
        output_dir="out",
        staging_sites={"here": "away"},
        caches=("one", "two"),
        reuse=("run0001",),
        input_dirs=("inputs",),
        inherited_rc_files=("rc.txt",),
        cluster=("horizontal", "label"),
        transformations_dir=Path("bin"),
        force=True,
    )


def test_long_options_may_be_cut_short_and_words_quoted() -> None:
    read_one = read("--output-site 'a site' --randomdir --conf \"a b\"")
    assert read_one.output_sites == ("a site",)
    assert read_one.conf == Path("a b")
    assert read_one.others == ("--randomdir",)


def test_the_example_of_the_user_guide_is_read() -> None:
    text = (
        "-Xmx1024 -Xms512 -Dpegasus.dir.storage=storagedir  -Dpegasus.dir.exec=execdir -o local "
        "-vvvvv --force -s dax_site "
    )
    found = read(text)
    assert found.sites == ("dax_site",)
    assert found.force
    assert found.definitions == ("pegasus.dir.storage=storagedir", "pegasus.dir.exec=execdir")
    assert found.others == ("--verbose", "-X")


def test_whatever_the_official_client_writes_is_read() -> None:
    words = get_planner_args(
        basename="b",
        job_prefix="j",
        conf="p",
        cluster=["horizontal"],
        sites=["s"],
        output_sites=["local"],
        staging_sites={"s": "t"},
        cache=["c"],
        input_dirs=["i"],
        output_dir="o",
        transformations_dir="t",
        dir="d",
        relative_dir="r",
        relative_submit_dir="q",
        random_dir=True,
        inherited_rc_files=["x"],
        cleanup="none",
        reuse=["y"],
        verbose=3,
        quiet=2,
        force=True,
        force_replan=True,
        forward=["nogrid"],
        submit=True,
        java_options=["mx1024m"],
        **{"pegasus.mode": "development"},
    )
    found = read(" ".join(words))
    assert found.definitions == ("pegasus.mode=development",)
    assert found.inherited_rc_files == ("x",)
    assert set(found.others) == {
        *("--basename", "--job-prefix", "--dir", "--relative-dir", "--relative-submit-dir"),
        *("--randomdir", "--cleanup", "--verbose", "--quiet", "--force-replan", "--forward"),
        *("--submit", "-X"),
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("--no-such", "No such option '--no-such'"),
        ("--help", "No such option '--help'"),
        ("-V", "No such option '-V'"),
        ("--version", "No such option '--version'"),
        ("inner.yml", "unexpected extra argument (inner.yml)"),
        ("--conf", "requires an argument"),
        ("--cleanup rarely", "'rarely' is not one of"),
        ("--cluster label,heaps", "--cluster heaps in its arguments is not supported"),
        ("--re x", "--re is short for"),
        ("--sites 'one", "cannot be split into words"),
        ("\\", "cannot be split into words"),
        ("-s a\x00b --x", "No such option '--x'"),
    ],
)
def test_what_are_no_options_of_planning_is_refused_with_the_line(text: str, words: str) -> None:
    assert words in refused(text)
