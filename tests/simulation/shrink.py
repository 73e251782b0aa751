"""Makes a failing plan smaller: removes steps as long as it still fails."""

from collections import Counter

from tests.simulation.plan import Plan
from tests.simulation.play import run


def attempt(plan: Plan, seen: Counter[str] | None = None) -> Exception | None:
    """Run a plan; return the failure, or None. What happened is added to `seen`."""
    try:
        happened = run(plan)
        if seen is not None:
            seen.update(happened)
    except Exception as error:  # noqa: BLE001 - any exception is a failure to report
        return error
    return None


def shrink(plan: Plan) -> tuple[Plan, list[int], Exception]:
    """Remove steps, many at a time and then one by one; return plan, numbers of the steps, and failure."""
    keep = list(range(len(plan.steps)))
    error = attempt(plan)
    if error is None:
        raise ValueError("this plan does not fail")
    size = max(1, len(keep) // 2)
    while True:
        smaller = False
        for at in range(0, len(keep), size):
            fewer = keep[:at] + keep[at + size :]
            failure = attempt(plan.keep(fewer))
            if failure is not None:
                keep, error, smaller = fewer, failure, True
                break
        if not smaller:
            if size == 1:
                return plan.keep(keep), keep, error
            size = max(1, size // 2)
