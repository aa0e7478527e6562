"""One module a noun; each function is ``(state, command, context) -> Decision``."""
