"""Share identifier and tags are held against queue and definition before a run."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pegbatch.batch.account_checks import judge
from pegbatch.model.checks import Finding, Verdict
from tests.unit.batch.test_account_checks import DEFINITION, GOOD, WANTED

QUEUE = {"state": "ENABLED", "status": "VALID"}
FAIR = {**QUEUE, "schedulingPolicyArn": "arn:aws:batch:us-east-1:1:scheduling-policy/p"}


def findings(check: str, wanted: Any, **facts: Any) -> list[Finding]:
    return [one for one in judge(wanted, replace(GOOD, **facts)) if one.check == check]


@pytest.mark.parametrize(
    ("queue", "share", "verdicts"),
    [
        (QUEUE, "", []),
        (FAIR, "sky", [Verdict.OK]),
        (FAIR, "", [Verdict.FAILED]),
        (QUEUE, "sky", [Verdict.FAILED]),
    ],
)
def test_a_share_identifier_goes_with_a_fair_share_policy(
    queue: dict[str, str], share: str, verdicts: list[Verdict]
) -> None:
    found = findings("share", replace(WANTED, share_identifier=share), queue=queue)
    assert [one.verdict for one in found] == verdicts
    assert all(one.hint for one in found if one.verdict is Verdict.FAILED)


def test_the_queue_for_on_demand_is_held_to_it_as_well() -> None:
    wanted = replace(WANTED, on_demand_queue="second", share_identifier="sky")
    found = findings("share", wanted, queue=FAIR, on_demand=QUEUE)
    assert [one.verdict for one in found] == [Verdict.OK, Verdict.FAILED]
    assert found[1].message.startswith("second has no fair-share policy")


@pytest.mark.parametrize(("count", "verdict"), [(48, Verdict.OK), (49, Verdict.FAILED)])
def test_tags_of_jobs_and_definition_are_counted_together(count: int, verdict: Verdict) -> None:
    definition = {**DEFINITION, "tags": {"pegbatch:prefix": "p", "pegbatch:digest": "d"}}
    wanted = replace(WANTED, propagated_tags=frozenset(f"t{n}" for n in range(count)))
    (found,) = findings("tags", wanted, definition=definition)
    assert found.verdict is verdict


def test_without_tags_to_hand_on_nothing_is_said() -> None:
    assert findings("tags", WANTED) == []
