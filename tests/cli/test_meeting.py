"""The messages and questions that people see while two devices pair."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from crdtnotes.cli import meeting
from crdtnotes.cli.meeting import ask_on_terminal, join_vault
from crdtnotes.sync.net.address import Address
from crdtnotes.sync.peers.pairing import Joined
from crdtnotes.trust.code import read_code
from crdtnotes.trust.identity import HOME_VARIABLE
from crdtnotes.trust.pairing import Welcome

pytestmark = pytest.mark.skipif(not hasattr(os, "openpty"), reason="this system has no pseudo terminals")


def test_input_typed_before_a_question_does_not_answer_it(monkeypatch: pytest.MonkeyPatch) -> None:
    keyboard, terminal = os.openpty()
    try:
        with os.fdopen(terminal, encoding="utf-8") as stdin:
            monkeypatch.setattr(sys, "stdin", stdin)

            async def main() -> bool:
                os.write(keyboard, b"y\n")
                asking = asyncio.create_task(ask_on_terminal("Is it yours?"))
                await asyncio.sleep(0)
                os.write(keyboard, b"n\n")
                return await asking

            assert not asyncio.run(main())
    finally:
        os.close(keyboard)


def test_a_cancelled_question_ends_its_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    keyboard, terminal = os.openpty()
    try:
        with os.fdopen(terminal, encoding="utf-8") as stdin:
            monkeypatch.setattr(sys, "stdin", stdin)

            async def main() -> None:
                asking = asyncio.create_task(ask_on_terminal("Is it yours?"))
                await asyncio.sleep(0)
                asking.cancel()
                await asyncio.wait([asking])

            asyncio.run(main())
    finally:
        os.close(keyboard)
    assert capsys.readouterr().err == "Is it yours? [y/N] \n"


def test_interrupting_the_first_sync_tells_how_to_continue(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "home"))

    async def join(*_: object) -> Joined:
        return Joined(Welcome(bytes(16), bytes(32), (), 1), bytes(32), "ana", "10.0.0.1")

    async def first_sync(*_: object) -> None:
        raise asyncio.CancelledError

    monkeypatch.setattr(meeting, "join", join)
    monkeypatch.setattr(meeting, "_first_sync", first_sync)
    told: list[str] = []
    code = read_code("4821-otter-violin-maple")
    place = Address("10.0.0.1", 1, secure=True)
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(join_vault(code, place, tmp_path / "vault", "bo", lambda *_: None, told.append))
    assert told == [
        "This device is paired, but not all notes are here: `crdtnotes sync --once` fetches the rest."
    ]
