"""What a plan hands down to sub-workflows that are planned in its run."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from pegbatch.errors import InputError
from pegbatch.model.catalogs import Replica
from pegbatch.model.facts import FileFacts
from pegbatch.model.handed_down import HandedDown, handed_down_from_json, handed_down_to_json

HANDED = HandedDown(
    properties={"env.A": "b"},
    working_dir="/here",
    base_dir="/base",
    sites=("here",),
    output_sites=("local",),
    output_dir=None,
    staging_sites={"here": "there"},
    staging_url="s3://b/x",
    catalogs={"pegasus.catalog.site.file": "/w/sites.yml"},
    copies={"/w/sites.yml": "sites.yml"},
    replicas={"f": (Replica(site="local", pfn="/w/f", sha256="a" * 64, where="w.yml:3"),)},
    files={"/w/bin/p": FileFacts("b" * 64, 7)},
)


def written(**scopes: HandedDown) -> Any:
    named = {name.replace("_", "."): one for name, one in scopes.items()}
    return json.loads(json.dumps(handed_down_to_json({"": HANDED, **named})))


def test_what_is_written_is_read_again() -> None:
    assert handed_down_from_json(written(), "s", source="x") == HANDED


def test_a_task_of_a_workflow_that_was_planned_in_has_what_that_has() -> None:
    inner, deep = replace(HANDED, base_dir="/inner"), replace(HANDED, base_dir="/deep")
    data = written(a=inner, a_b=deep)
    assert handed_down_from_json(data, "s", source="x") == HANDED
    assert handed_down_from_json(data, "a", source="x") == HANDED
    assert handed_down_from_json(data, "a.s", source="x") == inner
    assert handed_down_from_json(data, "a.b.s", source="x") == deep
    assert handed_down_from_json(data, "ab.s", source="x") == HANDED


@pytest.mark.parametrize("data", [None, [], {}, {"format": 2}, {"format": 1, "scopes": {"": {}}}])
def test_anything_else_is_refused_with_its_place(data: Any) -> None:
    with pytest.raises(InputError, match="not what a plan hands down") as raised:
        handed_down_from_json(data, "s", source="s3://b/run/plan/x")
    assert raised.value.problems[0].where == "s3://b/run/plan/x"
