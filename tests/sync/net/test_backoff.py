from random import Random

from crdtnotes.sync.net.backoff import MAX_IMMEDIATE_RETRIES, Backoff


def test_the_bound_doubles_up_to_a_ceiling() -> None:
    backoff = Backoff(lambda: 1.0, first=1.0, ceiling=10.0)
    assert [backoff.next() for _ in range(6)] == [1.0, 2.0, 4.0, 8.0, 10.0, 10.0]


def test_waits_are_spread_over_the_whole_range() -> None:
    random = Random(5)
    waits = []
    for _ in range(200):
        backoff = Backoff(random.random, first=1.0, ceiling=10.0)
        backoff.next()
        waits.append(backoff.next())
    assert min(waits) < 0.1
    assert 1.9 < max(waits) < 2.0


def test_a_reset_starts_over() -> None:
    backoff = Backoff(lambda: 1.0, first=0.5)
    for _ in range(5):
        backoff.next()
    backoff.reset()
    assert backoff.next() == 0.5


def test_immediate_retries_are_limited() -> None:
    backoff = Backoff(lambda: 1.0, first=1.0)
    assert [backoff.next(at_once=True) for _ in range(MAX_IMMEDIATE_RETRIES + 2)] == [
        0.0
    ] * MAX_IMMEDIATE_RETRIES + [1.0, 2.0]
    backoff.reset()
    assert backoff.next(at_once=True) == 0.0
