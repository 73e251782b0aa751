"""Templates: notes with the initial text for new notes, in which ``{{…}}`` is replaced by a known value."""

import re
from datetime import date

FOLDER = "templates"
"""The notes in this folder are templates."""

DAILY = f"{FOLDER}/daily"
"""The template of each day's note."""

_PLACE = re.compile(r"\{\{\s*(date|title)\s*\}\}", re.IGNORECASE)


def filled(template: str, title: str, day: date) -> str:
    """The text of a new note: ``{{date}}`` becomes ``YYYY-MM-DD``, ``{{title}}`` its title."""
    values = {"date": day.isoformat(), "title": title}
    return _PLACE.sub(lambda place: values[place[1].lower()], template)
