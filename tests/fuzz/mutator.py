"""Turns valid bytes into invalid input: some of it random, some of it nearly valid.

Flipped bits seldom get past the first check. So most mutations decode the bytes as msgpack, change one value
(to a bound, to another type, to a value from elsewhere) and encode them again. In Changes messages they go
down to the operations of one change. The result is well-formed and breaks one rule.
"""

from random import Random
from typing import Any

import msgspec

from crdtnotes.changes import messages
from crdtnotes.changes.batch import Form
from crdtnotes.changes.compression import compress
from tests.fuzz.corpus import HOSTILE, Corpus

INTEGERS = (0, 1, 2, 7, 8, 127, 128, 255, 2**31, 2**32 - 1, 2**53 - 1, 2**53, 2**63 - 1, 2**63, 2**64 - 1, -1)
STRINGS = ("", "a", "[[x]]", "../up", "a/b", "系统", "é", "\0", "\u202e", "x" * 300, "ｆ｜", " ", "😀")
VALUES: tuple[Any, ...] = (None, True, 1.5, {}, {1: 2}, [], b"", "", 0, [[[[]]]])
TAGS = bytes.fromhex("00 01 7f 80 90 91 9f a0 bf c0 c1 c2 c4 c6 ca cb cc cf d0 d9 db dc dd de df e0 ff")


class Mutator:
    """An endless source of invalid input."""

    def __init__(self, random: Random, corpus: Corpus) -> None:
        self._random = random
        self._corpus = corpus

    def frame(self) -> bytes:
        """Return a possibly invalid message."""
        random = self._random
        luck = random.random()
        if luck < 0.01:
            return random.choice(HOSTILE)
        if luck < 0.03:
            return random.randbytes(random.randint(0, 300))
        frame = random.choice(self._corpus.frames)
        if luck < 0.3:
            return self.blind(frame)
        if luck < 0.5:
            return self.values(frame)
        return self._changes()

    def exchange(self) -> bytes:
        """Return a Changes message at the right moment, with one altered change in it."""
        random = self._random
        new = self._corpus.new
        at = min(random.randrange(len(new)), random.randrange(len(new)), 12)
        if random.random() < 0.4:
            blocks = [index for index, place in enumerate(self._corpus.places) if place <= 12]
            index = random.choice(blocks)
            before = new[: self._corpus.places[index]]
            return self._pack(
                [*before, self._piece(Form.BLOCK, self.change_like(self._corpus.blocks[index]))]
            )
        changed = self.change_like(new[at])
        return self._pack(
            [*new[:at], self._piece(Form.CHANGE, changed) if random.random() < 0.3 else changed]
        )

    def _changes(self) -> bytes:
        """Return a Changes message of any changes, in any order, with something wrong in it."""
        random = self._random
        data = random.sample(self._corpus.changes, 2)
        return self._pack([data[0], self.change_like(data[1])] if random.random() < 0.5 else data)

    def _piece(self, form: int, data: bytes) -> list[Any]:
        """Return a compressed piece; occasionally its form or length is wrong."""
        random = self._random
        piece = [form, len(data), compress(data)]
        luck = random.random()
        if luck < 0.05:
            piece[0] = random.choice(INTEGERS)
        elif luck < 0.1:
            piece[1] = random.choice((len(data) + 1, len(data) - 1, *INTEGERS))
        elif luck < 0.2:
            piece[2] = self.blind(compress(data))
        return piece

    def block(self) -> bytes:
        """Return a possibly invalid block."""
        data = self._random.choice(self._corpus.blocks)
        return self.values(data) if self._random.random() < 0.8 else self.blind(data)

    def _pack(self, changes: list[Any]) -> bytes:
        return messages.encode(messages.pack(msgspec.msgpack.encode((1, changes))))

    def change_like(self, data: bytes) -> bytes:
        """Return a change, usually well-formed, in which something was altered."""
        return self.values(data) if self._random.random() < 0.9 else self.blind(data)

    def change(self) -> bytes:
        """Return a possibly invalid change."""
        data = self._random.choice(self._corpus.changes)
        return self.change_like(data) if self._random.random() < 0.6 else self.blind(data)

    def batch(self) -> bytes:
        """Return a possibly invalid batch."""
        random = self._random
        pieces: list[Any] = [self.change(), random.choice(self._corpus.changes)]
        if random.random() < 0.6:
            pieces.append(self._piece(Form.BLOCK, self.block()))
        if random.random() < 0.2:
            pieces.append(self._piece(Form.CHANGE, self.change()))
        data = msgspec.msgpack.encode((1, pieces))
        return data if self._random.random() < 0.5 else self.blind(data)

    def snapshot(self) -> tuple[bytes, str]:
        """Return a snapshot that is damaged, or that does not fit its text."""
        data, text = self._random.choice(self._corpus.snapshots)
        if self._random.random() < 0.2:
            return data, self._random.choice(
                (text[1:], text + "x", self._random.choice(self._corpus.snapshots)[1])
            )
        return self.blind(data), text

    def blind(self, data: bytes) -> bytes:
        """Return the bytes with one to four random changes."""
        random = self._random
        result = bytearray(data)
        for _ in range(random.choice((1, 1, 1, 2, 4))):
            at = random.randrange(len(result) + 1)
            match random.randrange(7):
                case 0 | 1 if at < len(result):
                    result[at] ^= 1 << random.randrange(8)
                case 2 if at < len(result):
                    result[at] = random.choice(TAGS)
                case 3:
                    del result[at : at + random.randint(1, 16)]
                case 4:
                    result[at:at] = random.randbytes(random.randint(1, 8))
                case 5:
                    result[at:at] = result[at : at + random.randint(1, 64)]
                case _:
                    other = random.choice(self._corpus.changes)
                    result[at:] = other[random.randrange(len(other)) :]
        return bytes(result)

    def values(self, data: bytes) -> bytes:
        """Return well-formed msgpack with one value replaced; random changes if that is not possible."""
        try:
            value = msgspec.msgpack.decode(data)
            return msgspec.msgpack.encode(self._value(value))
        except (msgspec.MsgspecError, UnicodeError, OverflowError, RecursionError, TypeError):
            return self.blind(data)

    def _value(self, value: Any) -> Any:
        random = self._random
        if random.random() < 0.03:
            return random.choice(VALUES)
        if isinstance(value, list) and value:
            at = random.randrange(len(value))
            match random.randrange(12):
                case 0:
                    return value[:at] + value[at + 1 :]
                case 1:
                    return [*value[: at + 1], *value[at:]]
                case 2:
                    return value[::-1]
                case _:
                    return [*value[:at], self._value(value[at]), *value[at + 1 :]]
        if isinstance(value, bool) or value is None:
            return 1
        if isinstance(value, int):
            return random.choice(
                (value + 1, value - 1, value + random.randint(-9, 9), random.choice(INTEGERS))
            )
        if isinstance(value, str):
            return random.choice((value + "x", value[1:], value[::-1], random.choice(STRINGS)))
        if isinstance(value, bytes):
            return self.blind(value)
        return random.choice(VALUES)
