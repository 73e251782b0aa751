"""Replaces TextArea's undo history: undo comes from the replica and covers the person's own edits only."""

from collections.abc import Callable

from textual.widgets.text_area import Edit, EditHistory


class NoHistory(EditHistory):
    """A history that stays empty. `moved` is called when the person moves the caret or enters the text."""

    def __init__(self, moved: Callable[[], None]) -> None:
        super().__init__(max_checkpoints=1, checkpoint_timer=0, checkpoint_max_characters=0)
        self._moved = moved

    def record(self, edit: Edit) -> None:
        """Record nothing."""

    def checkpoint(self) -> None:
        """Tell that the caret was moved: TextArea calls this when it is, other than by an edit."""
        self._moved()
