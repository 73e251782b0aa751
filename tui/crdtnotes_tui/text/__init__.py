"""Styling and editing of text, without a terminal.

``styling``          styles of the parts of a line
``graphemes``        characters of several code points
``words``            words for moving and deleting
``segmenter``        the words of Chinese, if a dictionary is installed
``link_completion``  the unfinished link before the caret
``list_editing``     Enter and Tab in lists
``find_replace``     finding and replacing in a note
``excerpt``          the lines that a preview shows
``reading``          a note as the rows of the reading view
``graph_drawing``    the local graph in cells
``path_completion``  paths as they are typed
``qr_code``          a QR code in cells
"""
