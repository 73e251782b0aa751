"""The link graph: the neighbourhood of a note, a drawing for a terminal, and file formats."""
