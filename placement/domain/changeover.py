"""Under which key pseudonyms are made, and how another one takes its place.

A *changeover* is the time in between. There is no arithmetic from a pseudonym under one
key to that under another, and the registry has no numbers: who holds a person's number
says that two pseudonyms are one person's.

Invariants:
    * one key is in force, and nobody is named but by a pseudonym under it; the old key
      stays in force until the changeover ends, so until then everything is found as ever;
    * a subject stays what it was first: a pair leads from a new pseudonym to it, and no
      fact, case or placement is written anew;
    * a pair counts once two persons said the same, one of them a coordinator: a false one
      would hide somebody who is on record;
    * whoever is on record without a pair when a changeover ends is *left*: their new
      pseudonym leads nowhere, and it could be anybody's. So nothing is CLEAR then, of
      nobody and nowhere (R10), until what is kept about them is erased;
    * who is left is said by the end itself. Whoever folds the log later lacks what was
      erased, from its beginning on, and so may let somebody go too early: they are
      *gone*, not forgotten, and each erasure asks again. By the last one that was read
      everything is there that there was when it happened.
"""

from collections.abc import Iterable, Iterator, KeysView
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice, repeat
from typing import Final, Protocol, assert_never

from placement.domain.changeover_events import (
    NO_DOSSIER,
    NO_PAIR,
    ChangeoverBegun,
    ChangeoverEnded,
    ChangeoverEvent,
    ChangeoverKept,
    ChangeoverSaid,
    CustodianNamed,
    Pair,
    PairsKept,
    PairsOffered,
    PairState,
)
from placement.domain.indexing import Indexes
from placement.domain.terms import CaseHandle, DossierId, Revision, SubjectId
from placement.errors import InvalidInputError

Offerer = tuple[str, str, bool]
"""Who offered a pair: organisation, person id, and whether they coordinate."""
_CHUNK: Final = 1000
"""Pairs in one record of a snapshot."""
_DOSSIER: Final = b"placement-pairs-v1"
_ID: Final = 16
_LEAST: Final = 64
"""Pairs that the log keeps at least, with those of nobody."""
_NONE: Final = SubjectId(b"")
_PERSONS: Final = 2
_SIZE: Final = 32
"""Bytes of a subject; a group's token has fewer."""


@dataclass(frozen=True, slots=True)
class Named:
    """Whom a request names, before it is looked up.

    Attributes:
        field: on the wire.
        under: by key id: the subject of the pseudonym under that key. The id is empty
            for one that names no key.
    """

    field: str
    under: tuple[tuple[bytes, SubjectId], ...]


class Known(Indexes, Protocol):
    """Where subjects stand in a state."""

    cases_of: dict[SubjectId, dict[CaseHandle, None]]


def stands(known: Known, subject: SubjectId) -> bool:
    """Tell whether somebody is on record."""
    places = (*_places(known), known.threats_by.keys())
    return any(subject in where for where in places)


def on_record(known: Known) -> set[SubjectId]:
    """Return everybody who is on record: what is not erased speaks of them."""
    found = {each for where in _places(known) for each in where}
    sources = known.threats_by.keys()
    return found.union(SubjectId(each) for each in sources if len(each) == _SIZE)


def _places(known: Known) -> tuple[KeysView[SubjectId], ...]:
    """Return where subjects are looked up, but as the source of a threat."""
    return (
        known.affiliations.keys(),
        known.same_as.keys(),
        known.ties.keys(),
        known.located.keys(),
        known.threats_against.keys(),
        known.cases_of.keys(),
    )


