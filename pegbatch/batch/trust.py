"""Trust policies of roles: who may take a role on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

ECS_TASKS = "ecs-tasks.amazonaws.com"


def trusts(policy: Mapping[str, Any], service: str) -> bool:
    """Tell whether a trust policy lets a service take the role on.

    Shapes: conditions are not weighed; what is denied to the service counts as no.
    """
    allowed = False
    for statement in _many(policy.get("Statement")):
        if not isinstance(statement, Mapping) or not _concerns(statement, service):
            continue
        if statement.get("Effect") == "Deny":
            return False
        allowed = allowed or statement.get("Effect") == "Allow"
    return allowed


def _concerns(statement: Mapping[str, Any], service: str) -> bool:
    actions = {str(one).lower() for one in _many(statement.get("Action"))}
    if not actions & {"sts:assumerole", "sts:*", "*"}:
        return False
    principal = statement.get("Principal")
    if principal == "*":
        return True
    named = _many(principal.get("Service")) if isinstance(principal, Mapping) else []
    return service in named or "*" in named


def _many(value: Any) -> list[Any]:
    """IAM writes a list of one as the one."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
