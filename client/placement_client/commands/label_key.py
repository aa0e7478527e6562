"""``placement label-key``: the key under which coordinators name groups."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Final

import typer

from placement.api.v1.group_service_pb2 import ExchangeKey as Published
from placement.crypto.custody import read_secret, write_secret
from placement.crypto.exchange import EXCHANGE_LABEL, KEY_SIZE, ExchangeKey
from placement.errors import (
    ConflictError,
    InvalidInputError,
    NotFoundError,
    PlacementError,
    TamperedError,
    UnavailableError,
)
from placement_client.commands.hints import Hints, hinted
from placement_client.commands.report import Report, counted, note, table
from placement_client.commands.verb import Run, nouns, verb
from placement_client.groups import LabelKeys
from placement_client.handing import Hand, person_of
from placement_client.label_files import LabelFiles
from placement_client.labels import LabelKey, create_label_key
from placement_client.profile import load, save

app = nouns("Coordinators: the key under which groups are named.")

_NO_EXCHANGE: Final = "is not there; make one by placement label-key publish"
_PUBLISHED: Final = "Published your exchange key"
_PUBLISH: Final = (
    "Your exchange key is not published, so you would not get the label key that comes "
    "next. With a context as yourself, run: placement label-key publish"
)
_NOBODY: Final = (
    "published no exchange key, or several did under this id; they run placement "
    "label-key publish, and you name them as REGION/PERSON"
)
_HINTS: Final[Hints] = {
    NotFoundError: "They published no exchange key any more.",
    ConflictError: "The label key on this machine is not the one in force.",
    TamperedError: (
        "What the server gave out as somebody's key, or as a letter of theirs, is not "
        "theirs. Nothing of it was used. Tell the operator."
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Created:
    """Options of ``create``."""

    path: Annotated[Path, typer.Argument(help="A file that does not exist yet.")]


@verb(app, "create")
def create(run: Run, asked: Created) -> Report:
    """Draw a label key into a new file, and publish your exchange key.

    All coordinators share one key: draw it once, hand it over to the others (see
    publish, hand-over, fetch), and keep a copy in a safe. Without it no group has a
    name. Without a context of yours nothing can be published yet; it says so then.
    """
    create_label_key(asked.path)
    try:
        person, _revision = _published(run)
        context = run.common.context or load(run.path).current
        said = (
            f"{_PUBLISHED} as {person}, by the context {context}: you get the label key "
            "that comes next, too."
        )
    except TamperedError:
        raise
    except PlacementError:
        person, said = "", _PUBLISH
    return Report(
        data={"path": str(asked.path), "person": person},
        shown=[f"Wrote {asked.path}; only its owner may read it.", said],
    )


@verb(app, "publish")
def publish(run: Run) -> Report:
    """Publish your exchange key, so that another coordinator can hand you the label key.

    Its private half is drawn into a file beside the contexts when there is none.
    """
    me, revision = _published(run)
    said = (
        f"{_PUBLISHED}. A coordinator who has the label key runs: placement label-key "
        f"hand-over {me}. Then you run: placement label-key fetch"
    )
    return Report(data={"revision": revision, "person": me}, shown=[said])


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """Options of ``hand-over``."""

    person: Annotated[
        str,
        typer.Argument(metavar="PERSON", help="Person id, or REGION/PERSON."),
    ]


@verb(app, "hand-over")
def hand_over(run: Run, asked: Handed) -> Report:
    """Leave the label key for another coordinator, sealed to their exchange key.

    Nobody else can open it, and the server can't. Ask them whether they expect it.
    """
    hand, files = Hand.of(run.profile(), run.clock), run.label_files()
    keys = run.session().groups.label_keys()
    receiver = _receiver(keys.exchange_keys, asked.person)
    counting = {keys.key_id, keys.rotation.to_key_id if keys.rotation else b""}
    known = [key.id for key in files.read()]
    # Before the first name no key is in force, and any may be shared.
    meant = [each for each in known if each in counting] or known[:1]
    with hinted(_HINTS):
        sealed = [hand.seal_to(receiver, files.secret(each)) for each in meant]
        answer = run.session().groups.hand_over(hand.certificate, sealed)
    who = person_of(receiver)
    return Report(
        data={
            "revision": answer.revision,
            "person": who,
            "key_ids": [each.hex() for each in meant],
        },
        shown=[f"The label key lies ready for {who}: placement label-key fetch"],
    )


@verb(app, "fetch")
def fetch(run: Run) -> Report:
    """Take the label key that another coordinator left for you, and use it from now on."""
    hand, files = Hand.of(run.profile(), run.clock), _files(run)
    keys = run.session().groups.label_keys()
    with hinted(_HINTS):
        took = take(files, hand, keys, exchange_key(run))
    senders = ", ".join(took.values())
    if took:
        shown = [
            f"Took {counted(len(took), 'label key', 'label keys')} from {senders}."
        ]
    else:
        shown = ["Nothing lies ready for you. Ask a coordinator to hand it over."]
    return Report(
        data={
            "path": str(files.path),
            "keys": [
                {"key_id": key_id.hex(), "from": sender}
                for key_id, sender in took.items()
            ],
        },
        shown=shown,
    )


@verb(app, "show")
def show(run: Run) -> Report:
    """Show which label key is in force, which of them are here, and who could get it."""
    hand = Hand.of(run.profile(), run.clock)
    keys = run.session().groups.label_keys()
    known = _known(run)
    persons = [(person_of(each), _proven(hand, each)) for each in keys.exchange_keys]
    rotation = keys.rotation
    under_way = rotation and {
        "to": rotation.to_key_id.hex(),
        "by": f"{rotation.organisation}/{rotation.person}",
    }
    shown = [f"In force: {keys.key_id.hex() or 'none is named yet'}."]
    shown += [f"On this machine: {', '.join(known) or 'none'}."]
    if under_way:
        shown += [f"{under_way['by']} replaces it by {under_way['to']}."]
    rows = [(person, "yes" if proven else "NO") for person, proven in persons]
    return Report(
        data={
            "key_id": keys.key_id.hex(),
            "here": known,
            "rotation": under_way,
            "persons": [
                {"person": person, "verified": proven} for person, proven in persons
            ],
        },
        shown=[*shown, table(("Exchange key of", "Verified"), rows)],
    )


def take(
    files: LabelFiles, hand: Hand, keys: LabelKeys, exchange: ExchangeKey
) -> dict[bytes, str]:
    """Keep the label keys that lie ready; return from whom each came, by its id.

    The one in force first, so that it is the one that the context names.

    Raises:
        TamperedError: a letter does not verify; nothing of it is kept.
    """
    wanted = [keys.key_id, keys.rotation.to_key_id if keys.rotation else b""]
    took: dict[bytes, str] = {}
    for key_id in wanted:
        for letter in keys.handed:
            if letter.key_id == key_id or not any(wanted):
                files.keep(hand.open(letter, exchange))
                took[letter.key_id] = person_of(letter)
    if keys.key_id:
        files.settle(keys.key_id)
    return took


def exchange_key(run: Run, *, create: bool = False) -> ExchangeKey:
    """Read this context's exchange key; draw it if there is none and it may be.

    Raises:
        InvalidInputError: there is none, or it can't be used.
    """
    name = run.common.context or load(run.path).current
    path = run.path.with_name(f"exchange-{name}.key")
    if not path.exists() and not create:
        raise InvalidInputError("exchange_key", _NO_EXCHANGE)
    try:
        if not path.exists():
            write_secret(path, EXCHANGE_LABEL, secrets.token_bytes(KEY_SIZE))
            note(f"Wrote {path}; only its owner may read it.")
        return ExchangeKey(read_secret(path, EXCHANGE_LABEL))
    except (ConflictError, UnavailableError) as error:
        phrase = "must be a whole key file, readable by its owner only"
        raise InvalidInputError("exchange_key", phrase) from error


def _published(run: Run) -> tuple[str, int]:
    """Publish this context's exchange key; return whose it is, and the revision."""
    hand = Hand.of(run.profile(), run.clock)
    revision = publish_exchange_key(run, hand, exchange_key(run, create=True))
    return person_of(hand.me), revision


