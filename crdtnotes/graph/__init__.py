"""The link graph: the part around a note, its picture in a terminal, and its file formats.

``around``    the part of the graph around one note
``draw``      the links of one note, drawn for a terminal
``export``    the graph as text in one of the formats
``formats``   the formats, one module each
``listing``   nodes and edges as records, in one order
``labels``    strings that every format and every terminal can take
``xml_copy``  a copy whose strings XML can hold
"""
