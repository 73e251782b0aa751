"""What a terminal sends, byte by byte, and the keys, pastes and reports that come of it."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual import events
from textual.message import Message

from crdtnotes_tui.terminal_input import (
    ESCAPE_SECONDS,
    MAX_SEQUENCE,
    MAX_SIDE,
    PASTE_SECONDS,
    SEQUENCE_SECONDS,
    TerminalInput,
)
from crdtnotes_tui.terminal_keys import know_more_keys

know_more_keys()

PIECES = st.sampled_from(
    [
        *(
            b"\x1b",
            b"\x1b[",
            b"\x1bO",
            b"\x1b[[",
            b"\x1b[M",
            b"\x1b[<",
            b"\x1b[?",
            b"\x1b[48;",
            b";",
            b":",
            b"$",
            b"~",
        ),
        *(
            b"\x1b[200~",
            b"\x1b[201~",
            b"\x1b[A",
            b"\x1b[1;5C",
            b"\x1b[97;5u",
            b"\x1b[1114112u",
            b"\x1b[55296;;55296u",
        ),
        *(b"\x1b[I", b"\x1b[O", b"\x1b[3;4R", b"\x1b[<0;3;4M", b"\x1b[?2026;1$y", b"\x1b[48;24;80;480;800t"),
        *(
            b"a",
            b"1",
            b"m",
            b"\r",
            b"\x00",
            b"\x7f",
            "中".encode(),
            "é".encode(),
            b"\xff",
            b"\xc3",
            b"\xe4\xb8",
        ),
    ]
)
INPUT = st.lists(PIECES | st.binary(max_size=6), max_size=30).map(b"".join)


def described(events_: list[Message]) -> list[object]:
    """Return what tells one event from another."""
    return [
        (
            type(event).__name__,
            *(getattr(event, name, None) for name in ("key", "character", "text", "size", "x", "y")),
        )
        for event in events_
    ]


def keys(*reads: bytes) -> list[tuple[str, str | None]]:
    terminal = TerminalInput()
    return [
        (event.key, event.character)
        for read in reads
        for event in terminal.feed(read, 0)
        if isinstance(event, events.Key)
    ]


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (b"a", [("a", "a")]),
        ("中".encode(), [("中", "中")]),
        (b"\r", [("enter", "\r")]),
        (b"\x11", [("ctrl+q", "\x11")]),
        (b"\x1b[A", [("up", None)]),
        (b"\x1bOP", [("f1", None)]),
        (b"\x1b[[A", [("f1", None)]),
        (b"\x1b[7~", [("home", None)]),
        (b"\x1b[7^", [("ctrl+home", None)]),
        (b"\x1b[8@", [("ctrl+shift+end", None)]),
        (b"\x1b[7$", [("shift+home", None)]),
        (b"\x1b[1;5F", [("ctrl+end", None)]),
        (b"\x1b[1;2R", [("shift+f3", None)]),
        (b"\x1b[97;5u", [("ctrl+a", None)]),
        (b"\x1b[20013;;20013u", [("中", "中")]),
        (b"\x1b[97:65:97;2;65u", [("A", "A")]),
        (b"\x1b[97;5:1u", [("ctrl+a", None)]),
        (b"\x1b[97;5:2u", [("ctrl+a", None)]),
        (b"\x1b[1;5:1D", [("ctrl+left", None)]),
    ],
)
def test_keys(sent: bytes, expected: list[tuple[str, str | None]]) -> None:
    assert keys(sent) == expected
    assert keys(*(sent[at : at + 1] for at in range(len(sent)))) == expected


@pytest.mark.parametrize(
    ("sent", "key"),
    [
        (b"\x1ba", "alt+a"),
        (b"\x1bZ", "alt+shift+z"),
        (b"\x1b1", "alt+1"),
        (b"\x1b]", "alt+right_square_bracket"),
        (b"\x1bP", "alt+shift+p"),
        (b"\x1b\x01", "alt+ctrl+a"),
        (b"\x1bf", "ctrl+right"),
        (b"\x1b\x7f", "alt+backspace"),
        ("\x1b中".encode(), "alt+中"),
    ],
)
def test_alt_types_nothing(sent: bytes, key: str) -> None:
    assert keys(sent) == [(key, None)]
    assert keys(b"\x1b", sent[1:]) == [(key, None)]


@pytest.mark.parametrize(
    "sent",
    [
        b"\x1b[99;99z",
        b"\x1b[1;5",
        b"\x1b[?1;2c",
        b"\x1b[>0;276;0c",
        b"\x1b[1114112u",
        b"\x1b[99999999999999999999u",
        b"\x1b[97;;1114112u",
        b"\x1b[55296;;55296u",
        b"\x1b[M !!",
        b"\x1b[97;1:3u",
        b"\x1b[1;1:3D",
        b"\x1b[:8;04~",
        b"\x1b[:::;::;::u",
        b"\x1b[0;0;0:0~",
        b"\x1bOz",
        b"\x1b[" + b"1;" * MAX_SEQUENCE,
        b"\xff",
        b"\xc3",
        b"\xc2\x9b",
        b"\xed\xa0\x80",
    ],
)
def test_what_is_no_key_is_dropped(sent: bytes) -> None:
    typed = [key for key in keys(sent) if key[1] not in (None, ";", "1")]
    assert typed == []


def test_a_sequence_that_is_cut_off_costs_no_key_after_it() -> None:
    assert keys(b"\x1b[1;5\r") == [("enter", "\r")]
    assert keys("\x1b[1;5中".encode()) == [("中", "中")]
    assert keys(b"\x1b[1;\x1b[A") == [("up", None)]
    assert keys(b"\xe4\xb8a") == [("a", "a")]


def test_escape_is_a_key_once_nothing_follows_it() -> None:
    terminal = TerminalInput()
    assert terminal.feed(b"\x1b", 1.0) == []
    assert terminal.tick(1.0 + ESCAPE_SECONDS / 2) == []
    assert described(terminal.tick(1.0 + ESCAPE_SECONDS))[0][1:3] == ("escape", "\x1b")  # type: ignore[index]
    assert terminal.tick(9.0) == []
    assert keys(b"\x1b\x1b[A") == [("escape", "\x1b"), ("up", None)]


def test_a_sequence_has_time_and_is_then_forgotten() -> None:
    terminal = TerminalInput()
    assert terminal.feed(b"\x1b[1;", 1.0) == []
    assert terminal.tick(1.0 + SEQUENCE_SECONDS / 2) == []
    assert described(terminal.feed(b"5C", 1.6)) == described(TerminalInput().feed(b"\x1b[1;5C", 0))
    assert terminal.feed(b"\x1b[1;", 2.0) == []
    assert terminal.tick(2.0 + SEQUENCE_SECONDS) == []
    assert [event.character for event in terminal.feed(b"5C", 9.0) if isinstance(event, events.Key)] == [
        "5",
        "C",
    ]


@pytest.mark.parametrize("text", ["", "a", "多行\r\nlines\r", "[\x1b[A]", "\x1b[20", "x" * 300_000])
def test_a_paste_is_one_event_however_it_is_read(text: str) -> None:
    sent = b"\x1b[200~" + text.encode() + b"\x1b[201~"
    for size in (len(sent), 4096, 7, 1)[: 2 if len(text) > 1000 else 4]:
        terminal = TerminalInput()
        found = [
            event for at in range(0, len(sent), size) for event in terminal.feed(sent[at : at + size], 0)
        ]
        assert [event.text for event in found if isinstance(event, events.Paste)] == [text]
        assert len(found) == 1


def test_a_paste_without_an_end_is_delivered_and_keys_work_again() -> None:
    terminal = TerminalInput()
    assert terminal.feed(b"\x1b[200~text\x1b[20", 0.0) == []
    assert terminal.tick(PASTE_SECONDS / 2) == []
    (paste,) = terminal.tick(PASTE_SECONDS)
    assert isinstance(paste, events.Paste)
    assert paste.text == "text\x1b[20"
    assert [type(event) for event in terminal.feed(b"\x11", 9.0)] == [events.Key]


def test_a_paste_shows_what_is_not_text() -> None:
    (paste,) = TerminalInput().feed(b"\x1b[200~a\xffb\x00c\x1b[201~", 0)
    assert isinstance(paste, events.Paste)
    assert paste.text == "a\ufffdbc"


def test_the_size_of_the_screen() -> None:
    (event,) = TerminalInput().feed(b"\x1b[48;24;80;480;800t", 0)
    assert isinstance(event, events.Resize)
    assert event.size == (80, 24)
    for sent in (b"\x1b[48;0;80;1;1t", b"\x1b[48;%d;80;1;1t" % (MAX_SIDE + 1), b"\x1b[48;;;;t"):
        assert TerminalInput().feed(sent, 0) == []


def test_the_mouse_after_a_size_without_pixels() -> None:
    terminal = TerminalInput()
    terminal.feed(b"\x1b[48;24;80;0;0t", 0)
    (event,) = terminal.feed(b"\x1b[<0;3;4M", 0)
    assert isinstance(event, events.MouseDown)
    assert (event.x, event.y) == (2, 3)


@given(INPUT, st.lists(st.integers(0, 200)))
def test_events_do_not_depend_on_reads(sent: bytes, cuts: list[int]) -> None:
    places = sorted({min(cut, len(sent)) for cut in cuts} | {0, len(sent)})
    whole, split = TerminalInput(), TerminalInput()
    expected = described(whole.feed(sent, 0.0))
    found = [event for start, end in itertools.pairwise(places) for event in split.feed(sent[start:end], 0.0)]
    assert described(found) == expected
    later = SEQUENCE_SECONDS + PASTE_SECONDS
    assert described(split.tick(later)) == described(whole.tick(later))


@given(INPUT)
def test_no_input_types_what_is_no_text(sent: bytes) -> None:
    terminal = TerminalInput()
    for event in [*terminal.feed(sent, 0.0), *terminal.tick(60.0)]:
        if isinstance(event, events.Key):
            assert event.character is None or len(event.character) == 1
            if event.is_printable:
                assert str(event.character).encode()
        elif isinstance(event, events.Paste):
            event.text.encode()
    terminal.feed(b"", 60.0)
    assert terminal.tick(120.0) == []