class Changeover:
    """What is known of the key of the pseudonyms, and of the one that comes next.

    Attributes:
        key: id of the key in force.
        before: id of the key that was in force before it; empty if there was none.
        changed: another key was in force once: whoever names none may mean either.
        begun: the changeover under way, or ``None``.
        said: what the first of two persons said, or ``None``.
        offers: by subject, then by who said it: the new subject.
        agreed: the same once two persons said so.
        disputed: subjects of whom two persons said otherwise than two others had.
        resolved: pairs of the changeover before, old subject by new one.
        kept_in: the dossier that these are in; empty of pairs from before there was one.
        left: who was on record without a pair when the key was replaced.
        gone: those of whom nothing was on record any more at the last erasure.
    """

    def __init__(self) -> None:
        self.key = b""
        self.before = b""
        self.changed = False
        self.begun: ChangeoverBegun | None = None
        self.said: ChangeoverSaid | None = None
        self.offers: dict[SubjectId, dict[Offerer, SubjectId]] = {}
        self.agreed: dict[SubjectId, SubjectId] = {}
        self.disputed: dict[SubjectId, None] = {}
        self.resolved: dict[SubjectId, SubjectId] = {}
        self.kept_in = NO_DOSSIER
        self.left: dict[SubjectId, None] = {}
        self.gone: dict[SubjectId, None] = {}
        self._taken: set[SubjectId] = set()

    @property
    def serves(self) -> frozenset[bytes]:
        """Ids of the keys with which a server may be set up that answers from this."""
        return frozenset({self.key} | ({self.before} - {b""}))

    def of(self, named: Named | SubjectId) -> SubjectId:
        """Return whom a request names; what is a subject already stays one.

        Raises:
            InvalidInputError: by no pseudonym under the key in force.
        """
        if not isinstance(named, Named):
            return named
        for key_id, subject in named.under:
            if key_id == self.key or not (key_id or self.changed):
                return self.resolved.get(subject, subject)
        raise InvalidInputError(
            named.field, "was made under a key that is not in force"
        )

    def pair(self, named: Named) -> Pair:
        """Return the two subjects that somebody says are one person.

        Raises:
            InvalidInputError: not one under each key of the changeover.
        """
        under = dict(named.under)
        begun = self.begun
        if begun is None or under.keys() != {begun.from_key, begun.to_key}:
            raise InvalidInputError(named.field, "must be under both keys")
        old = under[begun.from_key]
        return Pair(old=self.resolved.get(old, old), new=under[begun.to_key])

    def without_pair(self, known: Known) -> set[SubjectId]:
        """Return who is on record and has no pair yet."""
        return on_record(known) - self.agreed.keys()

    def apply(self, event: ChangeoverEvent) -> None:
        """Fold one event in.

        Raises:
            KeyError: it speaks of a changeover that isn't there.
        """
        match event:
            case CustodianNamed(key_id=key_id):
                # A custodian's own log goes on under its next key, without more ado.
                self.changed |= bool(self.key)
                self.before, self.key = self.key, key_id
            case ChangeoverSaid():
                self.said = event
            case ChangeoverBegun():
                self.begun, self.said = event, None
            case PairsOffered():
                offerer = (event.organisation, event.person, event.coordinates)
                for pair in event.pairs:
                    self._offer(offerer, pair)
            case ChangeoverEnded() if self.begun is not None:
                self._end(self.begun, event)
            case ChangeoverEnded():
                raise KeyError
            case ChangeoverKept(before=before):
                self.before, self.changed = before, True
            case PairsKept():
                self._keep(event)
            case _ as never:
                assert_never(never)

    def _offer(self, offerer: Offerer, pair: Pair) -> None:
        """Hear that two subjects are one; believe it of two persons."""
        if pair == NO_PAIR or self.agreed.get(pair.old) == pair.new:
            return
        offers = self.offers.setdefault(pair.old, {})
        offers[offerer] = pair.new
        alike = {who for who, new in offers.items() if new == pair.new}
        # By their ids alone, as with changes: one who works in two places is one.
        persons = {person for _, person, _ in alike}
        if len(persons) < _PERSONS or not any(coordinates for *_, coordinates in alike):
            return
        del self.offers[pair.old]
        if pair.old in self.agreed or pair.new in self._taken:
            self.disputed[pair.old] = None
        else:
            self._agree(pair)

    def _agree(self, pair: Pair) -> None:
        self.agreed[pair.old] = pair.new
        self._taken.add(pair.new)

    def _end(self, begun: ChangeoverBegun, event: ChangeoverEnded) -> None:
        if event.done:
            self.left |= dict.fromkeys(event.left)
            # Of one with a dossier, the events behind its end say it: offers are erased.
            agreed = {} if begun.dossier else self.agreed
            self.resolved = {new: old for old, new in agreed.items()}
            self.kept_in = NO_DOSSIER
            self.key, self.before = begun.to_key, begun.from_key
            self.changed = True
        self.begun, self.said = None, None
        self.offers, self.agreed, self.disputed = {}, {}, {}
        self._taken = set()

    def ending(self, known: Known, revision: Revision) -> Iterator[ChangeoverEvent]:
        """Yield what is kept of the pairs at the end: of those who are on record.

        Args:
            known: who is.
            revision: of the state at whose end it is written.
        """
        pairs = (
            Pair(old=old, new=new)
            for old, new in self.agreed.items()
            if stands(known, old)
        )
        yield from _kept(PairState.RESOLVED, _filled(pairs), pairs_dossier(revision))

    def faded(self, known: Known) -> bool:
        """Tell whether a pair is kept that need not be."""
        return not all(self._stays(known, old) for old in self.resolved.values())

    def remaining(self, known: Known, revision: Revision) -> Iterator[ChangeoverEvent]:
        """Yield the pairs that are kept, to take the place of all."""
        pairs = (
            Pair(old=old, new=new)
            for new, old in self.resolved.items()
            if self._stays(known, old)
        )
        yield from _kept(PairState.RESOLVED, _filled(pairs), pairs_dossier(revision))

    def _stays(self, known: Known, old: SubjectId) -> bool:
        """Tell whether a pair that leads to somebody is kept.

        Of whom something is offered it is, until the changeover is over: recorded anew
        they would be another subject, of whom the same new one is said, and disputed.
        """
        return stands(known, old) or old in self.agreed or old in self.offers

    def _keep(self, event: PairsKept) -> None:
        if event.first:
            self.resolved = {}
        if event.state is PairState.RESOLVED:
            self.kept_in = event.dossier
        for pair in event.pairs:
            match event.state:
                case PairState.RESOLVED if pair == NO_PAIR:
                    continue
                case PairState.RESOLVED:
                    self.resolved[pair.new] = pair.old
                case PairState.AGREED:
                    self._agree(pair)
                case PairState.DISPUTED:
                    self.disputed[pair.old] = None
                case PairState.GONE:
                    self.gone[pair.old] = None
                case _:  # left
                    self.left[pair.old] = None

    def forget(self, known: Known) -> None:
        """Let nobody be left of whom nothing is on record any more."""
        everybody = sorted(self.left.keys() | self.gone.keys())
        self.left = {each: None for each in everybody if stands(known, each)}
        self.gone = {each: None for each in everybody if each not in self.left}

    def records(self) -> Iterator[ChangeoverEvent]:
        """Yield events whose fold equals this, but for who is left."""
        if self.key:
            yield CustodianNamed(key_id=self.key)
        if self.changed:
            yield ChangeoverKept(before=self.before)
        resolved = (Pair(old=old, new=new) for new, old in self.resolved.items())
        agreed = (Pair(old=old, new=new) for old, new in self.agreed.items())
        yield from _kept(PairState.RESOLVED, resolved, self.kept_in)
        yield from _kept(PairState.AGREED, agreed)
        yield from _kept(PairState.DISPUTED, _alone(self.disputed))
        if self.begun is not None:
            yield self.begun
        if self.said is not None:
            yield self.said
        for old, offers in self.offers.items():
            for (organisation, person, coordinates), new in offers.items():
                yield PairsOffered(
                    organisation=organisation,
                    person=person,
                    coordinates=coordinates,
                    pairs=(Pair(old=old, new=new),),
                )

    def left_records(self) -> Iterator[PairsKept]:
        """Yield who is left: after what is erased, which asks who is on record."""
        yield from _kept(PairState.LEFT, _alone(self.left))
        yield from _kept(PairState.GONE, _alone(self.gone))


