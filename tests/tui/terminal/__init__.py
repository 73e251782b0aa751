"""The editor in real pseudo terminals: raw bytes in, a screen and an exit code out.

Textual's pilot runs the app without a driver, without signals and without `run`: what happens between the
terminal, the process and the shell can be seen here only.

``process``  a process in a pseudo terminal of its own
``screen``   what a terminal shows: the model that the process's output is drawn on
``sent``     the bytes that terminals send for keys, pastes and the mouse
``play``     random bytes for two editors whose replicas sync

`python -m tests.tui.terminal --minutes 60 --seed 1` plays more than the suite does.
"""
