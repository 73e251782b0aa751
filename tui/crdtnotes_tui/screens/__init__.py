"""The main screen, and the screens that open above it.

``main``                the editor and the panels around it
``part``                the base of the parts of the main screen, the six below
``navigation_actions``  opening notes: by name, search, link, date, back and forward
``note_actions``        renaming, deleting, restoring and erasing the open note
``erasing``             what erasing promises and what it does not
``list_actions``        actions that begin with a list, and the sample notes
``vault_actions``       import, export, backup, and the state of the vault
``path_prompt``         asks for a path and completes it
``peer_actions``        connecting with peers, and the list of their changes
``pairing``             showing a code, giving one, where peers can connect
``device_actions``      opening the list of devices
``devices``             the devices of the vault, and what can be done with them
``revoking``            asks before a device is revoked
``choice``              a question with a few answers, each with a key
``report``              a text to read
``picker``              a list to choose from while typing
``switcher``            opens or creates a note
``search``              searches all notes
``headings``            goes to a heading
``list_pickers``        lists of tags, links, notes and templates
``recent_changes``      the changes that came in
``key_help``            all keys
``command_provider``    the order of the commands in the palette
``commands``            commands with their keys
``letters``             commands by a letter, where Alt does not work
``passphrase``          asks for the passphrase of this device's keys
``prompt``              asks for one line of text
``modal``               a screen that returns one result, once
"""
