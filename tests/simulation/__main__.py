"""Run schedules: `python -m tests.simulation --seeds 10000 --start 0`.

A failing schedule is made smaller and printed with the command that runs it again.
"""

import argparse
import os
import sys
import time
import traceback
from collections import Counter
from concurrent.futures import ProcessPoolExecutor

from tests.simulation.coverage import shortfalls
from tests.simulation.plan import Plan, draw
from tests.simulation.shrink import attempt, shrink

CHUNK = 50


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000, help="how many schedules")
    parser.add_argument("--start", type=int, default=0, help="the first seed")
    parser.add_argument("--jobs", type=int, default=1, help="processes to run them in")
    parser.add_argument("--keep", help="only these steps of the schedule: 0,3,7")
    options = parser.parse_args(arguments)
    if options.keep is not None:
        return _replay(draw(options.start).keep([int(n) for n in options.keep.split(",") if n]))
    if options.seeds == 1:
        return _replay(draw(options.start))
    began = time.monotonic()
    last = options.start + options.seeds
    chunks = [range(first, min(first + CHUNK, last)) for first in range(options.start, last, CHUNK)]
    done = 0
    failing: list[tuple[int, str]] = []
    seen: Counter[str] = Counter()
    with ProcessPoolExecutor(options.jobs) as pool:
        for chunk, (failed, happened) in zip(chunks, pool.map(_run, chunks), strict=True):
            done += len(chunk)
            failing += failed
            seen += happened
            _progress(f"{done} of {options.seeds}, {_rate(done, began)}, {len(failing)} failed")
            if len(failing) >= 5:
                pool.shutdown(cancel_futures=True)
                break
    _progress("")
    print(
        f"{done} schedules in {time.monotonic() - began:.1f} s, {_rate(done, began)}; {len(failing)} failed"
    )
    for seed, said in failing[:3]:
        report(draw(seed), said)
    print("seen:", ", ".join(f"{what} {number}" for what, number in sorted(seen.items())))
    missing = [] if failing else shortfalls(seen)
    print(*missing, sep="\n", end="\n" if missing else "")
    return 1 if failing or missing else 0


def _run(seeds: range) -> tuple[list[tuple[int, str]], Counter[str]]:
    """Run schedules; return those that fail, each with its failure, and what happened, counted."""
    failing = []
    seen: Counter[str] = Counter()
    for seed in seeds:
        error = attempt(draw(seed), seen)
        if error is not None:
            failing.append((seed, "".join(traceback.format_exception(error))))
    return failing, seen


def _replay(plan: Plan) -> int:
    error = attempt(plan)
    if error is None:
        print(f"seed {plan.seed}: nothing fails")
        return 0
    traceback.print_exception(error)
    return 1


def report(plan: Plan, said: str) -> None:
    """Make a failing plan smaller and print how to run it; `said` is its failure when run with others."""
    if attempt(plan) is None:
        print(f"\nseed {plan.seed} failed, but passes when it is run alone:\n{said}")
        return
    smaller, keep, error = shrink(plan)
    print(f"\nseed {plan.seed}: {error!r}")
    for step in smaller.steps:
        print(f"  {step}")
    print(f"  python -m tests.simulation --start {plan.seed} --keep '{','.join(map(str, keep))}'")


def _rate(done: int, began: float) -> str:
    return f"{60 * done / (time.monotonic() - began):,.0f} schedules a minute"


def _progress(line: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\x1b[K{line}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    if os.environ.get("PYTHONHASHSEED") != "0":
        # The order of sets of texts determines the statement at which a crash happens; keep it fixed.
        os.environ["PYTHONHASHSEED"] = "0"
        os.execv(sys.executable, [sys.executable, "-m", "tests.simulation", *sys.argv[1:]])
    sys.exit(main())
