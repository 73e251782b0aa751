"""The interface of a replica that a session uses."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

from crdtnotes.changes.batch import Batch
from crdtnotes.changes.messages import Heads

if TYPE_CHECKING:
    from crdtnotes.store.committed import Committed


class Received(Protocol):
    """The result of `SyncStore.receive`."""

    @property
    def version(self) -> dict[int, int]:
        """For each actor with changes in those batches, the highest seq among them.

        All of these changes are committed here, and the sender has them. The version must not include more:
        changes that it includes are not sent to the peer from which the batches came.
        """
        ...

    @property
    def changes(self) -> int:
        """How many of the changes were new here."""
        ...

    @property
    def newly_signed(self) -> bool:
        """Whether some changes that were here before are signed only now."""
        ...


class Devices(Protocol):
    """The devices of a vault: their records, and the stored contacts with them."""

    def records_digest(self) -> bytes:
        """Return a hash (16 bytes) of the set of records about devices; zeros for none."""
        ...

    def records(self) -> list[bytes]:
        """Return the records about devices, each after those that it needs."""
        ...

    def take_records(self, records: list[bytes], /) -> int:
        """Keep the records that are new here and signed by members; returns how many.

        Raises DecodeError if any of them is not a valid record.
        """
        ...

    def is_member(self, device: bytes, /) -> bool:
        """Tell whether the device with this id belongs to the vault now."""
        ...

    def check_streams(self, device: bytes, heads: Sequence[Heads], /) -> None:
        """Refuse signatures that came from a device and give it too many streams; raises ProtocolError."""
        ...

    def introduce(self) -> None:
        """Say in the records what this device is called, if it is a member and has not said so."""
        ...

    def certificates(self) -> dict[bytes, bytes]:
        """Return the certificates (DER) of the devices that belong to the vault now, by device id."""
        ...

    def note_contact(self, device: bytes, address: str | None, version: dict[int, int], /) -> None:
        """Store that a device is connected now, the version that it has, and where it was dialled."""
        ...


class Forks(Protocol):
    """The forks of a replica: streams of which two versions were found."""

    def hash_at(self, actor: int, seq: int, /) -> bytes | None:
        """Return the hash of an actor's chain at `seq`; None if it is not known here."""
        ...

    def rank(self, actor: int, seq: int, /) -> tuple[int, bytes] | None:
        """Return the time and the hash of a change; None if it is not here.

        Of two branches that begin under one number, the one of the smaller rank wins.
        """
        ...

    def missing_winners(self) -> Sequence[tuple[int, int, bytes]]:
        """Return, ascending, `(actor, seq, hash)` of the winners that come next in a stream but are not here.

        Such a winner moved because it depends on a branch that gave way, or it has not arrived yet.
        """
        ...

    def give_way(
        self, actor: int, first: int, winner: tuple[int, bytes], proof: Sequence[bytes | Heads] = (), /
    ) -> str:
        """Move this replica's branch of a stream, from `first` on, to other streams.

        Returns a sentence for the user. Afterwards the stream ends before `first`, and for that change only
        the version of the rank `winner` is accepted. If changes must be signed, `proof` must show that the
        stream's author has signed that version; raises NotSigned or Fork.
        """
        ...

    def proof(self, actor: int, first: int, /) -> Sequence[bytes | Heads]:
        """Return the proof of this replica's branch of a stream from `first` on; empty if it is not here."""
        ...


class Signatures(Protocol):
    """The signatures of a replica's changes."""

    @property
    def required(self) -> bool:
        """Whether the vault was paired, so that changes are accepted only with their signatures."""
        ...

    def unsigned_streams(self) -> dict[int, int]:
        """Return the streams with unsigned changes, each with the seq up to which it is signed."""
        ...

    def sign_waiting(self) -> None:
        """Sign the changes that this device wrote while its keys were locked."""
        ...

    def of_streams(self, streams: dict[int, int], /) -> Sequence[Heads]:
        """Return the signed heads of these streams up to at most the given seqs, in order."""
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

    def refresh(self) -> None:
        """Notice what other processes have committed; `on_commit` is told of it."""
        ...

    def version(self) -> dict[int, int]:
        """Return the version that is committed here, including other processes' commits."""
        ...

    def heads(self) -> dict[int, tuple[int, bytes]]:
        """Return the version with the 16-byte hash of each actor's chain at its head."""
        ...

    @property
    def epoch(self) -> int:
        """How often the log was rewritten because branches gave way."""
        ...

    def changes_since(self, version: dict[int, int], /) -> Iterator[bytes | Heads]:
        """Yield batches of the changes that are here at the time of the call and that `version` lacks.

        If changes must be signed, they come in groups, each ended by its signatures.

        The batches are read lazily, in pages, and come in causal order. `version` may name actors and changes
        that are not known here. Changes committed while the iterator is in use are left out, so that
        everything that a change depends on comes before it.
        """
        ...

    def open_batch(self, data: bytes, /) -> Batch:
        """Decode the envelope of a batch, for `receive`; raises DecodeError."""
        ...

    def receive(self, items: Sequence[bytes | Batch | Heads], /) -> Received:
        """Commit all these batches, with their signatures, in one transaction.

        Raises a RemoteError if any of them breaks a rule, a StoreError for a problem on this side; then
        none of them is stored.
        """
        ...

    def put_in_prepared(self) -> None:
        """Store the search index that another process built during a large sync, if there is one."""
        ...

    def close(self) -> None:
        """Close the file."""
        ...
