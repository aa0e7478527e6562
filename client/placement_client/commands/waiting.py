"""What to tell of a change that waits for a second coordinator."""


def waiting(*change_ids: bytes) -> list[str]:
    """Return a sentence for each change that waits; an empty id waits for nobody."""
    return [
        f"Change {each.hex()} waits for a second coordinator; until then its facts "
        "give REVIEW at most."
        for each in change_ids
        if each
    ]


def pending(change_id: bytes) -> list[str]:
    """Return the sentence for a change that has no effect before it is approved."""
    waits = f"Change {change_id.hex()} waits for a second coordinator"
    return [f"{waits}; until then nothing is changed."]
