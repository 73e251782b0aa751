import pytest

from crdtnotes.terminal.times import local_time


@pytest.mark.parametrize("milliseconds", [2**63, -(2**63), 10**18])
def test_a_time_that_is_no_date_is_shown_all_the_same(milliseconds: int) -> None:
    assert local_time(milliseconds) == "?"
