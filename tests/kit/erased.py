"""What the law took, without anybody having asked for it, and a world in a store."""

from collections.abc import Callable

from sqlalchemy import update

from kit.stored import leaf
from kit.world import NOW, World
from placement.audit.merkle import leaf_hash
from placement.crypto.keyring import Purpose
from placement.domain.dossiers import begun_by, dossier_of
from placement.domain.erasure_events import DossiersErased
from placement.domain.events import Event, Record
from placement.domain.terms import DossierId, Micros
from placement.store import tables
from placement.store.codec import encode
from placement.store.log import Store

DOSSIER = DossierId(b"what was erased!")


def say_erased(store: Store, *dossiers: bytes) -> None:
    """Have the log say that dossiers are erased."""
    event = DossiersErased(dossiers=tuple(map(DossierId, dossiers)))
    with store.writing() as log:
        log.append([encode(Record(at=Micros(0), event=event))], [])


def take(store: Store, taken: Callable[[int], bool], *, say: bool = True) -> None:
    """Leave of some entries' details what is left of those of an erased case."""
    table = tables.leaf.c
    epoch, sealer = store.ring.active(Purpose.DETAILS)
    kept = [each for each in store.entries(0, 10_000) if taken(each.index)]
    with store.changing() as connection:
        for leaf in kept:
            place = store.leaves._place(epoch, leaf.index, leaf_hash(leaf.entry))
            blob = sealer.seal(b"\x02" + DOSSIER + bytes(60), context=place)
            row = {"details_epoch": epoch, "details_blob": blob}
            connection.execute(
                update(tables.leaf).where(table["index"] == leaf.index).values(row)
            )
    if say:
        say_erased(store, DOSSIER)


class Kept(World):
    """A world whose events are appended to a store, each as an engine would.

    Args:
        store: an empty one.

    Attributes:
        records: what was appended.
    """

    def __init__(self, store: Store) -> None:
        super().__init__()
        self.store = store
        self.records: list[Record] = []

    def apply(self, event: Event) -> None:
        self.write(Record(at=NOW, event=event))

    def write(self, *records: Record) -> None:
        """Append records in one transaction, with one leaf."""
        payloads = []
        for record in records:
            dossier = dossier_of(record.event, self.state)
            begun = begun_by(record.event, self.state)
            self.store.vault.begin([] if begun is None else [begun])
            payloads.append(self.store.vault.seal(record, dossier))
            self.state.apply(record)
        self.records += records
        with self.store.writing() as log:
            self.store.vault.flush()
            log.append(payloads, [leaf(b"entry")])

    def erase(self, *dossiers: bytes, destroy: bool = True) -> None:
        """Erase, and have the keys destroyed unless that is left to somebody else."""
        self.apply(DossiersErased(dossiers=tuple(map(DossierId, dossiers))))
        if destroy:
            self.store.vault.owe(self.state.erasures.erased)
            self.store.vault.settle()
