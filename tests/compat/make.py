"""Makes the files in v0_1: vaults, a bundle, an exported folder and recorded meetings of version 0.1.

Run it with the interpreter of a checkout of version 0.1 (commit 10f998d):

    .venv/bin/python …/tests/compat/make.py OUTDIR

Every run makes the same files: the clock, everything random and the keys of the devices are fixed. Internal
modules are loaded by name, since they have other names in later versions.
"""

import base64
import json
import lzma
import os
import random
import secrets
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timezone
from importlib import import_module
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from crdtnotes import Vault

VAULT = "5e" * 16
QUERIES = ("分布式", "consistency", '"一致性"', "nowhere")

NOTES = {
    "zh/分布式系统": "---\naliases: [分布式, Distributed]\ntags: [理论, cs/distributed]\n---\n"
    "# 分布式系统\n\n见 [[CAP定理]]、[[共识算法|共识]] 与 ![[图#一]]。\n",
    "CAP定理": "# CAP定理\n\n一致性、可用性、分区容忍性，三者取二。#理论\n\n回到[[分布式]]。\n",
    "en/Consistency": "# Consistency\n\nCausal consistency; see [[Distributed]] and [[CAP定理#三者|CAP]].\n"
    "Café, e\u0301, 👩‍💻, \u2028 and a `[[no link]]`.\n",
    "en/Draft": "This note gets another name: [[en/Consistency]].\n",
    "Index": "- [[en/Draft]]\n- [[zh/分布式系统]]\n- [[Nobody]]\n",
    "Gone": "This note is deleted. [[Index]]\n",
    "templates/daily": "# {{title}}\n\n- [ ] {{date}}\n",
    "empty": "",
}


def described(vault: Vault) -> dict[str, Any]:
    """Return what a vault says about itself, as JSON has it."""
    notes = {}
    for info in vault.notes():
        note = vault.note(info.name)
        notes[info.name] = {
            "id": note.id,
            "text": note.text,
            "modified": info.modified,
            "links": [[link.kind, link.target, link.note, link.count] for link in note.links()],
            "backlinks": [[link.note, link.line, link.kind] for link in note.backlinks()],
        }
    return {
        "vault": vault.id,
        "device": vault.device,
        "digest": vault.digest,
        "version": vault.version,
        "notes": notes,
        "names": [[one.name, list(one.aliases), sorted(one.former)] for one in vault.names()],
        "tags": [list(tag) for tag in vault.tags()],
        "orphans": [info.name for info in vault.orphans()],
        "dangling": [[one.target, list(one.notes)] for one in vault.dangling()],
        "found": {query: [hit.note for hit in vault.search(query)] for query in QUERIES},
        "peers": [list(peer) for peer in vault.peers()],
    }


