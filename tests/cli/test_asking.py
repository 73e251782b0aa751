"""The questions that people are asked on the terminal."""

import asyncio
import os
import sys

import pytest

from crdtnotes.cli.asking import ask_on_terminal

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
