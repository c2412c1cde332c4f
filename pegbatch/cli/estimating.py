"""The use case behind `pegbatch estimate`."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from pegbatch.adapters.planned_tasks import read_playable
from pegbatch.adapters.submit_dir import SubmitDirectory
from pegbatch.cli.plan_request import PlanRequest
from pegbatch.cli.planning import read_given, without_collection
from pegbatch.cli.pricing import Pricing, priced_machine
from pegbatch.cli.telling import echo_warnings
from pegbatch.model.estimate import Conditions, Estimate
from pegbatch.planner.estimate import Playable, estimate, playable
from pegbatch.planner.pipeline import refine
from pegbatch.planner.tuning import Tuning


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimateRequest:
    """What the command line asks for."""

    plan: PlanRequest
    conditions: Conditions
    default_seconds: float
    pricing: Pricing


def make_estimate(request: EstimateRequest) -> Estimate:
    """Plan in memory, or read a plan, and play it.

    Errors: InputError, PlanError; UsageError for a machine without a price.
    """
    machine, prices = priced_machine(request.pricing)
    with without_collection():
        plan = _playable(request)
    return estimate(
        plan,
        request.conditions,
        machine,
        prices,
        discount_percent=request.pricing.discount_percent,
    )


def _playable(request: EstimateRequest) -> Playable:
    if request.plan.workflow.is_dir():
        directory = SubmitDirectory(request.plan.workflow)
        return read_playable(directory, default_seconds=request.default_seconds)
    given, _ = read_given(request.plan, echo_warnings, traces=True)
    given = replace(given, tuning=_tuned(given.tuning, request.conditions))
    return playable(refine(given), default_seconds=request.default_seconds)


def _tuned(tuning: Tuning, conditions: Conditions) -> Tuning:
    """Plan for what is played, as a user who knows it would; properties that are set win."""
    if tuning.pack_vcpus is None and math.isfinite(conditions.vcpus):
        tuning = replace(tuning, pack_vcpus=int(conditions.vcpus))
    if tuning.pack_start_seconds is None and conditions.start_seconds:
        tuning = replace(tuning, pack_start_seconds=conditions.start_seconds)
    return tuning
