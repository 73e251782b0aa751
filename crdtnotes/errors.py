"""Every exception that crdtnotes raises on purpose.

::

    CrdtnotesError
    ├── LocalError             you called it wrong, or this machine cannot do it
    │   ├── InvalidName        (also a ValueError)
    │   ├── InvalidText        (also a ValueError)
    │   ├── TooLarge           (also a ValueError)
    │   ├── NeedsUpdate        of this crdtnotes, for one note
    │   ├── OutOfRange         (also an IndexError)
    │   ├── NoteExists
    │   ├── NoteNotFound       (also a KeyError)
    │   ├── NotLoopback
    │   ├── PortTaken
    │   ├── BadIdentity        this device's own keys
    │   │   └── KeysLocked     by a passphrase
    │   ├── WrongPassphrase
    │   ├── NotPaired          no such device belongs to the vault
    │   ├── NotPermitted       this device's role does not allow it
    │   ├── Unreachable        (also a ConnectionError)
    │   │   └── NotLetIn       somebody is there
    │   └── StoreError         the replica's file
    │       ├── VaultExists    (also a FileExistsError)
    │       ├── VaultNotFound  (also a FileNotFoundError)
    │       ├── NotAVault
    │       ├── NewerVault
    │       ├── ReadOnly       (also a PermissionError)
    │       ├── Busy           (also a TimeoutError)
    │       ├── DiskFull
    │       └── Damaged
    └── RemoteError            the other side sent something wrong
        ├── DecodeError        (also a ValueError)
        ├── InvalidChange      well-formed bytes that break a rule
        ├── Fork               one number in one actor's stream, two changes
        ├── MissingChanges     it depends on changes that are not here
        ├── NotSigned          no device that may has signed it
        ├── PairingFailed
        └── ProtocolError      a message out of turn or out of bounds
            ├── WrongVault
            ├── NotAMember
            └── VersionMismatch

``str(error)`` is one plain sentence for a person; nothing needs to be added to it.
"""


class CrdtnotesError(Exception):
    """A failure that crdtnotes foresaw; its text is one sentence for a person."""

    def __str__(self) -> str:
        # Some subclasses are also KeyErrors, whose own str() would put the sentence in quotes.
        return str(self.args[0]) if self.args else self.__class__.__name__


class LocalError(CrdtnotesError):
    """The call asked for something impossible, or this machine cannot do it."""


class InvalidName(LocalError, ValueError):
    """A note cannot have this name."""


class InvalidText(LocalError, ValueError):
    """This text cannot be stored as UTF-8 (it contains half of a surrogate pair)."""


class TooLarge(LocalError, ValueError):
    """A limit was exceeded; the sentence says which."""


class NeedsUpdate(LocalError):
    """A newer version of crdtnotes has edited this note in a way that this version does not know."""


class OutOfRange(LocalError, IndexError):
    """A position or length is outside the text."""


class NoteExists(LocalError):
    """A note with this name already exists."""


class NoteNotFound(LocalError, KeyError):
    """No note has this name, title or alias."""


class NotLoopback(LocalError):
    """Unencrypted connections are allowed only within this machine."""


class PortTaken(LocalError):
    """Another program is listening on this port."""


class BadIdentity(LocalError):
    """This device's own keys cannot be made or read."""


class KeysLocked(BadIdentity):
    """This device's own keys are locked, and this process does not have their passphrase.

    `certificate` is the device's certificate (DER), which nothing locks.
    """

    def __init__(self, sentence: str, certificate: bytes = b"") -> None:
        super().__init__(sentence)
        self.certificate = certificate


class WrongPassphrase(LocalError):
    """This is not the passphrase with which this device's own keys are locked."""


class NotPaired(LocalError):
    """No such device belongs to the vault."""


class NotPermitted(LocalError):
    """This device's role in the vault does not allow this."""


class Unreachable(LocalError, ConnectionError):
    """No peer answers at this address."""


class NotLetIn(Unreachable):
    """A peer answers but does not let this device in (or the network cuts encrypted connections)."""


class StoreError(LocalError):
    """The replica's file cannot be used as asked."""


class VaultExists(StoreError, FileExistsError):
    """There is already a file at the path of the new vault."""


class VaultNotFound(StoreError, FileNotFoundError):
    """There is no vault at this path."""


class NotAVault(StoreError):
    """The file at this path is not a crdtnotes replica."""


class NewerVault(StoreError):
    """The file was written by a newer version of crdtnotes; it is left untouched."""


class ReadOnly(StoreError, PermissionError):
    """The replica's file or folder cannot be written."""


class Busy(StoreError, TimeoutError):
    """Another process has kept the replica locked for too long."""


class DiskFull(StoreError):
    """There is no space left on the disk; nothing was written."""


class Damaged(StoreError):
    """The replica's file is damaged."""


class RemoteError(CrdtnotesError):
    """The other side sent something wrong; none of it was kept."""


class DecodeError(RemoteError, ValueError):
    """These bytes are not what they claim to be."""


class InvalidChange(RemoteError):
    """A well-formed change breaks a rule that all replicas enforce."""


class Fork(RemoteError):
    """Two different changes have the same number in one actor's stream: `actor` and `seq`, if known."""

    def __init__(self, sentence: str, actor: int = 0, seq: int = 0) -> None:
        super().__init__(sentence)
        self.actor = actor
        self.seq = seq


class MissingChanges(RemoteError):
    """A change arrived before a change that it depends on."""


class NotSigned(RemoteError):
    """A change lacks a signature by a device that may vouch for it."""


class ProtocolError(RemoteError):
    """A message came out of turn or is out of bounds."""


class PairingFailed(RemoteError):
    """The two devices could not authenticate each other."""


class NotAMember(ProtocolError):
    """The peer's device does not belong to the vault, or no longer does."""


class WrongVault(ProtocolError):
    """The peer has a different vault."""


class VersionMismatch(ProtocolError):
    """The two sides have no protocol version in common."""
