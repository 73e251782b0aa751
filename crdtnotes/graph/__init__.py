"""The link graph: the part around a note, its picture in a terminal, and its file formats."""
