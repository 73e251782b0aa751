"""Wall time as people read it."""

from datetime import datetime


def local_time(milliseconds: int) -> str:
    """Return wall time in ms since 1970 as local time, to the minute; "?" if there is no such date.

    Others claim such times: any number may come.
    """
    try:
        return datetime.fromtimestamp(milliseconds / 1000).strftime("%Y-%m-%d %H:%M")
    except (OverflowError, OSError, ValueError):
        return "?"
