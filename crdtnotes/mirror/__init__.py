"""Importing a folder of Markdown files into a vault, and exporting a vault as such a folder."""
