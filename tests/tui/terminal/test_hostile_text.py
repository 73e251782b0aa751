"""The bytes that the editor sends while texts that would steer a terminal are on each of its screens."""

import re
import string
from pathlib import Path

import pytest

from crdtnotes import Vault
from tests.tui.desktop import vault_of
from tests.tui.terminal.process import CTRL_Q, TerminalProcess, editor
from tests.tui.terminal.sent import KEYS, pasted

EVIL = "\x1b]0;evil\x07\x1b[7777z\x9b7777z\x90evil\x9c\u202egpj\u2066x"
BIDI_NAME = "na\u202eme\u2069"

TEXT = f"""\
---
aliases: [al{EVIL}ias]
---
# head{EVIL}ing

word{EVIL} [[{BIDI_NAME}]] [[dangling{EVIL}]] [text{EVIL}](http://x/{EVIL}) <http://y/{EVIL}>

| a{EVIL} | b |
| --- | --- |
| c{EVIL} | `code{EVIL}` |

> **quote{EVIL}** n

```
{EVIL}
```
- [ ] item{EVIL} #t\u202eag
"""

NOT_SENT = {"ctrl+q", "ctrl+z", "alt+z", "alt+p", "alt+j", "alt+c", "alt+i", "alt+s", "f8"}
"""Leaving, suspending, undo, deleting, and what needs other files or devices."""


# C0 but for BEL, BS, CR, SO, SI, ESC and the line feed, which Textual may send itself.
HIDDEN_IN_OUTPUT = re.compile("[\x00-\x06\x0b\x0c\x10-\x1a\x1c-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


def check_sent(output: bytes) -> None:
    """Fail if any hidden character, or a sequence of the text, is in what was sent."""
    text = output.decode(errors="replace")
    for evil in ("\x1b]0;evil", "\x1b[7777z", "\x1b]8;;http://x/\x1b"):
        assert evil not in text
    found = HIDDEN_IN_OUTPUT.search(text)
    assert found is None, repr(text[max(0, found.start() - 60) : found.end() + 60])


def hostile_vault(folder: Path) -> Path:
    path = vault_of(folder / "v", n=TEXT)
    with Vault.open(path) as vault:
        vault.create_note(BIDI_NAME, f"[[n]] back{EVIL} head n\n")
        vault.create_note("folder/" + BIDI_NAME, TEXT)
    return path


KEYS_SENT = [
    *(f"f{number}" for number in (1, 2, 3, 4, 5, 6, 7, 9, 10, 12)),
    *(f"ctrl+{letter}" for letter in string.ascii_lowercase if f"ctrl+{letter}" in KEYS),
    *(f"alt+{letter}" for letter in string.ascii_lowercase),
]


def press(terminal: TerminalProcess, data: bytes) -> None:
    terminal.send(data)
    terminal.settle(0.15)


@pytest.mark.long
def test_no_screen_of_the_editor_sends_what_is_in_a_text(tmp_path: Path) -> None:
    path = hostile_vault(tmp_path)
    with editor("--vault", str(path), "tui", "n", size=(150, 50)) as terminal:
        terminal.wait_for("saved", "word␛")
        for key in (key for key in KEYS_SENT if key not in NOT_SENT):
            press(terminal, KEYS[key])
            press(terminal, b"e")
            press(terminal, KEYS["escape"] + KEYS["escape"])
            check_sent(terminal.output)
        terminal.send(CTRL_Q)
        assert terminal.exit_code() == 0, terminal.text
    check_sent(terminal.output)
    assert "⇠gpj⇢x" in terminal.text


def test_the_reading_view(tmp_path: Path) -> None:
    with editor("--vault", str(hostile_vault(tmp_path)), "tui", "n", size=(150, 50)) as terminal:
        terminal.wait_for("saved", "word␛")
        terminal.send(KEYS["alt+r"])
        terminal.until(
            lambda: "```" not in terminal.screen.text and "quote" in terminal.screen.text, "it is rendered"
        )
        terminal.settle()
        check_sent(terminal.output)
        assert "head␛" in terminal.screen.text


@pytest.mark.parametrize("opens", ["ctrl+o", "ctrl+g", "f2", "f4"])
def test_what_is_pasted_into_a_field(tmp_path: Path, opens: str) -> None:
    with editor("--vault", str(hostile_vault(tmp_path)), "tui", "n") as terminal:
        terminal.wait_for("saved")
        press(terminal, KEYS[opens])
        press(terminal, pasted(EVIL.replace("\x1b", "") + "\u202e"))
        press(terminal, KEYS["enter"])
        press(terminal, KEYS["escape"])
        check_sent(terminal.output)


def test_the_caret_is_where_the_text_is(tmp_path: Path) -> None:
    path = vault_of(tmp_path / "v", n="a\u202eb\x1b[1mc\x9b\td")
    with editor("--vault", str(path), "tui", "n") as terminal:
        terminal.wait_for("saved")
        terminal.send(b"END")
        terminal.wait_for_screen("a⇠b␛[1mc�")
        terminal.settle()
        row = next(row for row in terminal.screen.rows if "a⇠b" in row)
        assert row.endswith("dEND")
        assert terminal.screen.cursor[0] == len(row)


def test_a_folder_with_a_hostile_name_in_an_error(tmp_path: Path) -> None:
    path = tmp_path / "v\x1b[7777z\u202e"
    path.mkdir()
    with editor("--vault", str(path), "tui", "n") as terminal:
        assert terminal.exit_code() == 1
    check_sent(terminal.output)
    assert "␛[7777z⇠" in terminal.text
