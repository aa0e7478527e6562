"""The state as the fold of a store's log, from its snapshot onwards.

Invariants:
    * a snapshot is nothing but a shorter log: the fold of its records and of the tail
      behind it is the fold of the whole log;
    * a snapshot or record that does not verify stops the fold; nothing is skipped.
"""

import struct
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Final

from placement.domain.changeover_events import CustodianNamed
from placement.domain.events import Event, Record
from placement.domain.rolled import require_whole
from placement.domain.rule_events import RulesetFounded
from placement.domain.ruleset import Ruleset
from placement.domain.state import State
from placement.domain.stay_events import AgendaKept
from placement.domain.terms import Micros, Revision
from placement.errors import StaleError, TamperedError
from placement.service.manners import StoppedError
from placement.store.codec import decode, encode
from placement.store.head import Head
from placement.store.log import Log, Store
from placement.store.snapshot import MAX_PART, at_once, load_snapshot, write_snapshot

_LENGTH: Final = struct.Struct(">I")


def load(
    store: Store, *, anew: bool = False, pace: Callable[[], None] = at_once
) -> tuple[State, Head]:
    """Fold the snapshot, if any, and the log behind it.

    Args:
        store: whose log.
        anew: from the first record on, whatever snapshot there is.
        pace: called before each record.

    Returns:
        The state and the head it stands at.

    Raises:
        TamperedError: something stored does not verify.
        UnavailableError: the database does not answer.
    """
    state, start = State(), Head.GENESIS
    if not anew:
        state, start = _from_snapshot(store, pace=pace)
    with store.following(start) as (head, tail):
        for _, payload in tail:
            pace()
            state.apply(store.vault.open(payload))
    # Another server may have erased something since this reading began.
    store.vault.require_erased(state.erasures.unproven)
    return state, head


def go_on(store: Store, log: Log, state: State, head: Head) -> None:
    """Fold what a log has behind a head that a state stands at.

    Raises:
        TamperedError: something stored does not verify.
        UnavailableError: the database does not answer.
    """
    if head == log.head:
        return
    for _, payload in log.tail(head):
        state.apply(store.vault.open(payload))
    store.vault.require_erased(state.erasures.unproven)


def fold_until(store: Store, revision: Revision) -> Iterator[State]:
    """Fold the log up to a revision, a record at a time.

    Yields:
        The one state, as it grows; in the end at that revision.

    Raises:
        TamperedError: something stored does not verify, or the log ends before.
        UnavailableError: the database does not answer.
    """
    state, start = _from_snapshot(store, most=revision)
    if start.revision:
        yield state
    with store.following(start) as (_, tail):
        for number, payload in tail:
            if number > revision:
                break
            state.apply(store.vault.open(payload))
            yield state
    store.vault.require_erased(state.erasures.unproven)
    if state.revision != revision:
        raise TamperedError


def _from_snapshot(
    store: Store,
    *,
    most: Revision | None = None,
    pace: Callable[[], None] = at_once,
) -> tuple[State, Head]:
    """Fold the snapshot; nothing if there is none, or none up to a revision.

    Raises:
        TamperedError: it does not verify.
        UnavailableError: the database does not answer.
    """
    while True:
        with suppress(StaleError):  # another server wrote a newer snapshot meanwhile
            state, snapshot = State(), load_snapshot(store)
            if snapshot is None or (most is not None and snapshot[0].revision > most):
                return state, Head.GENESIS
            start, parts = snapshot
            last: Event | None = None
            for part in parts:
                for payload in _unpack(part):
                    pace()
                    record = decode(payload)
                    state.apply(record)
                    last = record.event
            require_whole(state.roll)
            if not isinstance(last, AgendaKept):  # written before there was an agenda
                state.agenda.keep(())
            state.revision = Revision(start.revision)
            return state, start


def found(store: Store, custodian: bytes, at: int, ruleset: Ruleset | None) -> None:
    """Write the first record of an empty store.

    Args:
        store: which is empty.
        custodian: id of the key whose pseudonyms it will know.
        at: the time, microseconds.
        ruleset: in force until another is adopted; a custodian's own store has none.

    Raises:
        UnavailableError: the database does not answer.
    """
    made_with = None if ruleset is None else RulesetFounded(content=ruleset.content)
    event = CustodianNamed(key_id=custodian, ruleset=made_with)
    with store.writing() as log:
        log.append([encode(Record(at=Micros(at), event=event))], ())


def covered(store: Store) -> Head:
    """Return the head that the store's snapshot was taken at; the first one without.

    Raises:
        TamperedError: the snapshot does not verify.
        UnavailableError: the database does not answer.
    """
    snapshot = load_snapshot(store)
    return Head.GENESIS if snapshot is None else snapshot[0]


def keep(
    store: Store, state: State, head: Head, pace: Callable[[], None] = at_once
) -> bool:
    """Write the state as the store's snapshot, unless it is overtaken.

    Args:
        store: where.
        state: what is kept.
        head: where the state stands.
        pace: called behind each record; what it raises ends this before anything is
            written, and nothing after that.

    Returns:
        Whether it was written: see ``write_snapshot``.

    Raises:
        TamperedError: the log is not where the state says.
        UnavailableError: the database does not answer, or an epoch began meanwhile.
    """

    def to_the_end() -> None:
        with suppress(StoppedError):  # or all parts were written for nothing
            pace()

    return write_snapshot(store, head, _pack(_encoded(state, pace)), to_the_end)


def _encoded(state: State, pace: Callable[[], None]) -> Iterator[bytes]:
    for record in state.records():
        yield encode(record)
        pace()


def _pack(payloads: Iterable[bytes]) -> Iterator[bytes]:
    """Join payloads, each behind its length in 4 bytes, into parts.

    Behind the last one come zeros, so that there is a power of two of bytes, or of whole
    parts: how large a state is shows no closer than that.
    """
    part, whole = bytearray(), 0
    for payload in payloads:
        if len(part) + _LENGTH.size + len(payload) > MAX_PART:
            yield bytes(part.ljust(MAX_PART, b"\0"))
            part.clear()
            whole += 1
        part += _LENGTH.pack(len(payload)) + payload
    if not whole:
        yield bytes(part)  # the seal pads it
        return
    yield bytes(part.ljust(MAX_PART, b"\0"))
    for _ in range(whole + 1, 1 << whole.bit_length()):
        yield bytes(MAX_PART)


def _unpack(part: bytes) -> Iterator[bytes]:
    """Split a part again; a length of nothing begins the padding of a whole one.

    Raises:
        TamperedError: the lengths don't add up.
    """
    at = 0
    while at < len(part):
        begin = at + _LENGTH.size
        length = int.from_bytes(part[at:begin])
        if not length:
            if len(part) != MAX_PART or any(part[at:]):
                raise TamperedError
            return
        at = begin + length
        if at > len(part):
            raise TamperedError
        yield part[begin:at]
