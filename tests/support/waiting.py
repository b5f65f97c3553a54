"""Waiting for conditions. Tests never sleep for a result: they poll for it, with a deadline."""

import time


class Timeout(AssertionError):
    """A condition did not come true in time."""


def wait_until(condition, deadline=30.0, what="condition", every=0.01, detail=None):
    """Polls until condition() is truthy and returns that value; raises Timeout after `deadline` s.

    `detail` (a callable) is asked for a text when it fails, so that the failure explains itself.
    """
    until = time.monotonic() + deadline
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > until:
            extra = f"\n{detail()}" if detail else ""
            raise Timeout(f"not within {deadline:g} s: {what} (last value {value!r}){extra}")
        time.sleep(every)
        every = min(every * 1.3, 0.2)


def holds_for(condition, seconds, what="condition", every=0.1):
    """Asserts that condition() stays truthy for `seconds`: for things that must not happen."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        value = condition()
        assert value, f"did not hold for {seconds:g} s: {what} (value {value!r})"
        time.sleep(every)
