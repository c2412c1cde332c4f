from __future__ import annotations

import pytest

from pegbatch.errors import UsageError
from pegbatch.model.settings import Settings
from pegbatch.parse.known_properties import KNOWN, is_known, nearest
from pegbatch.parse.properties import PropertyLine, read_properties
from pegbatch.parse.settings import definitions_layer, environment_layer, merge_settings
from pegbatch.parse.variables import AsWritten


def layer(text: str, source: str = "p") -> tuple[PropertyLine, ...]:
    return read_properties(text.encode(), source)


def merged(*texts: str, **environment: str) -> Settings:
    return merge_settings([layer(text) for text in texts], environment)


def test_a_higher_layer_wins_and_says_where_it_is_written() -> None:
    settings = merge_settings(
        [layer("pegasus.mode=debug", "low"), layer("\npegasus.mode=tutorial", "high")], {}
    )
    assert settings.get("pegasus.mode") == "tutorial"
    assert settings.where("pegasus.mode") == "high:2"


def test_a_key_that_only_a_lower_layer_has_stays() -> None:
    assert merged("pegasus.mode=debug", "dagman.retry=2").get("pegasus.mode") == "debug"


def test_references_come_from_the_file_then_from_lower_layers_then_from_outside() -> None:
    settings = merged(
        "env.low=low",
        "env.a=${env.b}/x\nenv.b=here\nenv.c=${env.low}\nenv.d=${HOME_OF}",
        HOME_OF="outside",
    )
    values = [settings.get(f"env.{name}") for name in "acd"]
    assert values == ["here/x", "low", "outside"]


def test_a_reference_is_replaced_once() -> None:
    settings = merged("env.a=${env.b}\nenv.b=${env.c}\nenv.c=deep")
    assert settings.get("env.a") == "${env.c}"


def test_a_property_may_extend_its_own_lower_value() -> None:
    assert merged("env.P=/low", "env.P=${env.P}/high").get("env.P") == "/low/high"


def test_java_system_properties_come_from_their_environment_variables() -> None:
    settings = merged("env.a=${user.name}@${user.home}", USER="me", HOME="/h")
    assert settings.get("env.a") == "me@/h"


def test_a_reference_to_nothing_is_left_out_with_a_warning() -> None:
    settings = merged("env.a=x${pegasus.home}y")
    assert settings.get("env.a") == "xy"
    assert [problem.where for problem in settings.warnings] == ["p:1"]


def test_who_only_looks_keeps_references_without_a_warning() -> None:
    settings = merge_settings([layer("env.a=${NOT_SET}")], AsWritten())
    assert settings.get("env.a") == "${NOT_SET}"
    assert settings.warnings == ()


def test_an_unknown_key_is_told_with_the_nearest_known_name() -> None:
    settings = merged("pegasus.catalog.site.fiel=x\npegbatch.pack.sise=3\nmine.own=1")
    hints = [(problem.where, problem.hint) for problem in settings.warnings]
    assert hints == [
        ("p:1", "did you mean pegasus.catalog.site.file?"),
        ("p:2", "did you mean pegbatch.pack.size?"),
    ]


def test_a_key_set_twice_in_one_file_is_told_and_the_last_counts() -> None:
    settings = merged("dagman.retry=1\ndagman.retry=2")
    assert settings.get("dagman.retry") == "2"
    assert ["p:1" in problem.message for problem in settings.warnings] == [True]


def test_an_unfilled_template_is_told_once() -> None:
    settings = merged("{% if a %}\nmode=1\n{% else %}\nmode=1\n{% endif %}")
    assert [problem.where for problem in settings.warnings] == ["p:1"]


def test_environment_variables_set_properties_whatever_their_case() -> None:
    environment = {"_PEGASUS__DIR__USETIMESTAMP": "true", "_PEGASUS__CATALOG__SITE__FILE": "s.yml"}
    settings = merge_settings([environment_layer(environment)], environment)
    assert settings.get("pegasus.dir.useTimestamp") == "true"
    assert settings.get("pegasus.catalog.site.file") == "s.yml"
    assert settings.where("pegasus.catalog.site.file") == "_PEGASUS__CATALOG__SITE__FILE"


def test_dagman_keys_are_found_in_either_case() -> None:
    assert merged("dagman.RETRY=3").get("dagman.retry") == "3"


def test_definitions_keep_everything_after_the_first_equals_sign() -> None:
    (line,) = definitions_layer(["env.A=b=c"])
    assert (line.key, line.value, line.where) == ("env.A", "b=c", "-D")


def test_every_malformed_definition_is_named() -> None:
    with pytest.raises(UsageError) as caught:
        definitions_layer(["dagman.retry", "=x", "a=b"])
    assert len(caught.value.problems) == 2


@pytest.mark.parametrize(
    "key",
    [
        "pegasus.clusters.size",
        "pegasus.catalog.site.sites.aws-batch.profiles.pegasus.clusters.num",
        "pegasus.selector.regex.rank.1.x",
        "pegasus.transfer.*.remote.sites",
        "pegasus.log.*",
        "pegasus.maxwalltime.expr",
        "dagman.anything",
    ],
)
def test_patterns_of_pegasus_are_known(key: str) -> None:
    assert is_known(key)


def test_nothing_near_means_no_advice() -> None:
    assert nearest("pegasus.zzzzzzzzzzzzzzzzzz") is None


def test_every_known_name_has_a_meaning() -> None:
    assert all(meaning.strip() for meaning in KNOWN.values())


def test_a_reference_to_an_earlier_line_of_the_file_sees_what_that_stands_for() -> None:
    settings = merged("env.a=${X}\nenv.b=${env.a}!", X="x")
    assert settings.get("env.b") == "x!"
