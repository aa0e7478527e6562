"""The command line: one module a noun, one function a command; prints and exits.

A command is a function from its options to a ``Report``; ``verb`` gives every command
the options that all of them have, prints the report and picks the exit code.
"""

import os

# gRPC writes lines of its own on standard error unless it is told not to before it is
# imported. What failed is said by the command, and why by ``doctor``.
os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
