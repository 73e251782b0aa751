"""Encoding and decoding of snapshots and changes."""

from collections.abc import Iterator
from functools import partial

from crdtnotes import Vault
from crdtnotes.changes import snapshot
from crdtnotes.changes.batch import changes_in
from crdtnotes.changes.codec import decode, encode
from crdtnotes.store.views.documents import Document
from tests.benchmarks import peers
from tests.benchmarks.histories import NOTE, imported_vault, typed_vault
from tests.benchmarks.inputs import Inputs
from tests.benchmarks.measure import BYTES, PER_SECOND, SECONDS, Row, Timed, in_turn, timed


def codecs(inputs: Inputs) -> Iterator[Row]:
    """Snapshots of a long note, and changes of two kinds, to bytes and back."""
    with Vault.open(typed_vault(inputs)) as vault:
        yield from _snapshots(inputs, _document(vault))
        yield from _changes(inputs, vault, "changes of 5 edits")
    with Vault.open(imported_vault(inputs)) as vault:
        yield from _changes(inputs, vault, "changes that create a note")


def _document(vault: Vault) -> Document:
    document = vault.replica.documents.open(bytes.fromhex(vault.note(NOTE).id))
    if document is None:
        raise LookupError(NOTE)
    return document


def _snapshots(inputs: Inputs, document: Document) -> Iterator[Row]:
    state = document.state
    text = str(state.text)
    data = snapshot.dump(state)
    own, size = len(data) + len(text.encode()), None
    dump: Timed | None = None
    load: Timed | None = None
    loro = peers.loro()
    if loro is not None:
        typed = peers.typed_loro(loro, inputs.longest_trace.patches)
        bytes_ = typed.export(loro.ExportMode.Snapshot())
        size = len(bytes_)
        dump = partial(timed, lambda: typed.export(loro.ExportMode.Snapshot()))
        load = partial(timed, lambda: loro.LoroDoc().import_(bytes_))
    pair = in_turn(lambda: timed(lambda: snapshot.dump(state)), dump, inputs.runs)
    yield Row("codecs", "a long note's snapshot made", SECONDS, pair.ours, pair.peer, pair.ratio, "Loro")
    pair = in_turn(lambda: timed(lambda: snapshot.load(data, text)), load, inputs.runs)
    yield Row("codecs", "… and read", SECONDS, pair.ours, pair.peer, pair.ratio, "Loro")
    ratio = None if size is None else own / size
    yield Row("codecs", "… its bytes with the text (Loro: and history)", BYTES, own, size, ratio, "Loro")


def _changes(inputs: Inputs, vault: Vault, what: str) -> Iterator[Row]:
    datas = [data for batch in vault.changes_since({}) for data in changes_in(batch)]
    changes = [decode(data) for data in datas]
    size = sum(map(len, datas))
    for verb, action in (
        ("encoded", lambda: [encode(change) for change in changes]),
        ("decoded and checked", lambda: [decode(data) for data in datas]),
    ):
        seconds = in_turn(partial(timed, action), None, inputs.runs).ours
        details = {"bytes_per_change": size / len(datas), "bytes_per_s": size / seconds}
        yield Row("codecs", f"{what}, {verb}", PER_SECOND, len(datas) / seconds, details=details)
