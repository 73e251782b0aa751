"""Templates: notes with the initial text for new notes, in which ``{{…}}`` is replaced by a known value."""

import re
from datetime import date

FOLDER = "templates"
"""The notes in this folder are templates."""

DAILY = f"{FOLDER}/daily"
"""The template of each day's note."""

DEFAULT_DAILY = "# {{date}}\n\n"
"""The text of a day's note where there is no template."""

_PLACE = re.compile(r"\{\{\s*(date|title)\s*\}\}", re.IGNORECASE)


def filled(template: str, title: str, day: date) -> str:
    """The text of a new note: ``{{date}}`` becomes ``YYYY-MM-DD``, ``{{title}}`` its title."""
    values = {"date": day.isoformat(), "title": title}
    return _PLACE.sub(lambda place: values[place[1].lower()], template)


def is_fresh_day(name: str, text: str) -> bool:
    """Whether a note is a day's note with the text that it has without a template."""
    try:
        day = date.fromisoformat(name)
    except ValueError:
        return False
    return text == filled(DEFAULT_DAILY, name, day)
