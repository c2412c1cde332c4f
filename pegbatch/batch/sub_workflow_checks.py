"""Whether the tasks that run sub-workflows can do so, as far as the account tells."""

from __future__ import annotations

from collections.abc import Iterator

from pegbatch.batch.account_findings import FAILED, OK, WARNING, Wanted, refused
from pegbatch.model.account import AccountFacts, Refused
from pegbatch.model.checks import Finding

_CHECK = "sub-workflows"
_HINT = "pegbatch-aws-batch --bootstrap --set SubWorkflows=yes lets the role of its stack do so"


def check_sub_workflows(wanted: Wanted, facts: AccountFacts) -> Iterator[Finding]:
    """Ask whether the job role may submit jobs, where tasks of the plan do that."""
    if not wanted.sub_workflows:
        return
    answer = facts.role_submits
    if answer is True:
        yield Finding(_CHECK, OK, "the job role may submit jobs")
    elif answer is False:
        text = "a sub-workflow is planned in the run, and the job role may not submit jobs"
        yield Finding(_CHECK, FAILED, text, _HINT)
    elif isinstance(answer, Refused):
        yield refused(_CHECK, answer, WARNING)