class Maker:
    """Makes the files in `out`, with the folder `work` for what is open meanwhile."""

    def __init__(self, out: Path, work: Path) -> None:
        self.out, self.work = out, work
        self.expected: dict[str, Any] = {}
        self.meetings: dict[str, Any] = {}
        self.deleted = ""

    def everything(self) -> None:
        with self._plain() as vault:
            self._deliver(vault, "plain")
            self.expected["deleted"] = {"id": self.deleted, "text": NOTES["Gone"]}
            self._export(vault)
            self._meet("a clone", [(vault, "plain"), (self._empty("clone", vault), None)])
            self._meet("an empty host", [(self._empty("new", vault), None), (vault, "plain")])
        with self._paired() as (ana, bo):
            self._deliver(ana, "ana")
            self._deliver(bo, "bo")
            self._bundle(ana, bo)
            self._meet("paired", [(ana, "ana"), (bo, "bo")])
        with self._joined() as (founder, joined):
            self._deliver(founder, "founder")
            self._deliver(joined, "joined")
            self._meet("signatures to come", [(founder, "founder"), (joined, "joined")])
        with self._forked() as (one, two):
            self._deliver(one, "fork-1")
            self._deliver(two, "fork-2")
            self._meet("a fork", [(one, "fork-1"), (two, "fork-2")], times=3)
        with self._paired_fork() as (one, two):
            self._deliver(one, "ana-fork-1")
            self._deliver(two, "ana-fork-2")
            self._meet("a paired fork", [(one, "ana-fork-1"), (two, "ana-fork-2")], times=3)
        _write_json(self.out / "expected.json", self.expected)
        _write_json(self.out / "meetings.json", self.meetings)

    # -- vaults

    @contextmanager
    def _plain(self) -> Iterator[Vault]:
        """A vault that was never paired, merged from two replicas, packed and recompressed."""
        with ExitStack() as stack:
            here = stack.enter_context(Vault.create(self.work / "plain.db", "laptop", VAULT))
            other = stack.enter_context(Vault.create(self.work / "other.db", "old laptop", VAULT))
            for name, text in NOTES.items():
                here.create_note(name, text)
            for number in range(12):
                here.create_note(
                    f"log/{number:02}", f"# Log {number}\n\n见 [[Index]] #log/{number % 3}\n" * 24
                )
            _exchange(here, other)
            for number in range(200):
                note = here.note("CAP定理")
                note.insert(len(note.text) - number % 7, "字 word，。"[number % 7])
            here.note("en/Draft").rename("en/Finished")
            self.deleted = here.note("Gone").id
            here.note("Gone").remove()
            other.note("CAP定理").write(other.note("CAP定理").text.replace("三者取二", "三者只能取其二"))
            other.note("en/Draft").append("Written meanwhile. #later")
            other.note("log/00").remove()
            here.note("log/00").append("An edit brings it back.")
            here.create_note("Both", "begun here\n")
            other.create_note("both", "begun there\n")
            _exchange(here, other)
            here.search("begun")
            here.remember_peer("old laptop", "ws://127.0.0.1:4821")
            here.compact()
            if not import_module("crdtnotes.store.dictionaries").condense(here.replica, worth=0):
                raise SystemExit("The plain vault got no dictionary.")
            here.replica.conn.execute("VACUUM")
            for table in ("blocks", "dictionaries"):
                if here.replica.conn.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,):
                    raise SystemExit(f"The plain vault has no {table}.")
            yield here

    @contextmanager
    def _paired(self) -> Iterator[tuple[Vault, Vault]]:
        """Two devices that were in step once; each has written since, and one has paired with a third."""
        with ExitStack() as stack:
            ana = stack.enter_context(self._device("ana", "ana"))
            ana.create_note("旧/before", "Written before the pairing. [[after]]\n")
            bo = stack.enter_context(self._device("bo", "bo", ana.id))
            _pair(ana, bo)
            ana.create_note("after", "Written after it. #paired\n")
            _meeting(ana, bo)
            cem = stack.enter_context(self._device("cem", "cem", ana.id))
            _pair(ana, cem)
            for number in range(100):
                bo.note("after").insert(number, "笔记"[number % 2])
            bo.create_note("from bo", "[[旧/before]]\n")
            ana.note("after").append("by ana")
            ana.note("旧/before").rename("旧/newer")
            bo.compact()
            yield ana, bo

    @contextmanager
    def _joined(self) -> Iterator[tuple[Vault, Vault]]:
        """A founder, and a device that joins with changes for which it has no signatures yet."""
        with ExitStack() as stack:
            founder = stack.enter_context(self._device("founder", "ana"))
            joined = stack.enter_context(self._device("joined", "bo", founder.id))
            founder.create_note("旧", "Both have this before they are paired.\n")
            _exchange(founder, joined)
            _pair(founder, joined)
            joined.note("旧").append("Written by the one that joins.")
            yield founder, joined

    @contextmanager
    def _forked(self) -> Iterator[tuple[Vault, Vault]]:
        """A vault, and a friend's replica that has built on what a copy of it has written in its name."""
        with ExitStack() as stack:
            one = stack.enter_context(Vault.create(self.work / "fork-1.db", "one"))
            one.create_note("系统", "begin\n")
            two = stack.enter_context(self._copy(one, "copy"))
            _part(one, two)
            friend = stack.enter_context(self._empty("friend", one))
            _exchange(two, friend)
            friend.note("第二").append("A friend builds on it.")
            yield one, friend

    @contextmanager
    def _paired_fork(self) -> Iterator[tuple[Vault, Vault]]:
        """A paired vault and its copy, both of which have gone on with the same stream."""
        with self._device("ana-fork-1", "ana") as one, self._device("bo-fork", "bo", one.id) as bo:
            _pair(one, bo)
            one.create_note("系统", "begin\n")
            with self._copy(one, "ana-fork-2", _identity(self.out, "ana")) as two:
                _part(one, two)
                yield one, two

    def _device(self, file: str, name: str, vault: str | None = None) -> Vault:
        Vault.create(self.work / f"{file}.db", name, vault).close()
        return Vault.open(self.work / f"{file}.db", identity=_identity(self.out, name))

    def _empty(self, device: str, vault: Vault) -> Vault:
        return Vault.create(self.work / f"{device}.db", device, vault.id)

    def _copy(self, vault: Vault, name: str, identity: Any = None) -> Vault:
        """A copy together with what the machine remembers, so that it goes on with the same stream."""
        memory = import_module("crdtnotes.store.memory")
        path = self.work / f"{name}.db"
        shutil.copyfile(vault.path, path)
        memory.remember(path, memory.recall(vault.path))
        return Vault.open(path, identity=identity)

    # -- what is delivered

    def _deliver(self, vault: Vault, name: str) -> None:
        # The file comes first: to describe a vault brings its snapshots and its index up to date.
        data = vault.path.read_bytes()
        problems = vault.check()
        if problems:
            raise SystemExit(f"{name}: {problems}")
        self.expected[name] = described(vault)
        (self.out / f"{name}.crdtnotes.xz").write_bytes(lzma.compress(data, preset=9 | lzma.PRESET_EXTREME))

    def _export(self, vault: Vault) -> None:
        report = import_module("crdtnotes.mirror.exporter").export_folder(vault, self.out / "folder")
        if report.failed:
            raise SystemExit(f"Not exported: {report.failed}")

    def _bundle(self, ana: Vault, bo: Vault) -> None:
        """A bundle from ana for bo, and what bo has once it is applied."""
        bundles = import_module("crdtnotes.sync.bundle")
        identity = _identity(self.out, "bo")
        path = self.out / "ana-to-bo.bundle"
        receiver = _replica(ana).circle.membership().members[identity.id]
        bundles.create_bundle(ana.replica, _identity(self.out, "ana"), path, [receiver], {})
        bo.backup(self.work / "bundled.db")
        with Vault.open(self.work / "bundled.db", identity=identity) as bundled:
            bundles.apply_bundle(bundled.replica, identity, path)
            self.expected["bo with the bundle"] = described(bundled)

    # -- meetings

    def _meet(self, name: str, sides: list[tuple[Vault, str | None]], times: int = 1) -> None:
        """Let two vaults meet, `b` having dialled `a`, and record every frame in its order.

        A side comes with the name of its file, None for a new and empty replica.
        """
        vaults = [vault for vault, _ in sides]
        meetings = [_meeting(*vaults) for _ in range(times)]
        digests = {vault.digest for vault in vaults}
        if len(digests) != 1:
            raise SystemExit(f"{name}: the two are not in step at the end.")
        self.meetings[name] = {
            "vault": vaults[0].id,
            "sides": {
                side: {"file": file, "device": vault.device, "id": _device_id(vault).hex()}
                for side, (vault, file) in zip("ab", sides, strict=True)
            },
            "meetings": meetings,
            "digest": digests.pop(),
        }