def publish_exchange_key(run: Run, hand: Hand, key: ExchangeKey) -> int:
    """Publish an exchange key under a signature; return the revision."""
    document = hand.exchange_document(person_of(hand.me), key.public)
    answer = run.session().groups.publish(
        key.public, hand.certificate, hand.signed(document)
    )
    return answer.revision


def _receiver(published: Sequence[Published], person: str) -> Published:
    """Return the one exchange key of a person.

    Raises:
        InvalidInputError: there is none, or more than one.
    """
    found = [each for each in published if person in (each.person, person_of(each))]
    if len(found) != 1:
        raise InvalidInputError("person", _NOBODY)
    return found[0]


def _files(run: Run) -> LabelFiles:
    """Return where the label keys lie; let the context name a file if it names none."""
    profile = run.profile()
    if not profile.label_key:
        contexts = load(run.path)
        name = run.common.context or contexts.current
        path = run.path.with_name(f"labels-{name}.key").absolute()
        save(contexts.add(name, replace(profile, label_key=str(path))), run.path)
        note(f"This context keeps the label key in {path} from now on.")
    return run.label_files()


def _known(run: Run) -> list[str]:
    """Return the ids of the label keys on this machine."""
    if not run.profile().label_key:
        return []
    try:
        found: Sequence[LabelKey] = run.label_files().read()
    except InvalidInputError:
        return []
    return [key.id.hex() for key in found]


def _proven(hand: Hand, published: Published) -> bool:
    """Tell whether an exchange key verifies; for showing only, never for sealing."""
    try:
        hand.verify_exchange(published)
    except TamperedError:
        return False
    return True
