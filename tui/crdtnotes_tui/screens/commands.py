"""Commands with their keys, made from the active bindings."""

from collections.abc import Iterable
from typing import NamedTuple

from textual.app import App
from textual.binding import ActiveBinding, Binding
from textual.dom import DOMNode

from crdtnotes_tui.terminal_keys import UNBOUND

LETTERS = "letters"
"""The id of the command that lets a letter stand for Alt and the letter."""

ALT = "alt+"


class Command(NamedTuple):
    """What some keys do, and the node whose action it is."""

    node: DOMNode
    bindings: list[Binding]
    """One for each key."""
    enabled: bool

    @property
    def binding(self) -> Binding:
        """The binding that describes it: ours, if TextArea has the same."""
        return next((one for one in self.bindings if one.id), self.bindings[0])

    @property
    def description(self) -> str:
        """A few words."""
        return self.binding.description

    @property
    def action(self) -> str:
        """The action of the node."""
        return self.binding.action

    def keys(self, app: App[None]) -> list[str]:
        """Return the keys as they are shown."""
        return [app.get_key_display(one) for one in self.bindings if one.key != UNBOUND]


def commands(active: Iterable[ActiveBinding]) -> list[Command]:
    """Return all that has a description, in the order of the bindings."""
    found: dict[tuple[DOMNode, str], Command] = {}
    for node, binding, enabled, _ in active:
        if binding.description and not binding.system and not _sideways(binding):
            command = found.setdefault((node, binding.action), Command(node, [], enabled))
            if all(one.key != binding.key for one in command.bindings):
                command.bindings.append(binding)
    return list(found.values())


def by_letter(active: Iterable[ActiveBinding]) -> dict[str, Command]:
    """Return our commands with a key of Alt, by the key without Alt."""
    return {
        binding.key.removeprefix(ALT): command
        for command in commands(active)
        for binding in command.bindings
        if binding.id is not None and binding.key.startswith(ALT) and command.enabled
    }


def _sideways(binding: Binding) -> bool:
    """Whether this is one of Textual's bindings for scrolling sideways, which is of no use here."""
    return binding.action in ("page_left", "page_right")
