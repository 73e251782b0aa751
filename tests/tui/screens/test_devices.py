"""The devices of the vault, in the editor."""

import asyncio
from pathlib import Path

import pytest
from textual.widgets import OptionList

from crdtnotes import Vault, own_keys
from crdtnotes.peering import pair as pairing
from crdtnotes.peering.codes import Role, read_code
from crdtnotes.peering.devices import list_devices
from crdtnotes.peering.join import join_vault
from crdtnotes.peering.service import Ways
from crdtnotes.store import Replica
from crdtnotes.sync.net.address import Address
from crdtnotes.trust import age, identity, key_lock
from crdtnotes.trust.identity import HOME_VARIABLE, own_identity
from crdtnotes_tui.screens.choice import Choice
from crdtnotes_tui.screens.devices import DevicesScreen
from crdtnotes_tui.screens.main import MainScreen
from crdtnotes_tui.screens.passphrase import PassphraseScreen
from crdtnotes_tui.screens.report import Report
from crdtnotes_tui.screens.revoking import RevokeScreen
from tests.peering.devices import served, ways
from tests.sync.circles import Members
from tests.sync.laptops import Laptop, founder, pair
from tests.sync.test_resigning import isolated
from tests.sync.wire import Wire, settle
from tests.trust.devices import device
from tests.tui.desktop import Desktop, desktop, vault_of
from tests.tui.loop import run, until

SIZE = (90, 30)


def chain(folder: Path) -> tuple[Laptop, Laptop]:
    """Ana has paired with Bo and with a reader, Bo with 陈; Ana knows it."""
    ana, bo = founder(folder), Laptop(folder, "bo")
    ana.add(bo)
    ana.add(Laptop(folder, "tablet"), Role.READER)
    bo.add(Laptop(folder, "陈"), Role.WRITER)
    one, other = ana.open(), bo.open()
    settle(Wire(one, other))
    one.close()
    other.close()
    ana.write("n", "text")
    return ana, bo


async def opened(workspace: Desktop, *see: str) -> DevicesScreen:
    await workspace.press("f6")
    await until(lambda: isinstance(workspace.app.screen, DevicesScreen))
    await workspace.sees("Devices of this vault", *see)
    screen = workspace.app.screen
    assert isinstance(screen, DevicesScreen)
    return screen


def highlight(screen: DevicesScreen, name: str) -> None:
    offered = screen.query_one(OptionList)
    prompts = [str(offered.get_option_at_index(at).prompt) for at in range(offered.option_count)]
    offered.highlighted = next(at for at, prompt in enumerate(prompts) if prompt.startswith(f"{name}  "))


def states(laptop: Laptop) -> dict[str, tuple[str, bool]]:
    with Vault.open(laptop.path, identity=laptop.identity) as vault:
        return {one.name: (one.role.word, one.active) for one in list_devices(vault)}


def test_devices_are_listed_with_role_state_and_origin(tmp_path: Path) -> None:
    ana, bo = pair(tmp_path)

    async def main() -> None:
        async with (
            served(bo),
            desktop(ana.path, None, SIZE, ways=ways(ana), identity=ana.identity) as workspace,
        ):
            await opened(workspace, "ana  owner  this device", "began the vault", "bo  owner", "added by ana")
            await workspace.press("escape")
            await until(lambda: isinstance(workspace.app.screen, MainScreen))

    run(main())


def test_who_is_connected_is_shown_while_the_list_is_open(tmp_path: Path) -> None:
    ana, bo = pair(tmp_path)

    async def main() -> None:
        async with desktop(ana.path, None, SIZE, ways=ways(ana), identity=ana.identity) as workspace:
            await opened(workspace, "bo  owner  never connected here")
            connections = workspace.app.main.collaboration.connections
            await until(lambda: connections.address is not None)
            assert connections.address is not None
            async with served(bo) as other:
                await other.follow(connections.address)
                await workspace.sees("bo  owner  connected")
                await until(lambda: connections.has_caught_up(bo.identity.id))
            await workspace.sees("bo  owner  last seen 20")

    run(main())


