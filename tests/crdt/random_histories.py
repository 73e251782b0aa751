"""Random histories of a few peers, held to the declarative model."""

from itertools import pairwise
from random import Random

from crdtnotes.crdt.births import seam_actor
from crdtnotes.crdt.ids import ROOT, Id
from crdtnotes.crdt.ops import Create, Delete, Set
from crdtnotes.crdt.rga import Rga
from tests.crdt import invariants
from tests.crdt.merging import Change, Peer, entries, order
from tests.merge_model import Shown, bundles, ids_of, seams, show

WORDS = ("ab", "cd", "e", "fg ", "h\n", " ", "ij kl\n", "x\ny\n", "茶\n")
VALUES = ("x", " ", "-", "done", "open", "no go")
TEXTS = ("- [ ] ab cd\nk: open\n- [ ] e\n", "ab [ ] cd\nk: open\n", "k: open\n", "", "# ab\ncd", "k: open")


class History:
    """Three or four peers that edit, meet in part, late and twice, and at the end altogether."""

    def __init__(self, seed: int) -> None:
        self.random = random = Random(seed)
        self.peers = [Peer(actor) for actor in range(1, random.choice((3, 3, 4)) + 1)]
        self.marks = 0
        self.blocks: list[list[Id]] = []
        self.orders: list[list[Id]] = []
        one_text = random.random() < 0.8
        text = random.choice(TEXTS)
        for peer in self.peers:
            peer.create(text if one_text else random.choice(TEXTS))

    def mark(self) -> str:
        """A character that no other edit has."""
        self.marks += 1
        return chr(0x4E00 + self.marks)

    def run(self) -> None:
        random = self.random
        for _ in range(random.randint(6, 26)):
            what = random.random()
            if what < 0.62:
                self.edit(random.choice(self.peers))
            elif what < 0.70:
                self.edit_alike()
            elif what < 0.76:
                self.set_alike()
            elif what < 0.92:
                peer, other = random.sample(self.peers, 2)
                changes = other.changes[-12:]
                peer.receive(*random.choices(changes, k=random.randint(1, len(changes))))
            else:
                one, other = random.sample(self.peers, 2)
                one.receive(*other.changes)
            if random.random() < 0.1:
                self.orders.append(order(random.choice(self.peers).state))

    def edit(self, peer: Peer) -> None:
        """One edit, after which the peer's text is the one that was asked for."""
        random, text = self.random, peer.text
        kind = random.choice(
            ("type", "type", "delete", "write", "write", "again", "set", "set", "up", "trick")
        )
        at = random.randint(0, len(text))
        end = min(len(text), at + random.randint(0, 5))
        wanted = text
        if kind == "type":
            new = random.choice(WORDS)
            wanted = text[:at] + new + text[at:]
            peer.type(at, new)
        elif kind == "delete":
            wanted = text[:at] + text[end:]
            peer.delete(at, end)
        elif kind == "write":
            wanted = text[:at] + random.choice(("", *WORDS)) + text[end:]
            peer.write(wanted)
        elif kind == "again":
            wanted = self.add_and_remove(peer, text)
        elif kind == "set":
            places = values_in(text)
            if places:
                start, end = random.choice(places)
                new = random.choice(VALUES)
                wanted = text[:start] + new + text[end:]
                peer.set(start, end, new, follows=random.random() < 0.3)
        elif kind == "up":
            wanted = self.write_upwards(peer, text)
        else:
            peer.trick(random)
            wanted = peer.text
        assert peer.text == wanted

    def add_and_remove(self, peer: Peer, text: str) -> str:
        """Add lines at a place and remove them, some times in a row: the same elements cannot come twice."""
        at = text.find("\n") + 1
        for _ in range(self.random.choice((1, 1, 3))):
            new = self.random.choice(("q\n", "q\nr\n"))
            if text.startswith("q\n", at):
                text = text[:at] + text[at + 2 :]
                peer.delete(at, at + 2)
            else:
                text = text[:at] + new + text[at:]
                peer.replace(at, at, new)
            assert peer.text == text
        return text

    def write_upwards(self, peer: Peer, text: str) -> str:
        random = self.random
        at = random.choice([0, *[i + 1 for i, one in enumerate(text) if one == "\n"]])
        block: list[Id] = []
        for _ in range(random.randint(2, 4)):
            new = f"{self.mark()}\n"
            text = text[:at] + new + text[at:]
            change = peer.type(at, new)
            assert change is not None
            block += [id for bundle in bundles(change[4][0]) for id in bundle.ids]
        self.blocks.append(block)
        return text

    def edit_alike(self) -> None:
        """Some peers make one edit, between the same two visible neighbours, whatever else differs."""
        random = self.random
        chosen = random.sample(self.peers, random.choice((2, 2, 3)))
        length = random.choice((0, 0, 1, 2))
        places = []
        for peer in chosen:
            visible: list[Id | None] = [ROOT, *show(entries(peer.changes)).visible, None]
            places.append({tuple(visible[i : i + length + 2]): i for i in range(len(visible) - length - 1)})
        common = sorted(set(places[0]).intersection(*places[1:]), key=repr)
        if not common:
            return
        where = random.choice(common)
        text = self.mark() + random.choice(("", f"\n{self.mark()}\n", f"\n{self.mark()}", " s\n"))
        in_steps = random.choice((*chosen, None))
        names = set()
        for peer, place in zip(chosen, places, strict=True):
            at, end = place[where], place[where] + length
            parts = [text]
            if peer is in_steps:  # one of them adds a line and then the next
                parts = [part for part in text.partition("\n") if part != "\n"]
                parts = [f"{parts[0]}\n", parts[1]] if "\n" in text else [text]
            changes = []
            for part in filter(None, parts):
                changes.append(peer.replace(at, end, part))
                at = end = at + len(part)
            names.add(
                tuple(
                    id
                    for change in changes
                    if change is not None
                    for bundle in bundles(change[4][0])
                    for id in bundle.ids
                )
            )
        assert len(names) == 1

    def set_alike(self) -> None:
        new = self.random.choice(VALUES)
        for peer in self.random.sample(self.peers, 2):
            places = values_in(peer.text)
            if places:
                peer.set(*places[0], new)

    def end(self) -> list[Change]:
        """Let everybody meet, and a peer that is new; check the result; return all changes."""
        random = self.random
        changes = [change for peer in self.peers for change in peer.log[peer.actor]]
        for peer in self.peers:
            random.shuffle(changes)
            peer.receive(*changes, *changes[:3])
            assert not peer.waiting
        fresh = Peer(99)
        random.shuffle(changes)
        fresh.receive(*changes)
        model = show(entries(changes))
        for peer in (*self.peers, fresh):
            self.check(peer, model)
        self.check_intent(changes, model)
        return changes

    def check(self, peer: Peer, model: Shown) -> None:
        assert order(peer.state) == model.order
        assert peer.text == model.text
        runs = list(peer.state.text.runs())
        assert runs == list(self.peers[0].state.text.runs())
        invariants.check(peer.state.text)
        restored = Rga.from_runs(runs)
        invariants.check(restored)
        assert list(restored.runs()) == runs

    def check_intent(self, changes: list[Change], model: Shown) -> None:
        ops = entries(changes)
        place = {id: number for number, id in enumerate(model.order)}
        # Two elements keep their order from the first state that holds both to the last.
        for seen in self.orders:
            at = [place[id] for id in seen]
            assert at == sorted(at)
        # An element that belongs to no value is visible unless somebody deleted or replaced it.
        values = {op.value for _, op in ops if isinstance(op, Set)}
        named = {id for _, op in ops if isinstance(op, (Delete, Set)) for id in ids_of(op.spans)}
        shown = set(model.visible)
        assert all((id in shown) != (id in named) for id in model.order if id[1] not in values)
        # Behind a delimiter at most one value stands.
        for delimiter in {op.after for _, op in ops if isinstance(op, Set)}:
            cell = {op.value for _, op in ops if isinstance(op, Set) and op.after == delimiter}
            assert len({id[1] for id in shown if id[1] in cell}) <= 1
        # What one person wrote upwards stands together: in between is only what hangs there.
        parent = {}
        for bundle in (*[bundle for _, op in ops for bundle in bundles(op)], *seams(ops)):
            at_id = bundle.at
            for id in bundle.ids:
                parent[id] = at_id
                at_id = id
        # Between two first texts is a newline, unless somebody deleted it.
        births = sorted({(op.birth, op.text) for _, op in ops if isinstance(op, Create) and op.text})
        for (actor, _), (before, text) in pairwise(births):
            between = model.order[place[1, before] : place[1, actor]]
            if not text.endswith("\n"):
                seam = (len(text), seam_actor(before))
                assert seam in between
                assert (seam in shown) != (seam in named)
        for block in self.blocks:
            members = set(block)
            numbers = [place[id] for id in block]
            for id in model.order[min(numbers) : max(numbers)]:
                while id != ROOT and id not in members:
                    id = parent[id]
                assert id != ROOT


def values_in(text: str) -> list[tuple[int, int]]:
    """Where boxes and scalars stand in a text."""
    found = []
    for i, one in enumerate(text):
        if one == "[" and (end := text.find("]", i)) > i:
            found.append((i + 1, end))
        if text.startswith("k: ", i) and (end := text.find("\n", i)) > i:
            found.append((i + 3, end))
    return found
