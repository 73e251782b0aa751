"""Devices with their own keys, and records that they sign."""

from pathlib import Path

from crdtnotes.trust import records
from crdtnotes.trust.identity import Identity, own_identity
from crdtnotes.trust.records import (
    Add,
    Body,
    Found,
    Grant,
    Keep,
    Name,
    Record,
    Remark,
    Revoke,
    sign_record,
)
from crdtnotes.trust.roles import Role

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


def granted(
    who: Identity,
    by: Identity,
    role: Role,
    epoch: int = 1,
    by_epoch: int = 1,
    kept: tuple[Record, ...] = (),
    heads: tuple[tuple[int, int, bytes], ...] = (),
) -> Record:
    digests = tuple(record.digest for record in kept)
    body = Grant(VAULT, who.certificate, "granted", epoch, role, by.id, by_epoch, heads, digests)
    return sign_record(body, by)


def holding(
    who: Identity, by: Identity, heads: tuple[tuple[int, int, bytes], ...], by_epoch: int = 1
) -> Record:
    return sign_record(Keep(VAULT, who.id, by.id, by_epoch, heads), by)


def named(who: Identity, name: str, number: int = 1, epoch: int = 1) -> Record:
    return sign_record(Name(VAULT, who.id, epoch, number, 1000, name), who)


def remarked(
    about: Record, by: Identity, by_epoch: int = 1, kept: tuple[Record, ...] = (), time: int = 1000
) -> Record:
    digests = tuple(record.digest for record in kept)
    return sign_record(Remark(VAULT, about.digest, by.id, by_epoch, time, (), digests), by)


def unchecked(body: Body, by: Identity) -> bytes:
    """A record as a modified program signs it: nobody has checked it."""
    signed = records._encoder.encode(body)
    return records._encoder.encode((signed, by.sign(records._LABEL + signed)))
