"""The peak memory of each side of a first sync."""

from collections.abc import Iterator

from crdtnotes import Vault
from crdtnotes.mirror.importer import import_folder
from tests.benchmarks.inputs import Inputs
from tests.benchmarks.measure import BYTES, Row
from tests.benchmarks.notes import make_notes
from tests.benchmarks.processes import child, serving


def memory(inputs: Inputs) -> Iterator[Row]:
    """Peak resident memory of the processes that serve, clone, and index the clone."""
    sizes = inputs.sizes
    folder, source = inputs.place("notes"), inputs.place("memory.vault")
    make_notes(folder, sizes.memory_notes, sizes.memory_note_bytes)
    with Vault.create(source) as vault:
        import_folder(vault, folder)
        vault.replica.flush_index()
    with serving(source) as (address, server), child("clone", address, inputs.place("clone.vault")) as clone:
        cloned = clone.read()
        clone.end()
        [served] = server.end()
    case = f"{sizes.memory_notes:,} notes of {sizes.memory_note_bytes / 1000:g} KB"
    yield Row("memory", f"{case}: the process that clones", BYTES, float(cloned["peak"]))
    yield Row("memory", f"{case}: the process that indexes beside it", BYTES, float(cloned["helpers_peak"]))
    yield Row("memory", f"{case}: the process that serves", BYTES, float(served["peak"]))
