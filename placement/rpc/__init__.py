"""The wire: connections, callers, and the translation between both worlds."""
