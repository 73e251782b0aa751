"""Importing a folder of Markdown files into a vault, and exporting a vault as such a folder.

``importer``    a folder's files become notes
``exporter``    notes become a folder's files
``incoming``    what one file does to its note
``outgoing``    the files that an export writes
``remembered``  what the vault remembers of a folder's files
``encodings``   recognises texts that are not UTF-8
``files``       rules about files that all share
``walk``        finds the notes in a folder
``outlining``   extracts the links of many texts, on every core
"""
