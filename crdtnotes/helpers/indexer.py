"""A process that builds the search index of many texts; `store/views/search_builder.py` stores it.

It reads the statement that makes the index's table, then notes, message by message; with an empty message it
has all of them, and answers with the rows of the tables that FTS5 keeps the index in. An empty answer comes
first, when it is ready, and one last.
"""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator
from typing import IO

import msgspec

from crdtnotes.helpers.pipes import ignore_interrupts, receive, send
from crdtnotes.markup.words import spaced

Note = tuple[int, str, str]
"""A note's row, the name that it shows, and its text."""

Rows = list[list[int | bytes]]
"""Some rows of a table."""

TABLES = ("data", "idx", "docsize")
"""Where FTS5 keeps an index that holds no copy of the texts (https://sqlite.org/fts5.html, 8): in tables with
the name of the index and these endings.
"""

END: tuple[str, Rows] = ("", [])

_PAGE = 256
# Rows in a message: a megabyte, about.

_notes_decoder: msgspec.msgpack.Decoder[list[Note]] = msgspec.msgpack.Decoder(list[Note])
_statement_decoder: msgspec.msgpack.Decoder[str] = msgspec.msgpack.Decoder(str)


def main() -> None:
    """Index what comes, answer, and end; end at once where the other side does."""
    ignore_interrupts()
    questions, answers = sys.stdin.buffer, sys.stdout.buffer
    send(answers, END)
    statement = receive(questions)
    if statement is None:
        return
    conn = sqlite3.connect(":memory:", isolation_level=None)
    conn.execute("PRAGMA journal_mode = OFF")  # nothing is ever undone here
    conn.execute(_statement_decoder.decode(statement))
    conn.execute("BEGIN")
    for notes in _notes(questions):
        conn.executemany(
            "INSERT INTO search (rowid, name, text) VALUES (?, ?, ?)",
            ((id, spaced(name), spaced(text)) for id, name, text in notes),
        )
    conn.execute("COMMIT")
    for table in TABLES:
        rows = conn.execute(f"SELECT * FROM search_{table}")
        while page := rows.fetchmany(_PAGE):
            send(answers, (table, page))
    send(answers, END)


def _notes(stream: IO[bytes]) -> Iterator[list[Note]]:
    """Yield the notes of each message; ends the process where the stream ends before they do."""
    while True:
        data = receive(stream)
        if data is None:
            raise SystemExit
        notes = _notes_decoder.decode(data)
        if not notes:
            return
        yield notes


if __name__ == "__main__":
    main()
