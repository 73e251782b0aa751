"""The link graph: the neighbourhood of a note, a drawing for a terminal, and file formats.

``around``    the part of the graph around one note
``draw``      the links of one note, drawn for a terminal
``export``    the graph as text in one of the formats
``formats``   the formats, one module each
``listing``   nodes and edges as records, in a fixed order
``labels``    strings that every format and every terminal can handle
``xml_copy``  a copy whose strings are valid in XML
"""
