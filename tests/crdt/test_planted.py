"""The histories find each planted fault of merging soon."""

import pytest

from crdtnotes.crdt import COMPILED
from tests.crdt.planted import PLANTED
from tests.crdt.random_histories import History

HISTORIES = 400

pytestmark = pytest.mark.skipif(COMPILED, reason="compiled classes cannot be changed")


def fails(seed: int) -> bool:
    """Whether a history shows that something is wrong."""
    try:
        history = History(seed)
        history.run()
        history.end()
    except Exception:  # noqa: BLE001 - any exception is a failure
        return True
    return False


@pytest.mark.parametrize("fault", PLANTED)
def test_a_planted_fault_is_found(fault: str) -> None:
    with PLANTED[fault]():
        assert any(fails(seed) for seed in range(HISTORIES)), f"no history finds {fault}"
