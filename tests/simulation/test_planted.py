"""The oracles work: they find each planted bug within a bounded number of seeds."""

from itertools import islice

import pytest

from crdtnotes.crdt import COMPILED
from tests.simulation.plan import draw
from tests.simulation.planted import IN_PAIRED_WORLDS, IN_THE_DATA_TYPES, PLANTED
from tests.simulation.planted_merges import IN_COMPILED, MERGES
from tests.simulation.shrink import attempt

SEEDS = 400

ALL = PLANTED | MERGES


@pytest.mark.parametrize("bug", ALL)
def test_a_planted_bug_is_found(bug: str) -> None:
    if COMPILED and bug in IN_THE_DATA_TYPES | IN_COMPILED:
        pytest.skip("compiled classes cannot be changed")
    plans = (draw(seed) for seed in range(SEEDS))
    if bug in IN_PAIRED_WORLDS:
        plans = (plan for plan in map(draw, range(10 * SEEDS)) if plan.first is not None)
    with ALL[bug]():
        assert any(attempt(plan) is not None for plan in islice(plans, SEEDS)), f"no seed finds {bug}"


def test_without_a_bug_these_seeds_pass() -> None:
    assert [seed for seed in range(40) if attempt(draw(seed)) is not None] == []
