"""What happens while the key of the pseudonyms is replaced."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from placement.domain.rule_events import RulesetFounded
from placement.domain.terms import DossierId, Micros, SubjectId


class ChangeoverStep(IntEnum):
    """What two persons have to say alike."""

    BEGIN = 1
    END = 2


class PairState(IntEnum):
    """What has become of a pair; in snapshots."""

    RESOLVED = 1  # of an earlier changeover: the new pseudonym leads to the old subject
    AGREED = 2  # two persons said the same
    DISPUTED = 3  # two persons said otherwise than two others had
    LEFT = 4  # on record when a changeover ended, and without a pair
    GONE = 5  # left, and nothing was on record of them at the last erasure


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two subjects are one person under two keys.

    Attributes:
        old: the subject under which the person is on record.
        new: the subject of their pseudonym under the next key; empty of one that is
            left or gone.
    """

    old: SubjectId
    new: SubjectId


NO_DOSSIER: Final = DossierId(b"")
NO_PAIR: Final = Pair(old=SubjectId(bytes(32)), new=SubjectId(bytes(32)))
"""What is kept of a pair of nobody; a subject is a hash, and never this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CustodianNamed:
    """Whose pseudonyms the store knows.

    Attributes:
        key_id: SHA-256 of the custodian's public key.
        ruleset: what the store was made with; in its first record.
    """

    key_id: bytes
    ruleset: RulesetFounded | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeoverSaid:
    """The first of two persons said that the key shall be replaced, or that it is.

    Attributes:
        step: which of the two.
        to_key: id of the next key.
        person: person id, in the national unit.
        left: how many may be left without a pair.
        expires_at: until when somebody else may say the same.
    """

    step: ChangeoverStep
    to_key: bytes
    person: str
    left: int
    expires_at: Micros


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeoverBegun:
    """Pseudonyms under the next key are heard of, beside those in force.

    Attributes:
        from_key: id of the key in force.
        to_key: id of the next one.
        dossier: under whose key everything is sealed that is offered; empty in events
            from before there was one.
    """

    from_key: bytes
    to_key: bytes
    dossier: DossierId = NO_DOSSIER


@dataclass(frozen=True, slots=True, kw_only=True)
class PairsOffered:
    """Somebody who has the identifiers said which pseudonyms belong together.

    Attributes:
        organisation: of whoever said so.
        person: who.
        coordinates: whether they are a coordinator.
        pairs: as many as were offered. In place of one of somebody who is not on record
            stands ``NO_PAIR``, so that the event's size says nothing of who is.
    """

    organisation: str
    person: str
    coordinates: bool
    pairs: tuple[Pair, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeoverEnded:
    """The next key is in force, or was given up.

    Attributes:
        done: it is in force.
        left: who was on record without a pair. Whoever folds this later can't tell: what
            is erased since is not there for them.
    """

    done: bool
    left: tuple[SubjectId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeoverKept:
    """In a snapshot only: that there was a changeover before.

    Attributes:
        before: id of the key that was in force last; empty if none ended.
    """

    before: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class PairsKept:
    """Pairs, and what has become of them.

    In the log, those that lead from new subjects to old ones: of people on record alone.

    Attributes:
        state: what has become of them.
        pairs: they.
        dossier: under whose key resolved ones are sealed.
        first: they take the place of all resolved ones before.
    """

    state: PairState
    pairs: tuple[Pair, ...]
    dossier: DossierId = NO_DOSSIER
    first: bool = False


ChangeoverEvent = (
    CustodianNamed
    | ChangeoverSaid
    | ChangeoverBegun
    | PairsOffered
    | ChangeoverEnded
    | ChangeoverKept
    | PairsKept
)
