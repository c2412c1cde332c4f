"""Checks of what the properties `pegbatch.aws.*` ask for against queue and job definition."""

from __future__ import annotations

from collections.abc import Iterator

from pegbatch.batch.account_findings import FAILED, OK, Json, Wanted
from pegbatch.batch.entities import short_name
from pegbatch.model.account import AccountFacts, Refused
from pegbatch.model.aws_options import (
    PROPAGATE_TAGS,
    SHARE_IDENTIFIER,
    TAGS,
    TAGS_MAX,
)
from pegbatch.model.checks import Finding


def check_share(wanted: Wanted, facts: AccountFacts) -> Iterator[Finding]:
    """Ask whether queues with a fair-share policy get a share identifier, and others none.

    Source: API SubmitJob, shareIdentifier.
    """
    queues = ((wanted.queue, facts.queue), (wanted.on_demand_queue, facts.on_demand))
    for name, found in queues:
        if found is None or isinstance(found, Refused):
            continue
        shares = bool(found.get("schedulingPolicyArn"))
        queue, share = short_name(name), wanted.share_identifier
        if shares and not share:
            text = f"{queue} has a fair-share policy, and jobs bring no share identifier"
            yield Finding("share", FAILED, text, f"set {SHARE_IDENTIFIER}, and plan again")
        elif share and not shares:
            text = f"{queue} has no fair-share policy, and takes no job with a share identifier"
            yield Finding("share", FAILED, text, f"take {SHARE_IDENTIFIER} away, and plan again")
        elif share:
            yield Finding("share", OK, f"{share} in {queue}")


def check_tags(wanted: Wanted, facts: AccountFacts) -> Iterator[Finding]:
    """Ask whether the tags of jobs and definition together can be handed on to ECS.

    Source: API SubmitJob, propagateTags: above 50 of both the job fails.
    """
    definition = facts.definition
    if not wanted.propagated_tags or definition is None or isinstance(definition, Refused):
        return
    together = len({*wanted.propagated_tags, *_tags(definition)})
    if together > TAGS_MAX:
        text = f"{together} tags of jobs and definition together, ECS takes {TAGS_MAX}"
        hint = f"have fewer {TAGS}, or set {PROPAGATE_TAGS} = false, and plan again"
        yield Finding("tags", FAILED, text, hint)
    else:
        yield Finding("tags", OK, f"{together} tags of jobs and definition together")


def _tags(definition: Json) -> Json:
    tags: Json = definition.get("tags") or {}
    return tags
