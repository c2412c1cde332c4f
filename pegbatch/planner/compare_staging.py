"""Where sub-workflows would stage, beside where the plan does that they are a part of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from pegbatch.errors import PlanError, Problem
from pegbatch.planner.scopes import Scope
from pegbatch.planner.staging import staging_site, staging_url


def compare_staging(scopes: Sequence[Scope], staging: str) -> tuple[Problem, ...]:
    """Warn of sub-workflows whose catalogs or options name another place to stage at.

    Shapes: scopes as `scopes_of` returns them; a warning for each other place.
    Errors: PlanError with each sub-workflow whose own options name a site that there is not.
    """
    _refuse_unknown(scopes)
    others: dict[str, Scope] = {}
    for scope in scopes[1:]:
        try:
            url = staging_url(scope.given, scope.site)
        except PlanError:
            continue  # it names none
        if url != staging:
            others.setdefault(url, scope)
    return tuple(
        Problem(
            f"sub-workflow {scope.path} names {url} to stage at; the plan that it is a part of "
            f"stages all data at {staging}",
            scope.site.where or scope.given.workflow.source,
        )
        for url, scope in others.items()
    )


def _refuse_unknown(scopes: Sequence[Scope]) -> None:
    by_path = {scope.path: scope for scope in scopes}
    own = (scope for scope in scopes[1:] if not _is_inherited(scope, by_path))
    problems = [problem for scope in own for problem in _unknown(scope)]
    if problems:
        raise PlanError(problems=problems)


def _is_inherited(scope: Scope, by_path: Mapping[str, Scope]) -> bool:
    """Say whether a workflow around it names the same: its site need not be in these catalogs."""
    parts = scope.path.split(".")
    paths = (".".join(parts[:count]) for count in reversed(range(len(parts))))
    outer = next(by_path[path] for path in paths if path in by_path)
    return outer.given.options.staging_sites == scope.given.options.staging_sites


def _unknown(scope: Scope) -> Iterator[Problem]:
    try:
        staging_site(scope.given, scope.site)
    except PlanError as error:
        for problem in error.problems:
            yield replace(problem, message=f"sub-workflow {scope.path}: {problem.message}")
