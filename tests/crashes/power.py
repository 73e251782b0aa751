"""Cut the power at every point of a recorded run: `python -m tests.crashes.power --seed S`.

The run is real: the store's code, this Python's SQLite, and every write, sync, truncation and change of a
name that it requested from the system (recording.py). For each point, and for several choices of the unsynced
data that a disk may have kept (disk.py), the files are written out and opened again:
    - every acknowledged commit is in the log, with its number and its hash
    - `check` finds no problem
    - a vault or backup that was reported as made is there
"""

import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from random import Random

import click
from rich.console import Console

from crdtnotes.vault import Vault
from tests.crashes import powered, recording
from tests.crashes.children import RECORD, Ack
from tests.crashes.disk import Chance, Disk
from tests.crashes.recording import Call
from tests.vaults import fast

MEMORY = Path("/dev/shm")
"""The folder for the files, if it exists: nothing here depends on the machine's own disk."""


@dataclass
class Tally:
    """The number of power cuts, and the findings."""

    calls: int = 0
    cuts: int = 0
    """Points times choices."""
    layouts: int = 0
    """Distinct disk contents among them; each was opened and checked."""
    rolled_back: int = 0
    acknowledged: int = 0
    seen: set[bytes] = field(default_factory=set)

    def __str__(self) -> str:
        return (
            f"{self.cuts:,} power cuts in {self.calls:,} calls left {self.layouts:,} different disks "
            f"({self.rolled_back:,} with a commit to roll back); "
            f"all {self.acknowledged:,} acknowledged commits were there each time"
        )


def choices(random: Random, count: int) -> list[Chance]:
    """Return ways in which a disk may have kept unsynced data: nothing, everything, and parts."""
    some: list[Chance] = [lambda: False, lambda: True]
    for _ in range(count):
        share = random.choice((0.1, 0.5, 0.9))
        some.append(lambda share=share: random.random() < share)  # type: ignore[misc]
    return some


def tries_every_choice(calls: list[Call], number: int) -> bool:
    """Whether to try every choice after a call; not between the writes of one burst, where few differ."""
    return calls[number].kind != "W" or calls[min(number + 1, len(calls) - 1)].kind != "W"


def replay(
    calls: list[Call],
    below: Path,
    scratch: Path,
    random: Random,
    parts: int,
    show: Callable[[int], None] = lambda _: None,
) -> Tally:
    """Cut the power after each of these calls, in one or `parts` + 2 ways; fails if something is lost."""
    tally = Tally(calls=len(calls))
    disk = Disk(below)
    acks: list[Ack] = []
    marks = -1
    for number, call in enumerate(calls):
        show(number)
        if call.kind == "O" and call.paths == [str(below / powered.MARKS)]:
            marks = call.handle
        elif call.handle == marks and call.kind in "WC":
            acks += [Ack(*record) for record in RECORD.iter_unpack(call.data)]
            continue
        elif not disk.do(call):
            continue
        possible = choices(random, parts)
        for chance in possible if tries_every_choice(calls, number) else [random.choice(possible)]:
            tally.cuts += 1
            files = disk.after_the_cut(chance)
            files.pop(str(below / powered.MARKS), None)
            if _is_new(files, len(acks), tally):
                try:
                    _open_again(files, below, scratch, acks, tally)
                except BaseException as error:
                    error.add_note(f"the power was cut after call {number}")
                    raise
    tally.acknowledged = sum(ack.actor > 0 for ack in acks)
    return tally


def _is_new(files: dict[str, bytes], acknowledged: int, tally: Tally) -> bool:
    digester = blake2b(acknowledged.to_bytes(4, "big"), digest_size=16)
    for path, content in sorted(files.items()):
        digester.update(f"{path}\0{len(content)}\0".encode() + content)
    seen = digester.digest() in tally.seen
    tally.seen.add(digester.digest())
    tally.layouts += not seen
    return not seen


def _open_again(files: dict[str, bytes], below: Path, scratch: Path, acks: list[Ack], tally: Tally) -> None:
    for old in scratch.iterdir():
        old.unlink()
    for path, content in files.items():
        (scratch / Path(path).relative_to(below)).write_bytes(content)
    tally.rolled_back += bool(files.get(str(below / f"{powered.VAULT}-journal")))
    if not acks:
        return  # nothing was acknowledged yet
    with Vault.open(scratch / powered.VAULT) as vault:
        fast(vault)
        for ack in acks:
            if ack.actor and ack.seq:
                assert vault.replica.forks.hash_at(ack.actor, ack.seq) == ack.hash, f"lost: {ack}"
        problems = vault.check()
        assert not problems, problems
    if powered.BACKED_UP in acks:
        with Vault.open(scratch / powered.BACKUP) as backup:
            assert backup.check() == []


def run(
    seed: int,
    edits: int,
    parts: int,
    folder: Path,
    show: Callable[[int], None] = lambda _: None,
    *,
    program: Sequence[str] = ("-m", "tests.crashes.powered"),
) -> Tally:
    """Record a run of this many edits and cut its power at every call; `program` is given the arguments."""
    below, scratch = folder / "run", folder / "again"
    below.mkdir()
    scratch.mkdir()
    calls = recording.record([*program, str(below), f"{seed}", f"{edits}"], below, folder)
    return replay(calls, below, scratch, Random(seed), parts, show)


def scratch_folder() -> str | None:
    """Return the folder for the files, or None for the system's default."""
    return str(MEMORY) if MEMORY.is_dir() else None


@click.command()
@click.option(
    "--seed", type=int, default=0, show_default=True, help="Determines the edits and the lost data."
)
@click.option("--edits", type=click.IntRange(1), default=20, show_default=True)
@click.option("--parts", type=int, default=4, show_default=True, help="Random choices for each point.")
def main(seed: int, edits: int, parts: int) -> None:
    """Cut the power at every point of a run; fail if anything acknowledged is lost."""
    reason = recording.why_not()
    if reason is not None:
        raise click.ClickException(f"{reason}.")
    began = time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="crdtnotes-power-", dir=scratch_folder()) as folder,
        Console(stderr=True).status("") as status,
    ):
        tally = run(seed, edits, parts, Path(folder), lambda at: status.update(f"after call {at:,}"))
    click.echo(f"seed {seed}: {tally}; {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    sys.exit(main())
