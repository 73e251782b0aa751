"""The parts of the main screen and the bindings that it has from them."""

import pytest

from crdtnotes_tui.screens.device_actions import DeviceActions
from crdtnotes_tui.screens.list_actions import ListActions
from crdtnotes_tui.screens.main import MainScreen
from crdtnotes_tui.screens.navigation_actions import NavigationActions
from crdtnotes_tui.screens.note_actions import NoteActions
from crdtnotes_tui.screens.part import ScreenPart
from crdtnotes_tui.screens.peer_actions import PeerActions
from crdtnotes_tui.screens.vault_actions import VaultActions

PARTS = (DeviceActions, ListActions, NavigationActions, NoteActions, PeerActions, VaultActions)


def test_these_are_all_parts() -> None:
    assert set(ScreenPart.__subclasses__()) == set(PARTS)


@pytest.mark.parametrize("part", PARTS)
def test_each_binding_has_its_action_and_is_one_of_the_screen(part: type[ScreenPart]) -> None:
    for binding, on_screen in zip(part.BINDINGS, part.screen_bindings(), strict=True):
        assert callable(getattr(part, f"action_{binding.action}"))
        assert on_screen in MainScreen.BINDINGS
        assert (on_screen.key, on_screen.description) == (binding.key, binding.description)