def _replica(vault: Vault) -> Any:
    """Return what is below a vault; its parts have other names in later versions."""
    return vault.replica


def _device_id(vault: Vault) -> bytes:
    """Return the id of the device whose replica this is; nothing in a vault that was never paired."""
    replica = _replica(vault)
    return bytes(replica.covering.identity.id) if replica.circle.founded else b""


def _meeting(a: Vault, b: Vault) -> list[dict[str, Any]]:
    """Return the steps of one conversation: the side that speaks, and its frames.

    `say` are frames about who has a note open, which the caller gives to the session before it speaks;
    `finish` means that the caller ends it.
    """
    session = import_module("crdtnotes.sync.session").Session
    messages = import_module("crdtnotes.changes.messages")
    ends = {
        "a": session(a.replica, device=_device_id(b) or None),
        "b": session(b.replica, device=_device_id(a) or None),
    }
    steps: list[dict[str, Any]] = []

    def step(by: str, **more: Any) -> bool:
        frames = ends[by].data_to_send()
        steps.append({"by": by, "frames": [_text(frame) for frame in frames], **more})
        other = ends["b" if by == "a" else "a"]
        other.receive(frames)
        while other.has_more:
            other.receive([])
        return bool(frames)

    def go_on() -> None:
        while step("a") | step("b"):
            pass

    for end in ends.values():
        end.start()
    go_on()
    if ends["a"].in_step and ends["b"].in_step:
        presence = messages.Presence(7, 1, 0, b.device, 9, bytes(range(16)), (0, 0), (0, 0))
        ends["b"].say([presence])
        step("b", say=[_text(messages.encode(presence))])
        ends["b"].finish()
        step("b", finish=True)
        go_on()
    if not (ends["a"].closed and ends["b"].closed):
        raise SystemExit("A meeting did not come to its end.")
    return steps