def test_a_vault_without_devices_says_how_to_pair_one(tmp_path: Path) -> None:
    async def main() -> None:
        async with desktop(vault_of(tmp_path / "v", n=""), "n", SIZE) as workspace:
            await opened(workspace, "No device has been paired yet: p pairs one.")
            await workspace.press("c", "x", "t", "down", "w")
            await workspace.sees("Nothing waits for the signature of another device.")

    run(main())


def test_a_role_is_changed(tmp_path: Path) -> None:
    ana, _ = chain(tmp_path)

    async def main() -> None:
        async with desktop(ana.path, "n", SIZE, ways=ways(ana), identity=ana.identity) as workspace:
            screen = await opened(workspace, "tablet  reader")
            highlight(screen, "tablet")
            await workspace.press("c")
            await workspace.sees(
                'What may "tablet" do? It is a reader now.', "w  writer: it may read and write"
            )
            await workspace.press("w")
            await workspace.sees('"tablet" is a writer now.', "tablet  writer")
            highlight(screen, "ana")
            await workspace.press("c", "r")
            await workspace.sees("A device cannot change its own role; another owner can.")

    run(main())
    assert states(ana)["tablet"] == ("writer", True)


def test_a_device_is_revoked_with_a_device_that_it_added(tmp_path: Path) -> None:
    ana, _ = chain(tmp_path)

    async def main() -> None:
        async with desktop(ana.path, "n", SIZE, ways=ways(ana), identity=ana.identity) as workspace:
            screen = await opened(workspace, "bo  owner")
            highlight(screen, "bo")
            await workspace.press("x")
            await workspace.sees('Revoke "bo"', "[ ] 陈")
            await workspace.press("space")
            await workspace.sees("[x] 陈")
            await workspace.press("a")
            await workspace.sees("[ ] 陈")
            await workspace.press("n")
            await until(lambda: workspace.app.screen is screen)
            assert states(ana)["bo"] == ("owner", True)
            await workspace.press("x")
            await until(lambda: isinstance(workspace.app.screen, RevokeScreen))
            await workspace.press("a", "y")
            await workspace.sees('Revoked "bo", "陈".', "revoked by ana")
            highlight(screen, "bo")
            await workspace.press("x")
            await workspace.sees('"bo" is revoked already.')

    run(main())
    assert {name: active for name, (_, active) in states(ana).items()} == {
        "ana": True,
        "bo": False,
        "tablet": True,
        "陈": False,
    }


def test_who_is_not_ticked_stays_and_goes_when_the_device_was_stolen(tmp_path: Path) -> None:
    ana, _ = chain(tmp_path)

    async def main() -> None:
        async with desktop(ana.path, "n", SIZE, ways=ways(ana), identity=ana.identity) as workspace:
            screen = await opened(workspace, "bo  owner")
            highlight(screen, "bo")
            await workspace.press("x")
            await until(lambda: isinstance(workspace.app.screen, RevokeScreen))
            await workspace.press("y")
            await workspace.sees(
                'Revoked "bo". "bo" had added "陈", which stays.', "bo  owner  revoked by ana"
            )
            highlight(screen, "bo")
            await workspace.press("t")
            await workspace.sees("goes too, unless", '"陈".')
            await workspace.press("y")
            await workspace.sees('Revoked "bo", "陈".')
            await workspace.press("l")
            await until(lambda: isinstance(workspace.app.screen, Report))
            await workspace.sees("founded", ": added as reader", ": revoked")

    run(main())
    assert "陈" not in {name for name, (_, active) in states(ana).items() if active}


def test_what_waits_for_a_device_is_signed_once_the_person_says_so(tmp_path: Path) -> None:
    members = Members(tmp_path)
    try:
        _, cem, _, _ = isolated(members)
        path, own = cem.path, cem.replica.signer.identity
    finally:
        members.close()
    never = Ways(lambda: own, "127.0.0.1", 0, discover=False)

    async def main() -> None:
        async with desktop(path, "A", SIZE, ways=never, identity=own) as workspace:
            screen = await opened(workspace, "bo  owner")
            await workspace.press("w")
            await until(lambda: isinstance(workspace.app.screen, Choice))
            await workspace.sees("1 change waits for signatures", '"bo" (never connected here)')
            await workspace.press("s")
            await workspace.sees('There is nothing to sign. 1 change still waits for "bo".')
            await workspace.press("w")
            await until(lambda: isinstance(workspace.app.screen, Choice))
            await workspace.press("a")
            await workspace.sees("Signed ")
            assert workspace.app.screen is screen

    run(main())
    with Vault.open(path, identity=own) as vault:
        assert vault.status()["unsigned"] == 0


