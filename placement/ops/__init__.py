"""What an operator runs on the machine itself, without the wire."""

import os

# gRPC writes lines of its own on standard error unless it is told not to before it is
# imported: one for each handshake that fails, so that any stranger could fill the disk.
os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
