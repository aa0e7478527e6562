"""Names of groups while somebody types, in a shell that completes words."""

from os import environ
from typing import Final

from placement.errors import PlacementError
from placement_client.calls import Patience
from placement_client.label_book import LabelBook
from placement_client.label_files import LabelFiles
from placement_client.profile import contexts_path, load
from placement_client.session import Session

_DEADLINE: Final = 2.0  # seconds; nobody waits longer for a word


def group_names(incomplete: str) -> list[str]:
    """Return the registered names that a beginning may mean; none if that fails.

    Secret: incomplete, and the result
    """
    try:
        profile = load(contexts_path(environ)).profile(
            environ.get("PLACEMENT_CONTEXT", "")
        )
        if not profile.label_key:
            return []
        keys = LabelFiles.of(profile).read()
        with Session.open(
            profile, patience=Patience(deadline=_DEADLINE, pauses=())
        ) as session:
            book = LabelBook(keys, session.registry.list_groups())
        found = book.find(incomplete) if incomplete else book
        return [label.name for label in found]
    except PlacementError:
        return []
