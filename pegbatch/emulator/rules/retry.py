"""evaluateOnExit: whether a failed attempt is followed by another."""

from __future__ import annotations

from pegbatch.emulator.state.jobs import Attempt, ExitRule


def wants_retry(rules: tuple[ExitRule, ...], attempt: Attempt) -> bool:
    """Tell whether the rules send a failed attempt back to RUNNABLE.

    Shapes: the first rule whose conditions all match decides; no match means retry.
    Source: AWS Batch, "Automated job retries"; API EvaluateOnExit.
    """
    for rule in rules:
        if _matches(rule, attempt):
            return rule.action.upper() == "RETRY"
    return True


def _matches(rule: ExitRule, attempt: Attempt) -> bool:
    exit_code = "" if attempt.exit_code is None else str(attempt.exit_code)
    conditions = (
        (rule.on_status_reason, attempt.status_reason or ""),
        (rule.on_reason, attempt.reason or ""),
        (rule.on_exit_code, exit_code),
    )
    return all(pattern is None or glob_matches(pattern, text) for pattern, text in conditions)


def glob_matches(pattern: str, text: str) -> bool:
    """Match a whole text against a pattern whose only wildcard is one `*` at its end."""
    if pattern.endswith("*"):
        return text.startswith(pattern[:-1])
    return text == pattern
