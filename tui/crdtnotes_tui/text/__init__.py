"""What a text looks like and how it is edited, without a terminal.

``styling``          which parts of a line have which style
``link_completion``  what is being typed inside of [[
``list_editing``     what Enter and Tab do in lists
``find_replace``     finding and replacing in a note
``excerpt``          what a preview shows
``markdown_view``    a note as Textual's Markdown widget takes it
``graph_drawing``    the local graph in cells
``qr_code``          a QR code in cells
"""
