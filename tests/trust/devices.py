"""Devices with their own keys, and records that they sign."""

from pathlib import Path

from crdtnotes.trust.identity import Identity, own_identity
from crdtnotes.trust.records import Add, Found, Record, Revoke, sign_record

VAULT = bytes(range(16))


def device(folder: Path, name: str) -> Identity:
    return own_identity(folder / name)


def founded(by: Identity, name: str = "founder", vault: bytes = VAULT) -> Record:
    return sign_record(Found(vault, by.certificate, name, ()), by)


def added(
    who: Identity, by: Identity, name: str = "added", epoch: int = 1, by_epoch: int = 1, vault: bytes = VAULT
) -> Record:
    return sign_record(Add(vault, who.certificate, name, epoch, by.id, by_epoch), by)


def revoked(
    who: Identity, by: Identity, epoch: int = 1, by_epoch: int = 1, kept: tuple[Record, ...] = ()
) -> Record:
    digests = tuple(record.digest for record in kept)
    return sign_record(Revoke(VAULT, who.id, epoch, by.id, by_epoch, (), digests), by)
