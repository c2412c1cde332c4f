"""The requests of a plan, made as for a run, and what they break."""

from __future__ import annotations

from pegbatch.batch.requests import RunIdentity, build_requests
from pegbatch.errors import PlanError
from pegbatch.model.names import safe_name
from pegbatch.model.plan import Plan

STAMP = "00000000T000000Z-00000000"
"""As long as that of a run."""


def broken_limits(plan: Plan | None, service: str, *, on_fargate: bool = False) -> PlanError | None:
    """Return the limits of SubmitJob that the requests of a plan would break; None for none."""
    if plan is None:
        return None
    identity = RunIdentity(
        run_url=f"{plan.staging_url}/{safe_name(plan.workflow)}-{STAMP}",
        run_hex=STAMP[-8:],
        service=service,
        started=0.0,
        job_queue="queue",
        job_definition="definition",
        container_definitions={one.name: "definition" for one in plan.containers},
        on_fargate=on_fargate,
    )
    try:
        build_requests(plan, identity)
    except PlanError as error:
        return error
    return None
