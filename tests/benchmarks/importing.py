"""Importing a folder of Markdown files."""

from collections.abc import Iterator

from crdtnotes import Vault
from crdtnotes.mirror.importer import import_folder
from tests.benchmarks import peers
from tests.benchmarks.inputs import Inputs
from tests.benchmarks.measure import SECONDS, Row, in_turn, timed

_LARGE = 5_000_000


def importing(inputs: Inputs) -> Iterator[Row]:
    """Import of a folder, durable and with its link graph; obsidiantools only builds the graph."""
    folder = inputs.notes_folder
    module = peers.obsidiantools()
    indexed: list[float] = []

    def ours() -> float:
        path = inputs.place("import.vault")
        with Vault.create(path) as vault:
            seconds = timed(lambda: import_folder(vault, folder))
            indexed.append(timed(vault.replica.flush_index))
        path.unlink()
        return seconds

    def theirs() -> float:
        return timed(lambda: module.Vault(folder).connect(show_nested_tags=False))

    # obsidiantools takes minutes for a large folder: then use one round without a warm-up.
    large = inputs.markdown_bytes > _LARGE
    peer = None if module is None else theirs
    pair = in_turn(ours, peer, 1 if large else inputs.few, warm_up=not large)
    reached = None if pair.ratio is None else pair.ratio <= 0.05
    count = len(inputs.markdown_files)
    yield Row(
        "importing",
        f"{count:,} notes, {inputs.markdown_bytes / 1e6:.1f} MB",
        SECONDS,
        pair.ours,
        pair.peer,
        pair.ratio,
        "obsidiantools",
        "≤ 0.05×",
        reached,
    )
    yield Row("importing", "… and then the search index", SECONDS, sorted(indexed)[len(indexed) // 2])

    def again() -> float:
        with Vault.open(path) as vault:
            return timed(lambda: import_folder(vault, folder))

    path = inputs.place("again.vault")
    with Vault.create(path) as vault:
        import_folder(vault, folder)
    yield Row("importing", "the same folder again, nothing changed", SECONDS, in_turn(again, None, 1).ours)
