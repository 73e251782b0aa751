"""What a session needs of a replica."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

from crdtnotes.changes.batch import Batch
from crdtnotes.changes.messages import Heads

if TYPE_CHECKING:
    from crdtnotes.store.committed import Committed


class Received(Protocol):
    """What became of the batches given to `Replica.receive`."""

    @property
    def version(self) -> dict[int, int]:
        """For each actor with changes in those batches, the highest seq among them.

        All of it is committed here, and the sender has it. Not more may be named: what the version
        covers is not sent to where the batches came from.
        """
        ...

    @property
    def changes(self) -> int:
        """How many of the changes were new here."""
        ...

    @property
    def covered(self) -> bool:
        """Whether something that was here before is covered only now."""
        ...


class Devices(Protocol):
    """Who belongs to a vault, and what is known of each device."""

    def records_digest(self) -> bytes:
        """Return a hash (16 bytes) of the set of records about devices; zeros for none."""
        ...

    def records(self) -> list[bytes]:
        """Return the records about devices, each after its signer's."""
        ...

    def take_records(self, records: list[bytes], /) -> int:
        """Keep what is new here and signed by members; returns how many. Raises DecodeError for what is no
        record.
        """
        ...

    def is_member(self, device: bytes, /) -> bool:
        """Tell whether the device with this id belongs to the vault now."""
        ...

    def certificates(self) -> dict[bytes, bytes]:
        """Return the certificates (DER) of the devices that belong to the vault now, by device id."""
        ...

    def note_contact(self, device: bytes, address: str | None, version: dict[int, int], /) -> None:
        """Remember that a device is here now and what it has, and where it was dialled."""
        ...


class Forks(Protocol):
    """The forks of a replica: streams of which two versions were found."""

    def hash_at(self, actor: int, seq: int, /) -> bytes | None:
        """Return the hash of an actor's chain at `seq`; None if it is not known here."""
        ...

    def rank(self, actor: int, seq: int, /) -> tuple[int, bytes] | None:
        """Return the time and the hash of a change; None if it is not here.

        Of two branches that begin under one number, the one of the smaller rank stands.
        """
        ...

    def missing_winners(self) -> Sequence[tuple[int, int, bytes]]:
        """Return, ascending, `(actor, seq, hash)` of what stands next in a stream here, and is not here.

        Such a version gave way to none, but moved because of what it builds on, or it is yet to come.
        """
        ...

    def give_way(
        self, actor: int, first: int, standing: tuple[int, bytes], proof: Sequence[bytes | Heads] = (), /
    ) -> str:
        """Write this replica's branch of a stream, from `first` on, again in other streams.

        Returns a sentence for a person. Afterwards the stream ends before `first`, and of that change
        only the version of the rank `standing` is taken in. Where changes have to be covered, `proof` must
        show that the stream's author has signed that one; raises NotCovered or Fork.
        """
        ...

    def proof(self, actor: int, first: int, /) -> Sequence[bytes | Heads]:
        """Return what proves this replica's branch of a stream from `first` on; nothing if it is not here."""
        ...


class Signatures(Protocol):
    """The signatures of a replica's changes."""

    @property
    def required(self) -> bool:
        """Whether changes are taken in only with the signatures that cover them."""
        ...

    def unsigned_streams(self) -> dict[int, int]:
        """Return the streams of which not all is covered here, with the seq up to which it is."""
        ...

    def of_streams(self, streams: dict[int, int], /) -> Sequence[Heads]:
        """Return what covers these streams up to at most the seqs that are given, in order."""
        ...


class SyncStore(Protocol):
    """One peer's full copy of a vault. All calls come from one thread."""

    on_commit: "Callable[[Committed], None]"
    """Called after each commit to the replica, and when commits of other processes are noticed."""

    @property
    def vault_id(self) -> bytes:
        """The vault's id, 16 bytes."""
        ...

    @property
    def device(self) -> str:
        """The name under which peers show this device."""
        ...

    @property
    def devices(self) -> Devices:
        """The devices of the vault."""
        ...

    @property
    def forks(self) -> Forks:
        """The forks of the replica."""
        ...

    @property
    def signatures(self) -> Signatures:
        """The signatures of the changes."""
        ...

    def look(self) -> None:
        """Notice what other processes have committed; `on_commit` is told of it."""
        ...

    def version(self) -> dict[int, int]:
        """Return what is committed here, with other processes' commits."""
        ...

    def heads(self) -> dict[int, tuple[int, bytes]]:
        """Return the version with the 16-byte hash of each actor's chain at its head."""
        ...

    @property
    def epoch(self) -> int:
        """How often streams were written anew because branches gave way."""
        ...

    def changes_since(self, version: dict[int, int], /) -> Iterator[bytes | Heads]:
        """Yield batches of the changes that are here at the time of the call and that `version` lacks.

        Where changes have to be covered, they come in groups, each ended by what covers it.

        They come lazily, read in pages, and in causal order. `version` may name actors and changes that
        are not known here. What is committed while the iterator is in use is left out, so that
        everything a change depends on comes before it.
        """
        ...

    def open_batch(self, data: bytes, /) -> Batch:
        """Decode the envelope of a batch, for `receive`; raises DecodeError."""
        ...

    def receive(self, items: Sequence[bytes | Batch | Heads], /) -> Received:
        """Commit all these batches, with what covers them, in one transaction.

        Raises a RemoteError for what breaks a rule, a StoreError for trouble on this side; then nothing
        of them is kept.
        """
        ...

    def put_in_prepared(self) -> None:
        """Finish what other processes were given to do while much came in; mostly there is nothing."""
        ...

    def close(self) -> None:
        """Close the file."""
        ...
