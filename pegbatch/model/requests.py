"""SubmitJob requests before they have job ids."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pegbatch.model.plan import JobLink


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitRequest:
    """One SubmitJob body without `dependsOn`, and the links that will fill it."""

    array: str
    """Name of the job in the plan."""
    body: Mapping[str, Any]
    """The request as boto3's `submit_job` takes it, `dependsOn` left out."""
    links: tuple[JobLink, ...]
    """Arrays this one depends on; each becomes `{"jobId": …}`, with `"type": "N_TO_N"` where so."""


def with_job_ids(request: SubmitRequest, job_ids: Mapping[str, str]) -> dict[str, Any]:
    """Return the whole request body, links replaced by job ids.

    Shapes: job_ids maps the plan name of every array linked to; one dependsOn entry a link.
    Errors: KeyError where a link has no job id yet (our bug: requests are in plan order).
    Source: AWS Batch API, JobDependency.
    """
    if not request.links:
        return dict(request.body)
    depends_on = [
        {"jobId": job_ids[link.array], "type": "N_TO_N"}
        if link.type == "N_TO_N"
        else {"jobId": job_ids[link.array]}
        for link in request.links
    ]
    return {**request.body, "dependsOn": depends_on}
