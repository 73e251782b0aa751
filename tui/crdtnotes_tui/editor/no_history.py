"""Replaces TextArea's undo history: undo comes from the replica and covers the person's own edits only."""

from textual.widgets.text_area import Edit, EditHistory


class NoHistory(EditHistory):
    """A history that stays empty."""

    def __init__(self) -> None:
        super().__init__(max_checkpoints=1, checkpoint_timer=0, checkpoint_max_characters=0)

    def record(self, edit: Edit) -> None:
        """Record nothing."""
