"""The number of random cases in a run of the test suite: `pytest --share quick|usual|full`.

`quick` leaves out what searches for rare faults and what takes long, `usual` runs some cases of each, `full`
runs all. The programs named in those folders' docstrings run even more.

A test that takes one of the names in `counts` as an argument runs once for each number below its count; the
fixture `share` gives the other numbers.
"""

import os
from dataclasses import dataclass
from pathlib import Path

TESTS = Path(__file__).resolve().parent

WORKERS = (os.cpu_count() or 1) + 1
"""Processes that run tests at once: one more than there are cores, as tests also wait for other processes."""

RARE = ("crashes", "fuzz", "simulation")
"""Folders that kill processes, cut the power, flip bits, fill disks, send invalid data, simulate worlds."""

LONG = ("benchmarks/test_benchmarks.py", "sync/test_lan.py")
"""Files that run every benchmark once, and whole devices in networks of their own."""

PLAIN_ALWAYS = ("benchmarks", "cli", "crashes", "graph", "markup", "mirror", "trust", "tui")
"""Folders that no run on the compiled data types plays: they hardly use those types, or only through the
store, whose own tests run. The state after a crash does not depend on a compiled class.
"""

PLAIN_UNLESS_FULL = ("sync",)
"""Folders that only the full run plays on the compiled data types."""


@dataclass(frozen=True, slots=True)
class Share:
    """The size of a run.

    `examples` is the number of inputs that Hypothesis tries for a property without a number of its own.
    `history_chunks` chunks of `tests.crdt.test_random_histories.HISTORIES` histories are compared with the
    model.
    `world_chunks` chunks of `tests.simulation.test_simulation.SEEDS` worlds are simulated. For each seed,
    `kills` processes are killed and `power_edits` edits are cut off. `terminal_rounds` rounds of random bytes
    are played to editors. `frames` mutated frames are sent. In each page of a file `flipped_bits` bits are
    flipped, and half as many in its first hundred bytes, one at a time. Two people use a list of tasks for
    `list_days` days, and three people make `renames` renames.
    """

    name: str
    left_out: tuple[str, ...]
    examples: int
    schedules: int
    lagging_schedules: int
    forks: int
    key_runs: int
    history_chunks: int
    world_chunks: int
    kills: int
    power_edits: int
    terminal_rounds: int
    frames: int
    flipped_bits: int
    list_days: int
    renames: int

    @property
    def counts(self) -> dict[str, int]:
        """The number of runs of a test that takes one of these arguments."""
        return {
            "schedule_seed": self.schedules,
            "lagging_seed": self.lagging_schedules,
            "forks_seed": self.forks,
            "keys_seed": self.key_runs,
            "histories_chunk": self.history_chunks,
            "worlds_chunk": self.world_chunks,
            "terminal_seed": self.terminal_rounds,
        }


SHARES = {
    share.name: share
    for share in (
        Share(
            "quick",
            left_out=RARE + LONG,
            examples=30,
            schedules=25,
            lagging_schedules=5,
            forks=2,
            key_runs=1,
            history_chunks=5,
            world_chunks=0,
            kills=0,
            power_edits=0,
            terminal_rounds=0,
            frames=0,
            flipped_bits=1,
            list_days=15,
            renames=20,
        ),
        Share(
            "usual",
            left_out=(),
            examples=50,
            schedules=40,
            lagging_schedules=8,
            forks=2,
            key_runs=1,
            history_chunks=10,
            world_chunks=1,
            kills=40,
            power_edits=4,
            terminal_rounds=0,
            frames=3000,
            flipped_bits=2,
            list_days=40,
            renames=60,
        ),
        Share(
            "full",
            left_out=(),
            examples=100,
            schedules=150,
            lagging_schedules=30,
            forks=8,
            key_runs=4,
            history_chunks=250,
            world_chunks=3,
            kills=200,
            power_edits=12,
            terminal_rounds=0,
            frames=20_000,
            flipped_bits=8,
            list_days=365,
            renames=200,
        ),
    )
}


def is_left_out(path: Path, share: Share, *, compiled: bool) -> bool:
    """Return whether a run skips a file or folder; `compiled`: it runs on the compiled data types."""
    path = path.resolve()
    if not path.is_relative_to(TESTS) or path == TESTS:
        return False
    left_out = share.left_out
    if compiled:
        left_out += PLAIN_ALWAYS + (() if share.name == "full" else PLAIN_UNLESS_FULL)
    return any(path.is_relative_to(TESTS / name) for name in left_out)
