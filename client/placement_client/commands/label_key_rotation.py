"""``placement label-key``: replace the key without losing a name.

In this order, so that a machine may stop at any point and the same command goes on:
the next key lies in a file; it lies ready for those who stay; the service knows that
the key is being replaced; every name is sealed anew; another coordinator verifies that
and puts the next key into force. Until then the old key opens every name.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Final

import typer

from placement.api.v1.group_service_pb2 import (
    BeginRotationRequest,
    Coordinator,
    ExchangeKey,
)
from placement.errors import (
    AccessDeniedError,
    ConflictError,
    InvalidInputError,
    NotFoundError,
    StaleError,
    TamperedError,
)
from placement_client.commands.hints import Hints, hinted
from placement_client.commands.label_key import (
    exchange_key,
    publish_exchange_key,
    take,
)
from placement_client.commands.report import Report, counted
from placement_client.commands.verb import Run, verb
from placement_client.groups import LabelKeys
from placement_client.handing import Hand, person_of
from placement_client.label_files import LabelFiles
from placement_client.labels import LabelKey
from placement_client.rotation import LOST, renew, verified

_NOT_MINE: Final = (
    "is being replaced by somebody else; run placement label-key fetch, then finish"
)
_NOTHING: Final = "is not being replaced; see placement label-key show"
_LOST_NEXT: Final = (
    "that comes next is not on this machine; run placement label-key fetch, or give it "
    "up by placement label-key finish --give-up"
)
_NOBODY_ELSE: Final = (
    "Whoever did before the replacing began gets the next label key, and nobody else. "
    "Others run placement label-key publish, and somebody hands it over."
)
_UNKNOWN: Final = "published no exchange key; see placement label-key show"
_HINTS: Final[Hints] = {
    AccessDeniedError: "Whoever began does not finish; another coordinator does.",
    ConflictError: "Somebody else was faster; see placement label-key show.",
    NotFoundError: "Somebody's exchange key is gone; see placement label-key show.",
    StaleError: "Names came meanwhile; run the command again.",
    TamperedError: (
        "A name, or somebody's key, is not what it is said to be. The old label key "
        "stays in force. Find out what happened before you go on, and give this one up: "
        "placement label-key finish --give-up"
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotated:
    """Options of ``rotate``."""

    without: Annotated[
        list[str] | None,
        typer.Option(
            metavar="REGION/PERSON", help="Who gets no label key any more; repeat."
        ),
    ] = None
    name_lost: Annotated[
        bool,
        typer.Option(
            "--name-lost", help="Give a word to names that no key opens any more."
        ),
    ] = False


def rotate(run: Run, asked: Rotated) -> Report:
    """Replace the label key: draw the next one, hand it over, seal every name under it.

    Everybody who published an exchange key gets it, but for those named by --without.
    If it stops, run it again. Another coordinator then runs placement label-key finish.
    """
    hand, files = Hand.of(run.profile(), run.clock), run.label_files()
    if run.label_book().unopened and not asked.name_lost:
        raise InvalidInputError("label_key", LOST)
    with hinted(_HINTS):
        old, new, persons = _begun(run, hand, files, asked.without or ())
        calls, list_groups = run.session().groups, run.session().registry.list_groups
        count = renew(calls, list_groups, (old, new), name_lost=asked.name_lost)
    said = (
        f"Sealed {counted(count, 'name', 'names')} under the next label key. Both are "
        "accepted until another coordinator runs: placement label-key fetch, then: "
        "placement label-key finish"
    )
    return Report(
        data={"key_id": new.id.hex(), "renewed": count, "persons": persons},
        shown=[said, *_who(persons)],
    )


def _persons(published: Iterable[ExchangeKey]) -> list[str]:
    return sorted(map(person_of, published))


def _who(persons: Sequence[str]) -> list[str]:
    """Say who gets the next label key; the service does not tell since when."""
    return [f"They published an exchange key: {', '.join(persons)}.", _NOBODY_ELSE]


def _begun(
    run: Run, hand: Hand, files: LabelFiles, without: Sequence[str]
) -> tuple[LabelKey, LabelKey, list[str]]:
    """Begin, or find what was begun; return both keys, and who has an exchange key.

    Raises:
        InvalidInputError: somebody else began, or a key is not here.
    """
    groups = run.session().groups
    keys = groups.label_keys()
    if keys.key_id:
        files.settle(keys.key_id)
    if keys.rotation is None:
        old, new = _begin(run, hand, files, keys, without)
        groups.begin_rotation(new)
        keys = groups.label_keys()
        next_key = _of(files, new.to_key_id, _LOST_NEXT)
        return old, next_key, _persons(keys.exchange_keys)
    if f"{keys.rotation.organisation}/{keys.rotation.person}" != person_of(hand.me):
        raise InvalidInputError("label_key", _NOT_MINE)
    take(files, hand, keys, exchange_key(run))
    next_key = _of(files, keys.rotation.to_key_id, _LOST_NEXT)
    return _in_force(files, keys), next_key, _persons(keys.exchange_keys)


def _begin(
    run: Run, hand: Hand, files: LabelFiles, keys: LabelKeys, without: Sequence[str]
) -> tuple[LabelKey, BeginRotationRequest]:
    """Draw the next key, and return what begins its way into force.

    Nothing is told to the service before the key lies in a file. Whoever begins gets
    it, too, so that it is found again should that file be lost.
    """
    old = _in_force(files, keys)
    own = exchange_key(run, create=True)
    publish_exchange_key(run, hand, own)
    published = {
        person_of(each): each
        for each in run.session().groups.label_keys().exchange_keys
    }
    if not set(without) <= published.keys():
        raise InvalidInputError("without", _UNKNOWN)
    staying = [each for person, each in published.items() if person not in without]
    for each in staying:
        hand.verify_exchange(each)
    new = files.draw_next()
    secret = files.secret(new.id)
    return old, BeginRotationRequest(
        from_key_id=keys.key_id,
        to_key_id=new.id,
        certificate=hand.certificate,
        keys=[hand.seal_to(each, secret) for each in staying],
        without=_coordinators(published[person] for person in without),
    )


def _coordinators(published: Iterable[ExchangeKey]) -> Sequence[Coordinator]:
    return [
        Coordinator(organisation=each.organisation, person=each.person)
        for each in published
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """Options of ``finish``."""

    give_up: Annotated[
        bool, typer.Option("--give-up", help="Let the old label key stay in force.")
    ] = False


def finish(run: Run, asked: Finished) -> Report:
    """Put the next label key into force, once every name was verified on this machine.

    For another coordinator than the one who ran placement label-key rotate. With
    --give-up, for anybody.
    """
    hand = Hand.of(run.profile(), run.clock)
    groups = run.session().groups
    keys = groups.label_keys()
    if keys.rotation is None:
        raise InvalidInputError("label_key", _NOTHING)
    to_key_id = keys.rotation.to_key_id
    with hinted(_HINTS):
        if asked.give_up:
            answer = groups.end_rotation(to_key_id, give_up=True)
            said, count, who = "Given up; the old label key stays in force.", 0, []
        else:
            files = run.label_files()
            take(files, hand, keys, exchange_key(run))
            both = _in_force(files, keys), _of(files, to_key_id, _LOST_NEXT)
            names = run.session().registry.list_groups().groups
            answer = groups.end_rotation(to_key_id, seen=verified(names, both))
            files.settle(to_key_id)
            count, who = len(names), _persons(keys.exchange_keys)
            said = (
                f"Verified {counted(count, 'name', 'names')}; the next label key is in "
                "force. Everybody else runs: placement label-key fetch"
            )
    return Report(
        data={"revision": answer.revision, "verified": count, "persons": who},
        shown=[said, *(_who(who) if who else ())],
    )


def _in_force(files: LabelFiles, keys: LabelKeys) -> LabelKey:
    """Return the key in force; the one of the context if none was ever named."""
    if not keys.key_id:
        return files.read()[0]
    return _of(files, keys.key_id, "in force is not on this machine; fetch it")


def _of(files: LabelFiles, key_id: bytes, phrase: str) -> LabelKey:
    for key in files.read():
        if key.id == key_id:
            return key
    raise InvalidInputError("label_key", phrase)


def register(app: typer.Typer) -> None:
    """Add these commands to their noun."""
    for command in (rotate, finish):
        verb(app, command.__name__)(command)
