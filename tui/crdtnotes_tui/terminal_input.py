"""What a terminal sends, as Textual's events.

Textual's own parser types half sequences into the note, fails at a byte that is not UTF-8 or at a code point
that does not exist, and waits forever for the end of a paste. This one knows where a sequence ends (ECMA-48,
and the few that break its rules), so that nothing of a sequence is ever text:

- A key is a character, ESC and a character (Alt), or a sequence that Textual has a key for.
- A sequence that is not known, not finished in time or out of bounds is dropped.
- Bytes that are not UTF-8 are dropped as keys, and shown as U+FFFD in a paste.
- A paste is delivered when it ends, or when nothing more of it comes.

`TerminalInput` does no I/O; times are seconds of a monotonic clock.
"""

import re
from codecs import getincrementaldecoder
from collections.abc import Iterable, Iterator
from enum import Enum, auto

from textual import constants, events, messages
from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from textual._xterm_parser import IS_ITERM, XTermParser
from textual.keys import Keys
from textual.message import Message

ESCAPE_SECONDS = 0.1
"""How long an ESC can be the beginning of a sequence. After that it is the Escape key."""

SEQUENCE_SECONDS = 1.0
"""How long the rest of a sequence may take, for example on a slow line."""

PASTE_SECONDS = 2.0
"""A paste ends after this long without input, in case its end was lost: otherwise no key would work again."""

MAX_SEQUENCE = 256
"""Characters of a sequence. The longest that terminals send report a text that an input method made."""

MAX_SIDE = 4096
"""Columns or rows of a screen. A report of a larger one would have Textual allocate it."""

_LAST_CODE_POINT = 0x10FFFF

_ESC = "\x1b"
_PASTE_BEGINS = "\x1b[200~"
_PASTE_ENDS = "\x1b[201~"

_FOCUS: dict[str, type[events.AppFocus] | type[events.AppBlur]] = {
    "\x1b[I": events.AppFocus,
    "\x1b[O": events.AppBlur,
}
_CURSOR = re.compile(r"\x1b\[(\d+);(\d+)R")
_MOUSE = re.compile(r"\x1b\[<\d{1,3};-?\d{1,5};-?\d{1,5}[mM]")
_SIZE = re.compile(r"\x1b\[48;(\d+)(?::\d*)*;(\d+)(?::\d*)*;(\d+)(?::\d*)*;(\d+)(?::\d*)*t")
_MODE = re.compile(r"\x1b\[\?(\d+);(\d)\$y")
_DETAILED = re.compile(r"\x1b\[(\d*)[\d:]*(?:;(\d*)(?::(\d*))?[\d:]*)?(;[\d:]*)?([a-zA-Z~])")
"""A key in kitty's protocol: its code points, its modifiers and event, its text; Textual reads some of it."""

_RELEASED = "3"
_NUMBER = re.compile(r"\d+")


class _State(Enum):
    GROUND = auto()
    """The next character is a key or begins a sequence."""
    ESCAPE = auto()
    """After ESC."""
    CONTROL = auto()
    """In a control sequence: ESC, [, parameters, a final character."""
    SINGLE = auto()
    """After ESC and O: one more character (SS3)."""
    COUNTED = auto()
    """After ESC [ [ (a function key of the Linux console) or ESC [ M (a mouse report of three characters)."""
    PASTE = auto()
    """Between the marks of a paste."""


class _Parser(XTermParser):
    """Textual's parser, of which only the meanings of whole sequences are used."""

    def keys_of(self, sequence: str) -> Iterable[events.Key]:
        """Return the keys that a sequence stands for; none if Textual does not know it."""
        return self._sequence_to_key_events(sequence)


