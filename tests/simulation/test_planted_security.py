"""Faults in roles, membership, erasing and signing are found: see `planted_security.py`."""

from itertools import count, islice

import pytest

from crdtnotes.crdt import COMPILED
from tests.shares import Share
from tests.simulation.plan import draw
from tests.simulation.planted_security import RULES, SECURITY
from tests.simulation.shrink import attempt
from tests.trust.test_member_model import first_difference

RECORDS = 200
"""Sets of records that are drawn at most, until one shows the fault."""

WORLDS = 30
"""Worlds with roles that are played at most."""


@pytest.mark.parametrize("fault", SECURITY)
def test_a_planted_fault_of_security_is_found(fault: str, share: Share) -> None:
    if COMPILED or share.name != "full":
        pytest.skip("only the full form looks for them, in the plain data types")
    with SECURITY[fault]():
        if fault in RULES:
            assert first_difference(RECORDS) is not None
        else:
            plans = (plan for plan in map(draw, count()) if plan.roles is not None)
            assert any(attempt(plan) is not None for plan in islice(plans, WORLDS))