def test_another_device_is_paired_with_a_role_chosen_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(pairing.pair_device.__kwdefaults__ or {}, "port", 0)
    ana, bo = founder(tmp_path), Laptop(tmp_path, "bo")
    ana.write("n", "text")

    async def agrees(host: str, digits: str) -> bool:
        return True

    async def main() -> None:
        async with desktop(ana.path, "n", (100, 40), ways=ways(ana), identity=ana.identity) as workspace:
            await opened(workspace)
            await workspace.press("p")
            await workspace.sees("What may the new device do?")
            await workspace.press("r")
            await workspace.sees("crdtnotes join", "add the address")
            lines = workspace.screen_text().splitlines()
            code = next(line for line in lines if "crdtnotes join " in line and "-" in line)
            address = next(line for line in lines if "add the address: " in line)
            joining = asyncio.create_task(
                join_vault(
                    read_code(code.partition("join ")[2].strip(" │")),
                    Address.typed(address.partition("address: ")[2].strip(" │")),
                    bo.path,
                    "bo",
                    agrees,
                    identity=bo.identity,
                )
            )
            await workspace.sees('"bo" knows the code', "y lets it join as a reader, n refuses it.")
            await workspace.press("w", "y")
            assert (await joining).role is Role.READER
            await workspace.sees("bo  reader")

    run(main())


def test_a_reader_is_told_that_it_may_only_read(tmp_path: Path) -> None:
    ana, bo = founder(tmp_path), Laptop(tmp_path, "bo")
    ana.write("n", "text")
    ana.add(bo, Role.READER)
    one, other = ana.open(), bo.open()
    settle(Wire(one, other))
    one.close()
    other.close()

    async def main() -> None:
        async with desktop(bo.path, "n", (100, 30), ways=ways(bo), identity=bo.identity) as workspace:
            await workspace.sees("read only: this device is a reader")
            for keys in (("x",), ("enter",), ("backspace",), ("delete",), ("alt+k",)):
                workspace.editor.caret_to(2)
                await workspace.press(*keys)
                if keys != ("alt+k",):  # the line holds no list item
                    await workspace.sees("Nothing was changed: this device may only read this vault.")
                assert workspace.text == "text"
                await workspace.press("escape")
                assert "Nothing was changed" not in workspace.screen_text()
            await workspace.press("down", "ctrl+t", "f6")
            await until(lambda: isinstance(workspace.app.screen, DevicesScreen))
            await workspace.press("c")
            screen = workspace.app.screen
            assert isinstance(screen, DevicesScreen | Choice)

    run(main())


def test_locked_keys_are_asked_for_before_anything_is_signed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(age, "LOG_N", 4)
    monkeypatch.setattr(identity, "_unlocked", {})
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "home"))
    monkeypatch.delenv(own_keys.FILE_VARIABLE, raising=False)
    own_identity()
    key_lock.lock("correct horse")
    path = vault_of(tmp_path / "v", n="old ")
    replica = Replica(path)
    replica.devices.admit(device(tmp_path, "bo").certificate, "bo")
    replica.close()
    identity.forget_unlocked()
    alone = Ways(host="127.0.0.1", port=0, discover=False)

    def asks(workspace: Desktop) -> bool:
        return isinstance(workspace.app.screen, PassphraseScreen)

    async def main() -> None:
        async with desktop(path, "n", SIZE, ways=alone) as workspace:
            await until(lambda: asks(workspace))
            await workspace.press("escape")
            await until(lambda: not asks(workspace))
            screen = await opened(workspace, "bo  owner")
            highlight(screen, "bo")
            await workspace.press("c")
            await until(lambda: isinstance(workspace.app.screen, Choice))
            await workspace.press("r")
            await until(lambda: asks(workspace))
            await workspace.sees("this device cannot sign anything")
            await workspace.type("correct horse")
            await workspace.press("enter")
            await workspace.sees('"bo" is a reader now.', "bo  reader")

    run(main())
