"""What the child of a cluster asks for under mpiexec."""

from __future__ import annotations

import pytest

from pegbatch.errors import InputError
from pegbatch.model.catalogs import Transformation, TransformationCatalog, TransformationSite
from pegbatch.model.profiles import Profile
from pegbatch.model.workflow import TransformationName
from tests.unit.planner.test_pipeline import planned
from tests.workflows import T

MPIEXEC = {"pegasus.clusterer.job.aggregator": "PMC"}
NAME = TransformationName("pegasus", "mpiexec", "")


def asked(tasks, properties=None, catalog=None):
    result = planned(
        tasks, (), {**MPIEXEC, **(properties or {})}, cluster=["whole"], transformations=catalog
    )
    resources = result.plan.jobs[0].resources
    return resources.vcpus, resources.memory_mib, resources.gpus


def needing(count=1, **profiles):
    named = {f"pegasus.{key}": value for key, value in profiles.items()}
    return [T(id=f"{'-'.join(profiles)}{n}", profiles=named) for n in range(count)]


def test_a_bag_has_four_vcpus_and_memory_for_as_many_tasks_as_fit() -> None:
    assert asked(needing(9, memory="100")) == (4, 400, 0)
    assert asked(needing(9, memory="100", cores="2")) == (4, 200, 0)


def test_a_small_bag_asks_for_as_much_as_a_large_one() -> None:
    tasks = [
        T(id=str(n), profiles={"pegasus.clusters.size": "3", "pegasus.memory": "10"})
        for n in range(4)
    ]
    result = planned(tasks, (), MPIEXEC, cluster=["horizontal"])
    assert [(job.size, job.resources.memory_mib) for job in result.plan.jobs[:1]] == [(2, 40)]


def test_the_vcpus_may_be_set_and_are_never_less_than_a_task_takes() -> None:
    assert asked(needing(9, memory="100"), {"pegbatch.pmc.vcpus": "8"}) == (8, 800, 0)
    assert asked(needing(2, cores="6", memory="100")) == (6, 100, 0)


def test_the_largest_tasks_may_come_together() -> None:
    tasks = needing(1, memory="5000") + needing(5, memory="100", cores="1", gpus="1")
    assert asked(tasks) == (4, 5300, 4)


def test_what_tasks_request_of_pmc_goes_before_cores_and_memory() -> None:
    tasks = needing(3, cores="4", memory="4000", pmc_request_cpus="2", pmc_request_memory="50")
    assert asked(tasks) == (4, 100, 0)


def catalog(*profiles, here=()):
    site = TransformationSite(
        site="condorpool",
        pfn="/usr/bin/pegasus-mpi-cluster",
        kind="installed",
        profiles=tuple(Profile("pegasus", key, value) for key, value in here),
    )
    entry = Transformation(
        name=NAME,
        profiles=tuple(Profile("pegasus", key, value) for key, value in profiles),
        sites=(site,),
        where="tc.txt:3",
    )
    return TransformationCatalog(source="tc.txt", transformations={NAME: entry})


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (catalog(("cores", "16")), (16, 1600, 0)),
        (catalog(("nodes", "2"), ("ppn", "3")), (6, 600, 0)),
        (catalog(("cores", "16"), here=[("cores", "2"), ("memory", "999")]), (2, 999, 0)),
        (catalog(("memory", "10")), (4, 100, 0)),
        (catalog(("nodes", "2"), ("queue", "long")), (4, 400, 0)),
    ],
)
def test_the_catalog_may_size_the_aggregator(entry, expected) -> None:
    assert asked(needing(30, memory="100"), {}, entry) == expected


def test_sizes_in_the_catalog_that_are_no_numbers_are_named() -> None:
    with pytest.raises(InputError) as caught:
        asked(needing(2), {}, catalog(("cores", "many"), ("memory", "-1")))
    assert [str(problem).split(" must")[0] for problem in caught.value.problems] == [
        "tc.txt:3: transformation pegasus::mpiexec: profile pegasus cores = 'many'",
        "tc.txt:3: transformation pegasus::mpiexec: profile pegasus memory = '-1'",
    ]


def test_a_task_alone_asks_for_itself() -> None:
    for technique in ("whole", "label", "horizontal"):
        profiles = {"pegasus.label": "one", "pegasus.clusters.num": "1", "pegasus.memory": "100"}
        result = planned([T(id="a", profiles=profiles)], (), MPIEXEC, cluster=[technique])
        resources = result.plan.jobs[0].resources
        assert (resources.vcpus, resources.memory_mib) == (1, 100)
