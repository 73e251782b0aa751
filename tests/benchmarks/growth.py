"""How the cost of one small action grows with the notes, a note's history, and the devices."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from statistics import median

from crdtnotes import Vault
from crdtnotes.mirror.importer import import_folder
from tests.benchmarks.histories import CHANGE, NOTE, type_history, with_authors
from tests.benchmarks.inputs import Inputs
from tests.benchmarks.measure import BYTES, SECONDS, Row, timed
from tests.benchmarks.notes import make_notes
from tests.benchmarks.syncing import sync_nothing

FLAT = 1.5
"""A cost that grows by less than this factor from the smallest to the largest size is flat but for noise."""


_EACH = 5
"""How often each action is done in a round."""


def growth(inputs: Inputs) -> Iterator[Row]:
    """Costs at the largest size beside those at the smallest; `details` has all sizes."""
    sizes = inputs.sizes
    yield from _compare(inputs, "notes", sizes.growth_notes, lambda count: _many_notes(inputs, count))
    yield from _compare(
        inputs, "changes behind a note", sizes.growth_changes, lambda count: _long_past(inputs, count)
    )
    yield from _compare(inputs, "devices", sizes.growth_actors, lambda count: _many_authors(inputs, count))


def _many_notes(inputs: Inputs, count: int) -> tuple[Path, str]:
    folder, path = inputs.place("notes"), inputs.place("notes.vault")
    make_notes(folder, count, inputs.sizes.note_bytes)
    with Vault.create(path) as vault:
        import_folder(vault, folder)
        vault.replica.flush_index()
        return path, vault.create_note(NOTE, "A note to type in. " * 100).name


def _long_past(inputs: Inputs, count: int) -> tuple[Path, str]:
    path = inputs.place("past.vault")
    patches = inputs.longest_trace.patches[: count * CHANGE]
    type_history(path, patches)
    return path, NOTE


def _many_authors(inputs: Inputs, count: int) -> tuple[Path, str]:
    path = inputs.place("authors.vault")
    with_authors(path, count)
    with Vault.open(path) as vault:
        return path, vault.create_note(NOTE, "A note to type in. " * 100).name


def _compare(
    inputs: Inputs, what: str, sizes: Sequence[int], make: Callable[[int], tuple[Path, str]]
) -> Iterator[Row]:
    made = [make(size) for size in sizes]
    # All sizes in turn, so that other load on the machine affects all alike; the first round is a warm-up.
    rounds = [[_costs(inputs, *vault) for vault in made] for _ in range(inputs.runs + 1)][1:]
    for cost in rounds[0][0]:
        unit = BYTES if cost.endswith("bytes") else SECONDS
        values = [median(costs[cost] for costs in column) for column in zip(*rounds, strict=True)]
        ratio = median(costs[-1][cost] / costs[0][cost] for costs in rounds)
        yield Row(
            "growth",
            f"{cost}: {sizes[-1]:,} {what}, against {sizes[0]:,}",
            unit,
            values[-1],
            values[0],
            ratio,
            f"{sizes[0]:,}:",
            "flat",
            ratio <= FLAT,
            {f"{size}_{unit}": value for size, value in zip(sizes, values, strict=True)},
        )


def _costs(inputs: Inputs, path: Path, name: str) -> dict[str, float]:
    """Return the cost of each action in this vault; medians of a few runs."""
    opens = [timed(partial(_open, path, name)) for _ in range(_EACH)]
    with Vault.open(path) as vault:
        note = vault.note(name)
        note.insert(10, "k")  # the first edit also decodes the note
        keys = [timed(partial(note.insert, 10, "k")) for _ in range(_EACH)]
        text, count = f"With a [[{NOTE}]] in it.", len(vault)
        news = [timed(partial(vault.create_note, f"{count + n}th", text)) for n in range(_EACH)]
        vault.replica.flush_index()
    spare = inputs.place("copy.vault")
    seconds, summary = sync_nothing(path, _EACH, spare)
    spare.unlink()
    return {
        "one edit": median(keys),
        "opening and reading": median(opens),
        "one more note": median(news),
        "no-op sync": seconds,
        "no-op sync, bytes": float(summary.bytes_received + summary.bytes_sent),
    }


def _open(path: Path, name: str) -> str:
    with Vault.open(path) as vault:
        return vault.note(name).text
