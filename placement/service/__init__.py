"""The engine, which is the one writer of a server, and the custodian beside it."""
