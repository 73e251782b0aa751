"""The reading view of a note: from Markdown to rows of styled pieces, without a terminal.

``pieces``     what is shown, and what a click on it does
``parser``     markdown-it-py with wiki-links, footnotes, marks and mathematics
``blocks``     paragraphs, code, tables and what holds them
``inline``     the inline tokens of a paragraph as pieces
``convert``    the tokens of a note as blocks
``callouts``   the kinds of callouts
``embeds``     the notes and sections that a note embeds
``math``       LaTeX as Unicode
``code``       the styles of source code
``wrap``       line breaks, with the rules of Chinese punctuation
``tables``     the widths of columns
``layout``     blocks as rows of a width
``place``      where a line of a text is in a later text
``note``       all of this for one note

Only ``pieces``, ``embeds`` and ``place`` are imported before the view is opened for the first time.
"""
