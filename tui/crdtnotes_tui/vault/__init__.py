"""The vault as the editor uses it.

``vault_thread``   the vault, on a thread of its own
``result_cache``   results of slow queries, kept so that a list opens at once
``unsaved_files``  texts that the vault could not take, in files until it can
``read_marker``    what this person has seen so far
"""
