"""Transformation catalog beats site beats job beats properties."""

from __future__ import annotations

from itertools import combinations

import pytest

from pegbatch.model.plan import Resources
from pegbatch.model.profiles import Profile
from pegbatch.planner.profile_layers import profiles_of_properties, profiles_of_site_properties
from pegbatch.planner.resolve_profiles import ProfileResolver, attempts_of
from pegbatch.planner.tuning import Tuning
from tests.workflows import make_settings

LAYERS = ("properties", "job", "site", "transformation")


def memory_with(present) -> int:
    """Return the memory where each layer present asks for another amount."""
    layers = [
        (Profile("pegasus", "memory", str(100 + number)),) if layer in present else ()
        for number, layer in enumerate(LAYERS)
    ]
    return ProfileResolver(Tuning()).resolve(layers)[0].resources.memory_mib


@pytest.mark.parametrize(
    "present", [set(c) for size in range(1, 5) for c in combinations(LAYERS, size)]
)
def test_the_strongest_layer_present_wins(present) -> None:
    assert memory_with(present) == 100 + max(LAYERS.index(layer) for layer in present)


def test_defaults_are_those_of_pegasus() -> None:
    settings, wrong = ProfileResolver(Tuning()).resolve([()])
    assert settings.resources == Resources(vcpus=1, memory_mib=2048, gpus=0)
    assert (settings.tries, settings.timeout_seconds, settings.runtime_seconds) == (2, None, None)
    assert wrong == []


@pytest.mark.parametrize("key", ["label", "runtime", "cores", "memory", "retry"])
def test_a_label_that_another_key_holds_hides_what_the_key_says(key: str) -> None:
    resolver = ProfileResolver(Tuning(label_key=key))
    fresh = [Profile("pegasus", "gpus", "1")]
    for value in ("3", "4", "3"):
        layers = [fresh, [Profile("pegasus", key, value)]]
        found = resolver.resolve(layers)
        assert found == ProfileResolver(Tuning(label_key=key)).resolve(layers)
        assert found[0].label == value
    assert found[0].resources.vcpus == (3 if key == "cores" else 1)


def test_values_have_pegasus_units() -> None:
    profiles = (
        Profile("pegasus", "cores", "4"),
        Profile("pegasus", "memory", "1024.5"),
        Profile("pegasus", "gpus", "1"),
        Profile("pegasus", "maxwalltime", "1.5"),
        Profile("pegasus", "runtime", "13.39"),
        Profile("dagman", "RETRY", "0"),
        Profile("env", "B", "2"),
        Profile("env", "A", "1"),
    )
    settings, wrong = ProfileResolver(Tuning()).resolve([profiles])
    assert settings.resources == Resources(vcpus=4, memory_mib=1025, gpus=1)
    assert settings.timeout_seconds == 90
    assert settings.runtime_seconds == pytest.approx(13.39)
    assert settings.tries == 1
    assert settings.env == (("A", "1"), ("B", "2"))
    assert wrong == []


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("memory", "2 GB", "must be a plain number, without a unit"),
        ("memory", "0", "must be 1 or more"),
        ("cores", "many", "must be a plain number"),
        ("cores", "nan", "must be a plain number"),
        ("gpus", "-1", "must be 0 or more"),
        ("memory", "1e30", "must not be above 2,147,483,647"),
        ("maxwalltime", "1e300", "must not be above 2,147,483,647"),
        ("maxwalltime", "-3", "must be a plain number"),
        ("job.aggregator", "decaf", "must be AWSBatch, seqexec or mpiexec"),
    ],
)
def test_values_that_do_not_fit_are_named(key: str, value: str, said: str) -> None:
    _, wrong = ProfileResolver(Tuning()).resolve([(Profile("pegasus", key, value),)])
    assert len(wrong) == 1
    assert f"profile pegasus {key} = {value!r} {said}" in wrong[0][0]


def test_properties_carry_profiles_and_nothing_else() -> None:
    settings = make_settings(
        {"env.HOME": "/x", "dagman.retry": "3", "pegasus.clusters.size": "2",
         "pegasus.data.configuration": "nonsharedfs", "pegbatch.pack.size": "4"}
    )  # fmt: skip
    assert profiles_of_properties(settings) == (
        Profile("dagman", "retry", "3"),
        Profile("env", "HOME", "/x"),
        Profile("pegasus", "clusters.size", "2"),
    )


def test_properties_may_speak_of_one_site() -> None:
    settings = make_settings({"pegasus.catalog.site.sites.aws.profiles.pegasus.clusters.num": "2"})
    assert profiles_of_site_properties(settings, "aws") == (
        Profile("pegasus", "clusters.num", "2"),
    )
    assert profiles_of_site_properties(settings, "other") == ()


def test_the_aggregator_of_a_job_beats_the_property() -> None:
    profiles = (Profile("pegasus", "job.aggregator", "SeqExec"),)
    assert ProfileResolver(Tuning()).resolve([profiles])[0].aggregator == "seqexec"
    assert ProfileResolver(Tuning(aggregator="seqexec")).resolve([()])[0].aggregator == "seqexec"


def test_attempts_add_up_and_stop_at_ten() -> None:
    assert attempts_of(2, 2) == 4
    assert attempts_of(9, 2) == 10


def test_a_variable_that_no_process_can_have_is_refused() -> None:
    profiles = (Profile("env", "A=B", "x"), Profile("env", "C", "y"))
    settings, wrong = ProfileResolver(Tuning()).resolve([profiles])
    assert [message for message, _ in wrong] == [
        "profile env A=B = 'x' is no variable: its name must be without ="
    ]
    assert ("C", "y") in settings.env


_SETS = (
    (),
    (Profile("pegasus", "memory", "512"),),
    (Profile("pegasus", "memory", "512"), Profile("pegasus", "runtime", "3.5")),
    (Profile("pegasus", "job.runtime", "7"), Profile("pegasus", "memory", "512")),
    (Profile("pegasus", "runtime", "soon"),),
    (Profile("pegasus", "maxwalltime", "1.5"), Profile("pegasus", "memory", "512")),
    (Profile("pegasus", "maxwalltime", "-1"), Profile("pegasus", "memory", "none")),
    (Profile("pegasus", "memory", "2 GB"), Profile("env", "A=B", "x")),
    (Profile("pegasus", "label", " left "), Profile("env", "HOME", "/")),
    (Profile("pegasus", "label", "right"), Profile("env", "HOME", "/tmp")),
)


def test_what_was_resolved_before_changes_nothing() -> None:
    layers = [[weak, strong] for weak in _SETS for strong in _SETS]
    alone = [ProfileResolver(Tuning()).resolve(pair) for pair in layers]
    assert len({settings for settings, _ in alone}) > len(_SETS)
    one = ProfileResolver(Tuning())
    assert [one.resolve(pair) for pair in layers] == alone
