"""Random histories agree with the model (tests/merge_model.py)."""

from collections import Counter

from crdtnotes.crdt.ops import Before, Create, Delete, Insert, Same, Set
from tests.crdt.merging import entries
from tests.crdt.random_histories import History

HISTORIES = 40
"""The number of histories in a chunk."""


def test_random_histories_agree_with_the_model(histories_chunk: int) -> None:
    for seed in range(histories_chunk * HISTORIES, (histories_chunk + 1) * HISTORIES):
        history = History(seed)
        try:
            history.run()
            history.end()
        except Exception as error:
            raise AssertionError(f"seed {seed}") from error


def test_histories_hold_every_kind_of_operation_and_of_birth() -> None:
    kinds: set[type] = set()
    births: Counter[int] = Counter()
    for seed in range(HISTORIES):
        history = History(seed)
        history.run()
        ops = [op for _, op in entries(history.end())]
        kinds |= set(map(type, ops))
        births[len({op.birth for op in ops if isinstance(op, Create)})] += 1
    assert kinds == {Create, Insert, Delete, Same, Set, Before}
    # Some notes begin with one text for all, others with two texts or three.
    assert births[1] >= 5
    assert births.total() - births[1] >= 5
