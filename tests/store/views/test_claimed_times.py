from random import Random

import pytest

from crdtnotes.store.views.claimed_times import MAX_AHEAD_MS, shown_times

NOW = 1_700_000_000_000
FAR = NOW + MAX_AHEAD_MS + 1


def test_believable_times_are_shown_as_they_are() -> None:
    times = [(3, 0), (1, -5), (2, NOW + MAX_AHEAD_MS)]
    assert shown_times(times, NOW) == [0, -5, NOW + MAX_AHEAD_MS]
    assert shown_times([], NOW) == []


@pytest.mark.parametrize("seed", range(20))
def test_no_time_far_ahead_is_the_latest_or_moves_another(seed: int) -> None:
    chance = Random(seed)
    claimed = [
        (place, FAR + chance.randrange(1000) if chance.random() < 0.3 else chance.randrange(1, NOW))
        for place in chance.sample(range(1000), 50)
    ]
    claimed.append((1000, NOW - 1))
    shown = shown_times(claimed, NOW)
    for (_, time), now_shown in zip(claimed, shown, strict=True):
        assert now_shown == time if time < FAR else now_shown < max(shown)
