"""What an engine answers, as it comes to be rendered."""

from typing import Any

from placement.domain.terms import Revision
from placement.service.batch import Answer


def answer(reply: Any, revision: int = 7, leaf: int = 9) -> Answer:
    """Return a reply with the revision and the entry that came of it."""
    return Answer(reply=reply, revision=Revision(revision), leaf=leaf)
