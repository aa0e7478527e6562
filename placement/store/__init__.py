"""The sealed, chained log and its snapshots; events are opaque bytes here."""
