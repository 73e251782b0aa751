"""`resign`, on a device that waits for the signature of one that is not coming back."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.program import Program
from tests.sync.circles import Members, meet
from tests.sync.test_resigning import id_of, isolated


@pytest.fixture
def members(tmp_path: Path) -> Iterator[Members]:
    members = Members(tmp_path)
    yield members
    members.close()


def test_a_person_signs_for_a_device_that_is_gone(members: Members) -> None:
    ana, cem, bo, _ = isolated(members)
    program = Program(cem.path, members.folder / "cem")
    waits = 'Nothing to sign.\n1 change still waits for "bo".\n'
    assert program.out("resign") == waits
    # Cem has never been connected with Bo, so it has been silent for long; but a person must say so.
    refused = program.run("resign", "--after", "30")
    assert (refused.exit_code, "which may still come back?" in refused.stderr) == (1, True)
    assert program.out("resign") == waits
    ana.replica.devices.revoke(id_of(bo))
    meet(cem, ana)
    done = json.loads(program.out("resign", "--json"))
    assert (done["waiting"], done["for"]) == (0, [])
    assert done["signed"] > 0
    assert program.out("resign") == "Nothing to sign.\n"


def test_a_person_signs_for_a_device_that_is_silent(members: Members) -> None:
    _, cem, _, _ = isolated(members)
    program = Program(cem.path, members.folder / "cem")
    assert program.out("resign", "--after", "0", "--yes").startswith("Signed ")
    assert json.loads(program.out("status", "--json"))["unsigned"] == 0
