"""A replica file to damage, for the tests that check what its readers and its repair make of it."""

from contextlib import suppress
from pathlib import Path
from random import Random

from crdtnotes.changes.batch import changes_in
from crdtnotes.errors import CrdtnotesError
from crdtnotes.store.compaction import packing
from crdtnotes.store.compaction.recompress import recompress
from crdtnotes.vault import Vault
from tests.store.convergence import ACTIONS, Person
from tests.vaults import changes, fast, meet, send

PAGE = 4096
"""Bytes of a page of the file."""

WORDS = ["分布式系统", "一致性", "[[长文]]", "causal ", "order ", "，", "。\n", "#理论 "]


class Damage:
    """A replica that is about to be damaged, and a peer that is in sync with it."""

    def __init__(self, folder: Path, *, packed: bool = False, condensed: bool = False) -> None:
        self.path, self.peer_path = folder / "v.db", folder / "peer.db"
        random = Random(5)
        person = Person(random)
        with Vault.create(self.path, "here") as here, Vault.create(self.peer_path, "peer", here.id) as peer:
            fast(here), fast(peer)
            for vault in (here, peer, here):
                for _ in range(15):
                    person.act(vault, random.choice(ACTIONS))
                meet(here, peer)
            here.create_note("长文", "一段很长的文字 with words. " * 400)
            here.create_note("empty")
            here.create_note("论文/CAP定理", "见 [[长文]] 和 [[empty|空]] #理论")
            here.search("文字")
            if packed:
                for number in range(30):
                    here.note("长文").insert(number, "字")
                    here.note("empty").append(f"line {number}")
                assert packing.pack(here.replica, least=8) > 60
                here.note("empty").rename("空/empty")
            if condensed:
                for number in range(12):
                    here.create_note(f"文/{number}", "".join(random.choices(WORDS, k=200)))
                assert recompress(here.replica, at_least=0) >= 12
            meet(here, peer)
            self.texts = {info.name: here.note(info.name).text for info in here.notes()}
            self.digest, self.vault, self.actor = here.digest, bytes.fromhex(here.id), here.actor
            self.changes = set(changes(here))
        self.whole = self.path.read_bytes()

    def spoil(self, content: bytes) -> None:
        for old in self.path.parent.glob("v.db*"):
            old.unlink()
        self.path.write_bytes(content)

    def fetch(self, part: Path) -> None:
        with Vault.open(part) as vault, Vault.open(self.peer_path) as peer:
            send(peer, fast(vault))
            send(fast(vault), peer)

    def identify(self) -> bytes:
        return self.vault

    def nothing_wrong_is_shown(self) -> bool:
        """Read every note by its name; return whether every note could be read."""
        try:
            with Vault.open(self.path, read_only=True) as vault:
                self._finds(vault)
                return sum(self._reads(vault, name) for name in self.texts) == len(self.texts)
        except CrdtnotesError:
            return False

    def _finds(self, vault: Vault) -> None:
        """Check that the quotes of a search and of a note's backlinks occur in some text."""
        with suppress(CrdtnotesError):
            quoted = [hit.snippet for query in ("文字", "line", "长文") for hit in vault.search(query)]
            quoted += [link.context for link in vault.note("长文").backlinks()]
            everything = "\n".join(self.texts.values())
            for quote in quoted:
                assert quote.strip("…") in everything, f"{quote!r} is in no text"

    def is_sent_right_or_not_at_all(self) -> None:
        """Check that a damaged replica sends only correct changes, and that `check` does not crash."""
        with suppress(CrdtnotesError), Vault.open(self.path) as vault:
            for batch in vault.changes_since({}):
                assert set(changes_in(batch)) <= self.changes, "a change was sent that does not exist"
        with suppress(CrdtnotesError), Vault.open(self.path) as vault:
            vault.check()

    def _reads(self, vault: Vault, name: str) -> bool:
        try:
            shown = vault.note(name).text
        except CrdtnotesError:
            return False
        assert shown == self.texts[name], f"{name!r} shows a text that it never had"
        return True