def _alone(subjects: Iterable[SubjectId]) -> Iterator[Pair]:
    return (Pair(old=each, new=_NONE) for each in subjects)


def pairs_dossier(revision: Revision) -> DossierId:
    """Return the id of the dossier that pairs are in which are written behind a revision.

    Nobody chooses it: who could, would have somebody's facts erased with them.
    """
    return DossierId(sha256(_DOSSIER + revision.to_bytes(8)).digest()[:_ID])


def _filled(pairs: Iterable[Pair]) -> Iterator[Pair]:
    """Add pairs of nobody up to a power of two: rows of the store count no people."""
    found = list(pairs)
    yield from found
    size = max(_LEAST, 1 << max(len(found) - 1, 0).bit_length())
    yield from repeat(NO_PAIR, size - len(found))


def _kept(
    state: PairState, pairs: Iterator[Pair], dossier: DossierId = NO_DOSSIER
) -> Iterator[PairsKept]:
    """Yield pairs in pieces; those of a dossier begin it, if there are none, too."""
    chunk, first = tuple(islice(pairs, _CHUNK)), bool(dossier)
    while chunk or first:
        yield PairsKept(state=state, pairs=chunk, dossier=dossier, first=first)
        chunk, first = tuple(islice(pairs, _CHUNK)), False
