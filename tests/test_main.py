"""The forms of the check command."""

import pytest

from tests import __main__ as command
from tests.shares import LONG, PLAIN_ALWAYS, PLAIN_UNLESS_FULL, RARE, SHARES, TESTS, is_left_out


def names(*arguments: str) -> list[str]:
    return [name for name, _ in command.checks(*command.read(arguments))]


def test_each_form_runs_its_checks() -> None:
    quick = ["style", "format", "types", "layers", "tests"]
    assert names("--quick") == quick
    assert names() == names("--full") == [*quick, "tests, compiled"]


@pytest.mark.parametrize(
    ("arguments", "share", "rest"),
    [
        ((), "usual", []),
        (("--quick", "-x"), "quick", ["-x"]),
        (("-k", "full", "--full"), "full", ["-k", "full"]),
        (("--quick", "tests/tui"), "quick", ["tests/tui"]),
        (("tests/fuzz/test_loop.py::test_x",), "usual", ["tests/fuzz/test_loop.py::test_x"]),
    ],
)
def test_further_arguments_go_to_pytest(arguments: tuple[str, ...], share: str, rest: list[str]) -> None:
    assert command.read(arguments) == (share, rest)
    assert command.checks(share, rest)[-1][1][-2 - len(rest) :] == ["--share", share, *rest]


@pytest.mark.parametrize(
    "arguments",
    [
        ("--quick", "--full"),
        ("--share", "full"),
        ("--share=full",),
        ("--quick", "tests/fuzz"),
        ("--quick", "tests/crashes/test_full.py::test_x"),
    ],
)
def test_what_makes_no_sense_together_is_one_sentence(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(arguments) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert len(said.err.splitlines()) == 1
    assert said.err.endswith(".\n")


@pytest.mark.parametrize("arguments", [("--help",), ("-h", "--quick")])
def test_help_names_every_form(arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(arguments) == 0
    said = capsys.readouterr().out
    assert all(f"python -m tests{form}" in said for form in ("", " --quick", " --full"))


def test_each_share_plays_at_least_what_a_smaller_one_plays() -> None:
    quick, usual, full = SHARES.values()
    for smaller, larger in ((quick, usual), (usual, full)):
        assert all(smaller.counts[name] <= larger.counts[name] for name in larger.counts)
        assert smaller.kills <= larger.kills
        assert smaller.frames <= larger.frames
        assert smaller.terminal_rounds <= larger.terminal_rounds
        assert smaller.power_edits <= larger.power_edits
        assert smaller.flipped_bits <= larger.flipped_bits


def test_what_is_left_out_is_there() -> None:
    assert all((TESTS / name).exists() for name in (*RARE, *LONG, *PLAIN_ALWAYS, *PLAIN_UNLESS_FULL))


def test_what_runs_on_the_compiled_types() -> None:
    screens, session = TESTS / "tui" / "test_app.py", TESTS / "sync" / "session"
    for name, share in SHARES.items():
        assert not is_left_out(screens, share, compiled=False)
        assert is_left_out(screens, share, compiled=True)
        assert is_left_out(session, share, compiled=True) == (name != "full")
        assert not is_left_out(TESTS / "store", share, compiled=True)
        for path in ("fuzz", "fuzz/test_loop.py", "sync/test_lan.py"):
            assert is_left_out(TESTS / path, share, compiled=False) == (name == "quick")
