import io
import sys
from typing import BinaryIO, cast

import click
import pytest
from rich.text import Text

from crdtnotes.terminal.console import VisibleConsole
from crdtnotes.terminal.streams import VisibleStream, exact_bytes, exact_stream, visible_output


def stream(encoding: str = "utf-8") -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="backslashreplace", newline="\n")


def written(to: io.TextIOWrapper) -> bytes:
    to.flush()
    return cast("io.BytesIO", to.buffer).getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "latin-1"])
def test_everything_a_command_prints_is_visible(monkeypatch: pytest.MonkeyPatch, encoding: str) -> None:
    out, err = stream(encoding), stream(encoding)
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    with visible_output():
        print("\x1b[1m\x9b1m", "\u202e")
        click.echo("\x1b]0;x\x07\x9b")
        click.echo("\x1b]0;x\x07\x9b", err=True)
        click.ClickException("\x1b[2J\x9b").show()
        assert not sys.stdout.isatty()
    assert sys.stdout is out
    for shown in (written(out), written(err)):
        assert b"\x1b" not in shown
        assert not set(shown.decode(encoding)) & set("\x9b\x07\u202e")
        assert len(shown.splitlines()) == 2


def test_bytes_reach_the_stream_below_in_order() -> None:
    below = stream()
    above = VisibleStream(below)
    assert exact_stream(cast("io.TextIOWrapper", above)) is below
    above.write("1\x1b")
    exact_bytes(cast("io.TextIOWrapper", above)).write(b"\x1b2")
    assert written(below) == "1␛".encode() + b"\x1b2"


def test_a_library_finds_no_way_around() -> None:
    above = VisibleStream(stream())
    assert getattr(above, "buffer", None) is None
    with pytest.raises(Exception, match="bytes"):
        above.write(cast("str", b"\x1b"))
    assert isinstance(exact_bytes(cast("io.TextIOWrapper", above)), BinaryIO | io.BytesIO)


def test_a_console_keeps_its_own_colours_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    below = stream()
    console = VisibleConsole(cast("io.TextIOWrapper", VisibleStream(below)))
    console.print(Text("a\x1b[31m\u202e", "bold link http://x/\x1b]0;y"))
    console.print("[bold]b\x9b")
    shown = written(below).decode()
    assert "\x1b[1m" in shown
    assert "a␛[31m⇠" in shown
    assert "[bold]b�" in shown
    assert not any(bad in shown for bad in ("\x1b[31m", "\x1b]0;", "\u202e", "\x9b"))
