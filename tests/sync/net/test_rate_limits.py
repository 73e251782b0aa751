import pytest

from crdtnotes.sync.net.rate_limits import MAX_PRESENCE_RATE, Breaker, Bucket, PresenceRate


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_bucket_lets_a_burst_through_and_then_the_rate() -> None:
    clock = Clock()
    bucket = Bucket(10, 40, clock)
    assert bucket.take(40) == 0
    assert bucket.take(10) == 1
    clock.now = 1
    assert bucket.take(5) == 0.5
    clock.now = 100
    assert bucket.take(40) == 0


def test_a_device_that_misbehaves_repeatedly_is_refused_longer_each_time() -> None:
    clock = Clock()
    breaker = Breaker(clock, faults=3, window=10, pause=60, longest=100)
    pauses = []
    for _ in range(9):
        clock.now += 1
        if breaker.allows(b"x"):
            pauses.append(breaker.fault(b"x"))
        else:
            clock.now += 60
            pauses.append(-1)
    assert pauses == [0, 0, 60, -1, 0, 0, 100, -1, -1]
    assert breaker.allows(b"y")


def test_old_faults_do_not_count() -> None:
    clock = Clock()
    breaker = Breaker(clock, faults=2, window=10)
    for _ in range(5):
        assert breaker.fault(b"x") == 0
        clock.now += 11


def test_presence_messages_are_read_at_a_limited_rate() -> None:
    rate = PresenceRate()
    assert rate.allow(MAX_PRESENCE_RATE + 100, 1000.0) == MAX_PRESENCE_RATE
    assert rate.allow(100, 1000.0) == 0
    assert rate.allow(100, 1000.1) == pytest.approx(MAX_PRESENCE_RATE / 10, abs=1)
