import io
import json
import re
from contextlib import redirect_stdout

import pytest
from rich.cells import cell_len

from crdtnotes.cli import output


class Screen(io.TextIOWrapper):
    """A terminal that records its output."""

    def __init__(self, encoding: str = "utf-8") -> None:
        super().__init__(io.BytesIO(), encoding=encoding)

    def isatty(self) -> bool:
        return True

    def shown(self) -> str:
        self.flush()
        data = self.buffer
        assert isinstance(data, io.BytesIO)
        return data.getvalue().decode(self.encoding)


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Screen:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    return Screen()


ROWS = [("zh/分布式系统", 12), ("a [[b]] \x1b[31m", 3)]


def test_tables_are_aligned_by_the_cells_that_characters_take(
    screen: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "dumb")
    with redirect_stdout(screen):
        output.print_rows(("note", "links"), ROWS, "none")
    lines = [line for line in screen.shown().splitlines() if line.strip()]
    assert len({cell_len(line.rstrip()) for line in lines if line[0] != " "}) <= 2
    assert [line.rstrip()[-2:] for line in lines[-2:]] == ["12", " 3"]
    assert cell_len(lines[-1].rstrip()) == cell_len(lines[-2].rstrip())
    assert "[[b]]" in lines[-1]
    assert "\x1b" not in screen.shown()


def test_a_terminal_gets_colours_unless_it_opts_out(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    with redirect_stdout(screen):
        output.print_places([("a", 1, "text")], "none")
    assert "\x1b[1m" in screen.shown()
    assert "\x1b[31m" not in screen.shown()
    monkeypatch.setenv("NO_COLOR", "1")
    with redirect_stdout(Screen()) as other:
        output.print_rows(("note", "links"), ROWS, "none")
    assert "\x1b[3" not in other.shown()


def test_a_person_is_told_that_there_is_nothing(screen: Screen, capsys: pytest.CaptureFixture[str]) -> None:
    with redirect_stdout(screen):
        output.print_rows(("note",), [], "Nothing here.")
        output.print_places([], "Nor here.")
    assert screen.shown() == ""
    assert capsys.readouterr().err == "Nothing here.\nNor here.\n"


def test_a_text_cannot_control_the_terminal(screen: Screen) -> None:
    with redirect_stdout(screen):
        output.print_exact("a\tb\r\n\x1b]0;title\x07c\n")
    assert screen.shown() == "a\tb\n␛]0;title␇c\n"


def test_json_is_escaped_if_the_output_cannot_encode_it() -> None:
    document = {"name": "分布式 😀 é"}
    for encoding, escaped in (("ascii", True), ("latin-1", True), ("utf-8", False)):
        with redirect_stdout(Screen(encoding)) as screen:
            output.print_json(document)
        assert json.loads(screen.shown()) == document
        assert ("\\u5206" in screen.shown()) is escaped


@pytest.mark.parametrize("milliseconds", [2**53 - 1, -(2**60)])
def test_times_outside_the_calendar(milliseconds: int) -> None:
    assert output.local_time(milliseconds) == "?"


def test_counted() -> None:
    assert [output.counted(number, "note") for number in (0, 1, 1200)] == ["0 notes", "1 note", "1,200 notes"]


@pytest.mark.parametrize(
    ("widths", "width", "shown"),
    [
        ((5,), 1, 1),
        ((50,), 10, 1),
        ((28, 16, 10, 5, 9), 80, 5),
        ((28, 16, 10, 5, 9), 40, 2),
        ((28, 16, 10, 5, 9), 37, 1),
        ((28, 16, 10, 5, 9), 38, 2),
        ((8, 16), 26, 2),
        ((8, 16), 25, 1),
    ],
)
def test_a_narrow_terminal_has_fewer_columns(widths: tuple[int, ...], width: int, shown: int) -> None:
    assert output.fitting_columns(widths, width) == shown


def test_no_date_is_folded(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [("分布式系统" * 6, "2026-11-29 16:30", 12), ("b", "2026-11-29 16:31", 3)]
    for width in range(20, 90):
        monkeypatch.setenv("COLUMNS", str(width))
        with redirect_stdout(Screen()) as shown:
            output.print_rows(("note", "modified", "links"), rows, "none")
        text = shown.shown()
        assert text.count("2026-11-29 16:3") in (0, 2)
        assert all(cell_len(line) <= width for line in re.sub(r"\x1b\[\d*m", "", text).splitlines())