class TerminalInput:
    """Reads the bytes of one terminal. It remembers what is unfinished from one call to the next."""

    def __init__(self) -> None:
        self._decode = getincrementaldecoder("utf-8")(errors="surrogateescape").decode
        self._parser = _Parser()
        self._state = _State.GROUND
        self._sequence = ""
        self._missing = 0
        self._pasted: list[str] = []
        self._held = ""
        self._since = 0.0

    def feed(self, data: bytes, now: float) -> list[Message]:
        """Return the events in what the terminal sent."""
        if data:
            self._since = now
        return list(self._events(self._decode(data)))

    def tick(self, now: float) -> list[Message]:
        """Return the events of sequences whose time has run out."""
        waited = now - self._since
        if self._state is _State.ESCAPE and waited >= ESCAPE_SECONDS:
            self._state = _State.GROUND
            return [events.Key("escape", _ESC)]
        if self._state is _State.PASTE and waited >= PASTE_SECONDS:
            return [self._paste()]
        if self._state not in (_State.GROUND, _State.PASTE) and waited >= SEQUENCE_SECONDS:
            self._state = _State.GROUND
        return []

    def _events(self, text: str) -> Iterator[Message]:
        at = 0
        while at < len(text):
            if self._state is _State.PASTE:
                at, ended = self._collect(text, at)
                if ended:
                    yield self._paste()
            else:
                yield from self._take(text[at])
                at += 1

    def _take(self, character: str) -> Iterator[Message]:
        """Take one character outside of a paste."""
        state = self._state
        if character == _ESC:
            if state is _State.ESCAPE:
                yield events.Key("escape", _ESC)
            self._begin(_State.ESCAPE, _ESC)
        elif state is _State.GROUND:
            yield from self._key(character)
        elif state is _State.ESCAPE and character == "[":
            self._begin(_State.CONTROL, "\x1b[")
        elif state is _State.ESCAPE and character == "O":
            self._begin(_State.SINGLE, "\x1bO")
        elif state is _State.ESCAPE:
            self._state = _State.GROUND
            yield from self._alt_key(character)
        elif state is _State.SINGLE:
            self._state = _State.GROUND
            yield from self._meaning(self._sequence + character)
        elif state is _State.COUNTED:
            self._sequence += character
            self._missing -= 1
            if not self._missing:
                self._state = _State.GROUND
                yield from self._meaning(self._sequence)
        else:
            yield from self._take_control(character)

    def _take_control(self, character: str) -> Iterator[Message]:
        """Take a character of a control sequence."""
        if not " " <= character <= "~" or len(self._sequence) >= MAX_SEQUENCE:
            # It was cut off: what comes here instead is a key of its own.
            self._state = _State.GROUND
            yield from self._key(character)
            return
        self._sequence += character
        if self._sequence in ("\x1b[[", "\x1b[M"):
            self._state, self._missing = _State.COUNTED, 1 if character == "[" else 3
        elif character >= "@" or (character == "$" and self._sequence in ANSI_SEQUENCES_KEYS):
            self._state = _State.GROUND
            yield from self._meaning(self._sequence)

    def _begin(self, state: _State, sequence: str) -> None:
        self._state, self._sequence = state, sequence

    # -- pastes

    def _collect(self, text: str, at: int) -> tuple[int, bool]:
        """Add what is pasted from `at` on; return where it stops, and whether the paste has ended there."""
        held = len(self._held)
        text = self._held + text[at:]
        end = text.find(_PASTE_ENDS)
        if end >= 0:
            self._pasted.append(text[:end])
            self._held = ""
            return at - held + end + len(_PASTE_ENDS), True
        # The mark at the end may come in several reads.
        keep = next(n for n in range(len(_PASTE_ENDS) - 1, -1, -1) if text.endswith(_PASTE_ENDS[:n]))
        self._pasted.append(text[: len(text) - keep])
        self._held = _PASTE_ENDS[:keep]
        return at - held + len(text), False

    def _paste(self) -> events.Paste:
        """End the paste and return it, without the NULs that a note cannot hold."""
        self._state = _State.GROUND
        text = "".join([*self._pasted, self._held]).replace("\x00", "")
        self._pasted.clear()
        self._held = ""
        return events.Paste(text.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))

    # -- keys and reports

    def _key(self, character: str) -> Iterator[events.Key]:
        """Yield the key that sends this character."""
        if "\x80" <= character <= "\x9f" or _is_surrogate(character):
            return
        yield from self._known(character)

    def _alt_key(self, character: str) -> Iterator[events.Key]:
        """Yield the key that sends ESC and this character."""
        known = ANSI_SEQUENCES_KEYS.get(_ESC + character)
        if isinstance(known, tuple):
            yield from self._known(_ESC + character)
            return
        for key in self._key(character):
            # Textual has characters for some, and would type the others without Alt.
            yield events.Key(_with_alt(key.key, character), None)

    def _known(self, sequence: str) -> Iterator[events.Key]:
        for key in self._parser.keys_of(sequence):
            named = key.key.isprintable() and key.key not in ("", Keys.Ignore)
            if named and not any(map(_is_surrogate, key.character or "")):
                yield key

    def _meaning(self, sequence: str) -> Iterator[Message]:
        """Yield what a whole sequence stands for, if it is known."""
        if sequence == _PASTE_BEGINS:
            self._state = _State.PASTE
        elif sequence in _FOCUS:
            yield _FOCUS[sequence]()
        elif size := _SIZE.fullmatch(sequence):
            yield from self._resized(*(int(side) for side in size.groups()))
        elif mode := _MODE.fullmatch(sequence):
            yield from self._supported(mode[1], int(mode[2]))
        elif _MOUSE.fullmatch(sequence):
            event = self._parser.parse_mouse_code(sequence)
            if event is not None:
                yield event
        elif all(int(number) <= _LAST_CODE_POINT for number in _NUMBER.findall(sequence)):
            keys = list(self._known(_without_details(sequence)))
            cursor = _CURSOR.fullmatch(sequence)
            if cursor and not (keys and cursor[1] == "1"):
                yield events.CursorPosition(int(cursor[2]) - 1, int(cursor[1]) - 1)
            else:
                yield from keys

    def _supported(self, mode: str, setting: int) -> Iterator[Message]:
        """Yield that the terminal knows a mode that Textual asked about."""
        if mode == "2026" and setting:
            yield messages.TerminalSupportsSynchronizedOutput()
        elif mode == "2048" and constants.SMOOTH_SCROLL and not IS_ITERM:
            yield messages.InBandWindowResize.from_setting_parameter(setting)

    def _resized(self, rows: int, columns: int, height: int, width: int) -> Iterator[Message]:
        """Yield the new size of the screen, in cells and in pixels."""
        if 0 < rows <= MAX_SIDE and 0 < columns <= MAX_SIDE:
            event = events.Resize.from_dimensions((columns, rows), (width, height))
            if height and width:
                # From now on the mouse is reported in pixels.
                self._parser.mouse_pixels = True
                self._parser.terminal_size = event.size
                self._parser.terminal_pixel_size = event.pixel_size
            yield event


def _with_alt(key: str, character: str) -> str:
    if len(character) == 1 and character.isupper():
        key = f"shift+{character.lower()}"
    return f"alt+{key}"


def _without_details(sequence: str) -> str:
    """Return a key's sequence without the parts that Textual fails at; "" if the key was released."""
    detailed = _DETAILED.fullmatch(sequence) if ":" in sequence else None
    if detailed is None:
        return sequence
    code_point, modifiers, event, text, final = detailed.groups(default="")
    if event == _RELEASED:
        return ""
    text = ":".join(filter(None, text.split(":")))
    parts = f"{code_point};{modifiers}{'' if text == ';' else text}" if modifiers or text else code_point
    return f"\x1b[{parts}{final}"


def _is_surrogate(character: str) -> bool:
    return "\ud800" <= character <= "\udfff"