def _exchange(*vaults: Vault) -> None:
    for _ in range(2):
        for to in vaults:
            for source in vaults:
                for batch in source.changes_since(to.version):
                    to.apply(batch)


def _pair(by: Vault, joins: Vault) -> None:
    host, guest = _replica(by), _replica(joins)
    host.devices.admit(guest.covering.identity.certificate, joins.device)
    guest.devices.adopt(host.circle.root, host.devices.records())


def _part(one: Vault, two: Vault) -> None:
    for vault, word in ((one, "第一"), (two, "第二")):
        vault.note("系统").append(f"{word} [[{word}]]")
        vault.create_note(word, f"#fork {word}\n")
        vault.note("系统").delete(0, 1)


def _identity(out: Path, name: str) -> Any:
    """Return a device's keys, which are made of a text that says what they are."""
    with _keys_of(name):
        return import_module("crdtnotes.trust.identity").own_identity(out / "test-keys" / name)


@contextmanager
def _keys_of(name: str) -> Iterator[None]:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    def key(kind: str) -> bytes:
        return f"TEST KEY {kind} {name}".encode().ljust(32, b".")

    sign = x509.CertificateBuilder.sign
    changed: list[tuple[Any, str, Any]] = [
        (ec, "generate_private_key", lambda curve: ec.derive_private_key(int.from_bytes(key("tls")), curve)),
        (
            Ed25519PrivateKey,
            "generate",
            staticmethod(lambda: Ed25519PrivateKey.from_private_bytes(key("signing"))),
        ),
        (
            X25519PrivateKey,
            "generate",
            staticmethod(lambda: X25519PrivateKey.from_private_bytes(key("sealing"))),
        ),
        (x509, "random_serial_number", lambda: 1),
        (
            x509.CertificateBuilder,
            "sign",
            lambda builder, tls, algorithm: sign(builder, tls, algorithm, ecdsa_deterministic=True),
        ),
    ]
    with _replaced(changed):
        yield


@contextmanager
def _nothing_random() -> Iterator[None]:
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
    from cryptography.hazmat.primitives.ciphers import aead

    source = random.Random(1)
    seconds = count(1_767_225_600)
    cipher = aead.ChaCha20Poly1305

    class Cipher:
        def __new__(cls, key: bytes) -> Any:
            return cipher(key)

        @staticmethod
        def generate_key() -> bytes:
            return source.randbytes(32)

    day = SimpleNamespace(now=lambda zone: "2026-01-01 00:00:00+00:00")
    calendar = SimpleNamespace(datetime=day, timezone=timezone)
    changed: list[tuple[Any, str, Any]] = [
        (import_module("sqlite_utils.migrations"), "datetime", calendar),
        (time, "time_ns", lambda: next(seconds) * 1_000_000_000),
        (secrets, "token_bytes", source.randbytes),
        (secrets, "token_hex", lambda size: source.randbytes(size).hex()),
        (secrets, "randbelow", source.randrange),
        (aead, "ChaCha20Poly1305", Cipher),
        (
            X25519PrivateKey,
            "generate",
            staticmethod(lambda: X25519PrivateKey.from_private_bytes(source.randbytes(32))),
        ),
    ]
    with _replaced(changed):
        yield


@contextmanager
def _replaced(changed: list[tuple[Any, str, Any]]) -> Iterator[None]:
    former = [(owner, name, vars(owner)[name]) for owner, name, _ in changed]
    for owner, name, value in changed:
        setattr(owner, name, value)
    try:
        yield
    finally:
        for owner, name, value in former:
            setattr(owner, name, value)


def _text(frame: bytes) -> str:
    return base64.b64encode(frame).decode("ascii")


def _write_json(path: Path, document: Any) -> None:
    path.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    """Make the files in the folder that is named."""
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as work:
        os.environ["CRDTNOTES_STATE"] = str(Path(work) / "state")
        os.environ["CRDTNOTES_HOME"] = str(Path(work) / "home")
        with _nothing_random():
            Maker(out, Path(work)).everything()


if __name__ == "__main__":
    main()
