"""The command line: one module a noun, one function a command; prints and exits.

A command is a function from its options to a ``Report``; ``verb`` gives every command
the options that all of them have, prints the report and picks the exit code.
"""
