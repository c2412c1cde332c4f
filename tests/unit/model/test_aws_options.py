"""The properties `pegbatch.aws.*`."""

from __future__ import annotations

import pytest

from pegbatch.errors import InputError
from pegbatch.model.aws_options import read_aws_options


def test_without_properties_nothing_is_added() -> None:
    options = read_aws_options({})
    assert (options.share_identifier, options.scheduling_priority) == ("", None)
    assert (options.tags, options.platform) == ({}, "")
    assert options.parameters_of(["ns::a:1"]) == {}


def test_the_more_exact_a_transformation_is_named_the_more_its_parameters_count() -> None:
    options = read_aws_options(
        {
            "pegbatch.aws.parameters": "scale = 1, mode=slow, zone=z",
            "pegbatch.aws.parameters.warp": "scale=2,mode=quick",
            "pegbatch.aws.parameters.sky::warp:1.0": "scale=3",
        }
    )
    assert options.parameters_of(["sky::warp:1.0"]) == {"mode": "quick", "scale": "3", "zone": "z"}
    assert options.parameters_of(["sky::warp:2.0"]) == {"mode": "quick", "scale": "2", "zone": "z"}
    assert options.parameters_of(["warp"]) == {"mode": "quick", "scale": "2", "zone": "z"}
    assert options.parameters_of(["other"]) == {"mode": "slow", "scale": "1", "zone": "z"}


def test_values_are_read_in_either_case() -> None:
    options = read_aws_options(
        {
            "pegbatch.aws.share_identifier": "physics",
            "pegbatch.aws.scheduling_priority": "9999",
            "pegbatch.aws.tags": "team=sky,cost-centre=12=3",
            "pegbatch.aws.tags.propagate": "False",
            "pegbatch.aws.platform": "fargate",
        }
    )
    assert (options.share_identifier, options.scheduling_priority) == ("physics", 9999)
    assert options.tags == {"team": "sky", "cost-centre": "12=3"}
    assert (options.propagate_tags, options.platform) == (False, "FARGATE")


@pytest.mark.parametrize(
    ("key", "value", "rule"),
    [
        ("pegbatch.aws.share_identifier", "two words", "letters and digits"),
        ("pegbatch.aws.share_identifier", "x" * 256, "letters and digits"),
        ("pegbatch.aws.scheduling_priority", "10000", "0 to 9999"),
        ("pegbatch.aws.scheduling_priority", "-1", "0 to 9999"),
        ("pegbatch.aws.scheduling_priority", "5", "counts only where"),
        ("pegbatch.aws.tags", "no sign", "name=value"),
        ("pegbatch.aws.tags", "=x", "name=value"),
        ("pegbatch.aws.tags", "aws:x=y", "Amazon's"),
        ("pegbatch.aws.tags", "k=" + "x" * 257, "256"),
        ("pegbatch.aws.tags", ",".join(f"k{n}=v" for n in range(51)), "at most 50"),
        ("pegbatch.aws.tags.propagate", "perhaps", "true or false"),
        ("pegbatch.aws.platform", "EKS", "ec2 or fargate"),
        ("pegbatch.aws.parameters.warp", "scale", "name=value"),
    ],
)
def test_what_batch_would_refuse_is_named_with_its_place(key: str, value: str, rule: str) -> None:
    with pytest.raises(InputError) as refused:
        read_aws_options({key: value}, lambda name: f"my.properties:{len(name)}")
    assert [problem.where for problem in refused.value.problems] == [f"my.properties:{len(key)}"]
    assert key in str(refused.value)
    assert rule in str(refused.value)


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(InputError) as refused:
        read_aws_options({"pegbatch.aws.platform": "x", "pegbatch.aws.tags": "y"})
    assert len(refused.value.problems) == 2
