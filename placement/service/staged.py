"""Rows of an import, read where they stand in the log."""

from placement.domain.erasure_events import Sealed
from placement.domain.import_events import ImportStaged
from placement.domain.terms import Revision
from placement.errors import NotFoundError, TamperedError, UnavailableError
from placement.store.log import Store


class StagedRows:
    """Reads staged rows; safe to share between threads.

    The state has only the place of what was staged. Whatever is read there is opened
    against the record before it, as the chain always is.

    Args:
        store: whose log.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def __call__(self, revision: Revision) -> ImportStaged:
        """Return what was staged in a revision.

        Raises:
            NotFoundError: the rows were erased.
            TamperedError: it does not verify, or something else stands there.
            UnavailableError: the database does not answer, or the log ends before.
        """
        store = self._store
        with store.reading() as connection:
            until = store.row.read(connection).last_event
            payload = store.base.event(connection, store.events, revision, until)
            if payload is None:
                raise UnavailableError  # it is not durable yet, or no longer what was seen
            event = store.vault.open(payload).event
            if not isinstance(event, ImportStaged | Sealed):
                raise TamperedError
        if isinstance(event, Sealed):
            store.vault.require_erased({event.dossier})
            raise NotFoundError
        return event
