"""A store with a past, as real servers leave it, and a client that looks at it.

Events and entries of every sort, keys of two epochs, checkpoints, cosignatures; more
leaves than the tree keeps one node for.
"""

from dataclasses import replace
from itertools import count
from typing import Any, Final

from sqlalchemy import insert

from kit.commands import (
    MOMENT,
    check,
    evaluate,
    open_case,
    presence,
    record_facts,
    register_groups,
    show_case,
)
from kit.engines import SIGNER, VERIFIER
from kit.stored import keys_of
from placement.access import Action
from placement.audit import note as notes
from placement.audit.checkpoint import Checkpoint, parse, require_follows
from placement.audit.details import Details, opened
from placement.audit.entry import parse as parse_entry
from placement.audit.merkle import leaf_hash, verify_inclusion
from placement.audit.note import Note, Signer, Verifier
from placement.crypto.custody import Custody
from placement.crypto.keyring import Purpose, new_key
from placement.crypto.signing import SigningKey, verify
from placement.domain.decide.command import Command
from placement.domain.terms import Micros
from placement.errors import AccessDeniedError, NotFoundError, TamperedError
from placement.service.batch import Batch
from placement.service.entries import Refused, Scribe
from placement.service.fold import found, load
from placement.store import tables
from placement.store.ledger import Ledger
from placement.store.log import Store

SIZES: Final = (1, 100, 256, 257, 300, 512, 520)
"""Of the checkpoints."""
COSIGNED: Final = (100, 300, 512)
LEAVES: Final = 530
"""The last ten stand under no checkpoint yet."""
NEWER: Final = 256
"""From this leaf on, everything is sealed under the keys of a second epoch."""
WITNESS: Final = Signer("witness.test/w", SigningKey(bytes([7]) * 32), time=1)
WITNESS_VERIFIER: Final = Verifier(WITNESS.public, verify)
_HASHING: Final = frozenset({Purpose.SUBJECT, Purpose.ALIAS, Purpose.PHANTOM})


def live(url: str, custody: Custody) -> None:
    """Make a store in an empty database, and let it live."""
    store = Store.create(url, custody, keys_of(url))
    found(store, bytes(32), MOMENT.now, MOMENT.ruleset)
    numbers = count()
    cases: list[bytes] = []
    for size in (*SIZES, LEAVES):
        if size > NEWER and store.ring.active(Purpose.EVENT)[0] == 1:
            store = _renewed(store, url, custody)
        with store.writing() as log:
            state, head = load(store)
            now = Micros(MOMENT.now + size * 1_000_000)
            moment = replace(MOMENT, now=now)
            scribe = Scribe(store.ring)
            batch = Batch(
                state,
                moment,
                scribe,
                head.leaves,
                lambda _: MOMENT.ruleset,
                vault=store.vault,
            )
            while head.leaves + len(batch.leaves) < size:
                batch.add(_item(next(numbers), cases))
            store.vault.flush()
            log.append(batch.payloads, batch.leaves)
            if size != LEAVES:
                log.publish(SIGNER)
    for size in COSIGNED:
        cosign(store, size)
    store.close()


def cosign(store: Store, size: int, signer: Signer = WITNESS) -> int:
    """Cosign a checkpoint as a witness does."""
    (made,) = Ledger(store).checkpoints(size, 1)
    own = notes.add(made, signer).signatures[-1]
    return Ledger(store).cosign(size, Note(made.text, (own,)))


def _item(number: int, cases: list[bytes]) -> Command | Refused:
    """Return what somebody attempts; most leave events, some are refused."""
    if number % 6 == 1:
        command = open_case(f"h{number}", f"i{number}")
        cases.append(command.handle)
        return command
    if not number:
        return register_groups("A", "B")
    return (
        lambda: check(cases[-1], "2480", "0180"),
        None,
        lambda: evaluate(2),
        lambda: record_facts(presence(), presence("B")),
        lambda: Refused(Action.CHECK, AccessDeniedError(), None),
        lambda: show_case(cases[-1]),
    )[number % 6]()


def _renewed(store: Store, url: str, custody: Custody) -> Store:
    """Give every purpose that seals a second key."""
    with store.changing() as connection:
        for purpose in Purpose:
            if purpose not in _HASHING:
                wrapped = new_key(custody, store.owner, purpose, 2).wrapped
                row = {"purpose": purpose.value, "epoch": 2, "wrapped": wrapped}
                connection.execute(insert(tables.epoch_key), row)
    store.close()
    return Store.open(url, custody, keys_of(url))


class Client:
    """Somebody who saw a checkpoint, holds it, and believes nothing else.

    Attributes:
        held: the newest checkpoint that it saw.
    """

    def __init__(self, held: Checkpoint) -> None:
        self.held = held

    @classmethod
    def of(cls, store: Store, size: int) -> "Client":
        """Return a client that saw the checkpoint of a size.

        Raises:
            PlacementError: there is none that the log signed.
        """
        made = next(iter(Ledger(store).checkpoints(size, 1)), None)
        if made is None:
            raise NotFoundError
        notes.verify(made, [VERIFIER])
        held = parse(made.text)
        if held.size != size:
            raise TamperedError
        return cls(held)

    def newest(self, store: Store, *, cosigned: bool = False) -> Checkpoint:
        """Take the newest checkpoint, if it follows the one that is held.

        Raises:
            PlacementError: it does not, or nothing comes.
        """
        ledger = Ledger(store)
        note = ledger.newest(cosignatures=int(cosigned))
        notes.verify(note, [VERIFIER])
        if cosigned:
            notes.verify(note, [WITNESS_VERIFIER])
        made = parse(note.text)
        if made.size < self.held.size:
            raise TamperedError
        proof = ledger.consistency(self.held.size, made.size)
        require_follows(self.held, made, proof)
        return made

    def look(self, store: Store, index: int) -> tuple[bytes, Details]:
        """Take an entry with its details, if the newest checkpoint vouches for it.

        Raises:
            PlacementError: it does not, or nothing comes.
        """
        return taken(store, index, self.newest(store))


def taken(store: Store, index: int, made: Checkpoint) -> tuple[bytes, Details]:
    """Take an entry with its details, if a checkpoint vouches for it.

    Raises:
        PlacementError: it does not, or nothing comes.
    """
    (kept,) = store.entries(index, 1)
    inclusion = Ledger(store).inclusion(index, made.size)
    proof: tuple[Any, ...] = (index, made.size, inclusion.hashes, made.root)
    verify_inclusion(leaf_hash(kept.entry), *proof)
    details = store.leaves.details(kept)
    if details is None:  # nothing was ever taken by law
        raise TamperedError
    return kept.entry, opened(details, parse_entry(kept.entry).details)
