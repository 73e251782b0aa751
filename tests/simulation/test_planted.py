"""The oracles work: they find each planted bug within a bounded number of seeds."""

from itertools import islice

import pytest

from crdtnotes.crdt import COMPILED
from tests.shares import Share
from tests.simulation.plan import draw
from tests.simulation.planted import IN_PAIRED_WORLDS, PLANTED
from tests.simulation.planted_merges import MERGES
from tests.simulation.shrink import attempt

SEEDS = 400

ALL = PLANTED | MERGES


@pytest.mark.parametrize("bug", ALL)
def test_a_planted_bug_is_found(bug: str, share: Share) -> None:
    if COMPILED or share.name != "full":
        pytest.skip("only the full form looks for them, in the plain data types")
    plans = (draw(seed) for seed in range(SEEDS))
    if bug in IN_PAIRED_WORLDS:
        plans = (plan for plan in map(draw, range(10 * SEEDS)) if plan.first is not None)
    with ALL[bug]():
        assert any(attempt(plan) is not None for plan in islice(plans, SEEDS)), f"no seed finds {bug}"


def test_without_a_bug_these_seeds_pass() -> None:
    assert [seed for seed in range(40) if attempt(draw(seed)) is not None] == []
