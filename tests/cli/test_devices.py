"""`devices --log` and `revoke`, in a vault in which a stolen laptop has let others in."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from crdtnotes.store import Replica
from crdtnotes.trust.device_id import shown
from crdtnotes.trust.identity import Identity, own_identity
from crdtnotes.trust.records import Add, sign_record
from tests.cli.program import Program
from tests.sync.wire import Wire, settle

NAMES = ("ana", "thief", "spy", "mole")


class Circle:
    """ana has paired with thief, thief with spy, spy with mole; ana knows all of it."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder = folder
        self.identities: dict[str, Identity] = {}
        self.replicas: dict[str, Replica] = {}
        for name in NAMES:
            self._make(name, stack)
        for one, other in (("ana", "thief"), ("thief", "spy"), ("spy", "mole")):
            self.pair(one, other)
        for one in reversed(NAMES[:-1]):
            self.meet(one, NAMES[NAMES.index(one) + 1])

    def _make(self, name: str, stack: ExitStack) -> None:
        identity = own_identity(self.folder / name)
        vault = self.replicas["ana"].vault_id if self.replicas else None
        path = self.folder / f"{name}.crdtnotes"
        Replica.create(path, name, vault).close()
        self.replicas[name] = Replica(path, identity=lambda: identity)
        self.identities[name] = identity
        stack.callback(self.replicas[name].close)

    def pair(self, one: str, other: str) -> None:
        by = self.replicas[one]
        by.devices.admit(self.identities[other].certificate, other)
        self.replicas[other].devices.adopt(by.members.root or b"", by.devices.records())

    def meet(self, one: str, other: str) -> None:
        settle(Wire(self.replicas[one], self.replicas[other]))

    def program(self, name: str = "ana") -> Program:
        return Program(self.folder / f"{name}.crdtnotes", self.folder / name)

    def states(self) -> dict[str, str]:
        return {one["name"]: one["state"] for one in json.loads(self.program().out("devices", "--json"))}


@pytest.fixture
def circle(tmp_path: Path) -> Iterator[Circle]:
    with ExitStack() as stack:
        yield Circle(tmp_path, stack)


def test_a_stolen_laptop_goes_with_all_that_it_let_in(circle: Circle) -> None:
    out = circle.program().out("revoke", "--stolen", "thief", "--yes")
    assert out.splitlines() == ['Revoked "thief".', 'Revoked "mole".', 'Revoked "spy".']
    assert circle.states() == {"ana": "active", "thief": "revoked", "spy": "revoked", "mole": "revoked"}


def test_whom_another_member_has_added_as_well_stays(circle: Circle) -> None:
    own, replica = circle.identities["ana"], circle.replicas["ana"]
    add = Add(replica.vault_id, circle.identities["mole"].certificate, "mole", 1, own.id, 1)
    assert replica.devices.take_records([sign_record(add, own).data]) == 1
    circle.program().out("revoke", "--stolen", "thief", "--yes")
    assert circle.states() == {"ana": "active", "thief": "revoked", "spy": "revoked", "mole": "active"}


def test_with_yes_those_that_it_added_stay_and_are_named(circle: Circle) -> None:
    out = circle.program().out("revoke", "thief", "--yes")
    assert out.splitlines() == [
        'Revoked "thief".',
        '"thief" had added "mole", "spy", which stay. To revoke one: crdtnotes revoke',
    ]
    assert circle.states() == {"ana": "active", "thief": "revoked", "spy": "active", "mole": "active"}
    # It turns out that it was stolen: what it let in goes now.
    out = circle.program().out("revoke", "--stolen", "thief", "--yes")
    assert 'Revoked "spy".' in out
    assert set(circle.states().values()) == {"active", "revoked"}
    assert circle.states()["mole"] == circle.states()["spy"] == "revoked"


@pytest.mark.parametrize(
    ("typed", "gone"),
    [("none", set()), ("", set()), ("2", {"spy"}), ("1, 2", {"spy", "mole"}), ("all", {"spy", "mole"})],
)
def test_a_person_chooses_which_of_them_go(circle: Circle, typed: str, gone: set[str]) -> None:
    result = circle.program().run("revoke", "thief", stdin=f"y\n9\n{typed}\n")
    assert result.exit_code == 0, result.stderr
    assert '1  "mole"' in result.stderr
    assert '2  "spy"' in result.stderr
    assert "Type numbers from 1 to 2" in result.stderr
    assert {name for name, state in circle.states().items() if state == "revoked"} == {"thief", *gone}


def test_the_output_as_json(circle: Circle) -> None:
    document = json.loads(circle.program().out("revoke", "thief", "--yes", "--json"))
    assert [one["name"] for one in document["revoked"]] == ["thief"]
    assert [one["name"] for one in document["stay"]] == ["mole", "spy"]
    assert document["revoked"][0]["id"] == shown(circle.identities["thief"].id)


def test_a_device_that_the_stolen_one_let_in_is_told_what_to_do(circle: Circle) -> None:
    result = circle.program("spy").run("revoke", "--stolen", "thief", "--yes")
    assert result.exit_code == 1
    assert "--all-others" in result.stderr
    assert circle.states()["spy"] == "active"
    assert circle.program("spy").run("revoke", "--all-others", "--stolen", "--yes").exit_code == 2


def test_who_was_revoked_by_the_stolen_laptop_is_named(circle: Circle) -> None:
    circle.replicas["thief"].devices.revoke(circle.identities["spy"].id)
    circle.meet("thief", "ana")
    out = circle.program().out("revoke", "--stolen", "thief", "--yes")
    assert '"thief" had revoked "spy"; pair it again: crdtnotes pair' in out


def test_the_log_says_who_did_what_in_causal_order(circle: Circle) -> None:
    circle.program().out("revoke", "thief", "--yes")
    log = json.loads(circle.program().out("devices", "--log", "--json"))
    assert [(one["by"], one["event"], one["device"]) for one in log] == [
        ("ana", "founded", "ana"),
        ("ana", "added", "thief"),
        ("thief", "added", "spy"),
        ("spy", "added", "mole"),
        ("ana", "revoked", "thief"),
    ]
    times = [one["time"] for one in log]
    assert None not in times
    assert times == sorted(times)
    assert all(one["counts"] for one in log)
    assert log[1]["device_id"] == shown(circle.identities["thief"].id)
    assert log[1]["by_id"] == shown(circle.identities["ana"].id)
    lines = [line.split("\t") for line in circle.program().out("devices", "--log").splitlines()]
    assert [(line[1], line[3], line[4]) for line in lines] == [
        (one["by"], one["event"], one["device"]) for one in log
    ]


def test_the_log_of_what_has_no_effect(circle: Circle) -> None:
    circle.program().out("revoke", "--stolen", "thief", "--yes")
    lines = circle.program().out("devices", "--log").splitlines()
    assert sum("added, without effect" in line for line in lines) == 2


def test_the_log_of_a_vault_that_was_never_paired(tmp_path: Path) -> None:
    program = Program(tmp_path / "v.crdtnotes", tmp_path / "home")
    program.out("init")
    assert json.loads(program.out("devices", "--log", "--json")) == []
