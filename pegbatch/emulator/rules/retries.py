"""What a retry strategy and a timeout may say."""

from __future__ import annotations

import re

from pegbatch.emulator.refusals import Refusal
from pegbatch.emulator.state.jobs import ExitRule, Json

MAX_ATTEMPTS = 10
MAX_RULES = 5
_PATTERN = re.compile(r"[A-Za-z0-9.:\s]*\*?\Z")
_CODE_PATTERN = re.compile(r"[0-9]*\*?\Z")


def check_retry_strategy(strategy: Json) -> None:
    """Refuse attempts outside 1 to 10, more than 5 rules, and patterns with other characters.

    Source: API RetryStrategy, EvaluateOnExit.
    """
    attempts = strategy.get("attempts")
    if attempts is not None and not 1 <= attempts <= MAX_ATTEMPTS:
        raise Refusal(f"retryStrategy.attempts is {attempts}, not between 1 and {MAX_ATTEMPTS}")
    rules = strategy.get("evaluateOnExit")
    if not rules:
        return
    if attempts is None:
        raise Refusal("retryStrategy.evaluateOnExit needs retryStrategy.attempts")
    if len(rules) > MAX_RULES:
        raise Refusal(f"evaluateOnExit has {len(rules)} rules, more than {MAX_RULES}")
    for rule in rules:
        _check_rule(rule)


def exit_rules(strategy: Json) -> tuple[ExitRule, ...]:
    """Return the rules of a checked retry strategy."""
    return tuple(
        ExitRule(
            rule["action"].upper(),
            rule.get("onStatusReason"),
            rule.get("onReason"),
            rule.get("onExitCode"),
        )
        for rule in strategy.get("evaluateOnExit", ())
    )


def check_timeout(timeout: Json, minimum_seconds: int) -> None:
    """Refuse a timeout below the minimum (60 s on Amazon)."""
    seconds = timeout.get("attemptDurationSeconds")
    if seconds is not None and seconds < minimum_seconds:
        raise Refusal(
            f"timeout.attemptDurationSeconds is {seconds}, less than {minimum_seconds} seconds"
        )


def _check_rule(rule: Json) -> None:
    conditions = (
        ("onStatusReason", _PATTERN, "letters, digits, periods, colons and white space"),
        ("onReason", _PATTERN, "letters, digits, periods, colons and white space"),
        ("onExitCode", _CODE_PATTERN, "digits"),
    )
    for key, allowed, words in conditions:
        pattern = rule.get(key)
        if pattern is None:
            continue
        if len(pattern) > 512 or not allowed.match(pattern):
            raise Refusal(
                f"evaluateOnExit {key} {pattern!r} is not valid: up to 512 {words},"
                " one * at the end"
            )
