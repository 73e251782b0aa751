"""The benchmarks by name, in the order in which they run."""

from collections.abc import Callable, Iterator

from tests.benchmarks.codecs import codecs
from tests.benchmarks.disk import disk
from tests.benchmarks.editor import editor
from tests.benchmarks.growth import growth
from tests.benchmarks.importing import importing
from tests.benchmarks.inputs import Inputs
from tests.benchmarks.keys import keys
from tests.benchmarks.measure import Row
from tests.benchmarks.memory import memory
from tests.benchmarks.opening import opening
from tests.benchmarks.starting import starting
from tests.benchmarks.syncing import first_sync, no_op_sync
from tests.benchmarks.texts import jumping, merging, typing

Benchmark = Callable[[Inputs], Iterator[Row]]

BENCHMARKS: dict[str, Benchmark] = {
    "typing": typing,
    "jumping": jumping,
    "merging": merging,
    "opening": opening,
    "starting": starting,
    "codecs": codecs,
    "disk": disk,
    "importing": importing,
    "first-sync": first_sync,
    "no-op-sync": no_op_sync,
    "keys": keys,
    "editor": editor,
    "growth": growth,
    "memory": memory,
}


def summary(benchmark: Benchmark) -> str:
    """Return the first line of a benchmark's docstring."""
    return (benchmark.__doc__ or "").partition("\n")[0]
