"""What two officers say together, at the machine, where nobody is a caller.

They sign a *statement*, each with a key of their own (``older key``): the text of a
signed note (``audit/note.py``), whose first line says what it is for. What follows from
it is an entry of the access log, in the role ``officer``, with their names and their
reason; never without.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Final

from placement.access import Action
from placement.app import micros
from placement.audit import note as notes
from placement.audit.note import Signer, Verifier
from placement.audit.written import Written
from placement.config import Settings
from placement.crypto.files import write_file
from placement.crypto.signing import OFFICER_LABEL, SigningKey, verify
from placement.domain.events import Event, Record
from placement.domain.terms import Micros
from placement.errors import TamperedError, UnavailableError
from placement.ops.profile import OFFICERS, named, officer_keys
from placement.service.entries import Scribe
from placement.store.codec import encode
from placement.store.head import Head
from placement.store.log import Store

MAX_REASON: Final = 200
HOLDS: Final = timedelta(days=1)
_NEEDED: Final = "Two officers have to sign, each with a key of their own."
_TIME: Final = "%Y-%m-%dT%H:%M:%SZ"


def sign(path: Path, title: str, name: str, key: Path) -> str:
    """Put an officer's signature under the statement in a file, once.

    Args:
        path: where the statement is.
        title: its first line.
        name: the officer's.
        key: the officer's key file.

    Returns:
        What to say: what was signed, and who has.

    Raises:
        OSError: the file can't be read or written.
        PlacementError: the note or the key is none.
        ValueError: it is another statement.
    """
    content = path.read_bytes()
    signer = Signer(name, SigningKey.open(key, OFFICER_LABEL))
    if not content.startswith(f"{title}\n".encode()):
        raise ValueError(f"{path}: is no such statement")
    if b"\n\n" not in content:
        signed = notes.sign(content.decode("utf-8"), signer)
    else:
        signed = _signed(read_signed(path), signer)
    write_file(path, notes.render(signed), replace=True)
    names = sorted({one.name for one in signed.signatures})
    return (
        f"Signed:\n{signed.text}Signatures of {len(names)}: {', '.join(names)}."
        f" {_NEEDED} Others' are verified where it is accepted."
    )


def _signed(signed: notes.Note, signer: Signer) -> notes.Note:
    """Sign a note, in the place of what stands there as the same officer's.

    Nobody verified that: whoever wrote it may be another.
    """
    own = (signer.public.name, signer.public.key_id)
    others = [one for one in signed.signatures if (one.name, one.key_id) != own]
    made = notes.sign(signed.text, signer).signatures
    return notes.Note(signed.text, (*others, *made))


def read_signed(path: Path) -> notes.Note:
    """Read a statement that somebody has signed; no signature is verified yet.

    Raises:
        OSError: the file can't be read.
        TamperedError: it is none, or has another form than it was signed in.
        UnavailableError: nobody has signed it.
    """
    content = path.read_bytes()
    try:
        return notes.parse(content)
    except TamperedError as error:
        if b"\n\n" not in content:
            raise missing(f"Nobody has signed {path} yet.") from None
        error.because(f"{path} is no signed statement, or was altered since.")
        raise


def officers_of(settings: Settings, signed: notes.Note) -> tuple[str, ...]:
    """Return who signed a statement.

    Raises:
        TamperedError: an officer's signature does not verify.
        UnavailableError: fewer than two officers have signed. Whose key stands under two
            names is none.
        ValueError: a key in the settings is none, or of the wrong kind.
    """
    keys = set(officer_keys(settings))
    given = {(one.name, one.key_id) for one in signed.signatures}
    asked = [key for key in keys if (key.name, key.key_id) in given]
    if asked:
        try:
            notes.verify(signed, [Verifier(key, verify) for key in asked])
        except TamperedError as error:
            error.because(
                "A signature is not of this text: it was altered since, or signed with"
                " another officer's key than that of the name."
            )
            raise
    known = named(keys)
    found = {known.get(key.public_key) for key in asked}
    names = sorted(name for name in found if name is not None)
    if len(names) < OFFICERS:
        by = " and ".join(names) or "none whom the setting officers names"
        if not keys:
            by = "nobody who counts: the setting officers is missing"
        raise missing(f"So far it was {by}.")
    return tuple(names)


def require_reason(reason: str) -> None:
    """Refuse what is no reason.

    Raises:
        ValueError: it is no line, or none that is short enough.
    """
    if not (reason.isprintable() and 0 < len(reason) <= MAX_REASON):
        raise ValueError(f"the reason must be a line of 1 to {MAX_REASON} characters")


def asked_now() -> str:
    """Return the time, as a statement says when it was asked for."""
    return f"{_now():{_TIME}}"


def require_holds(asked: str, otherwise: str) -> None:
    """Refuse a statement that was asked for more than a day ago.

    Args:
        asked: when it says that it was.
        otherwise: what to say if it holds no more.

    Raises:
        TamperedError: it does not hold.
        ValueError: it says no time.
    """
    at = datetime.strptime(asked, _TIME).replace(tzinfo=UTC)
    if not timedelta() <= _now() - at <= HOLDS:
        raise TamperedError().because(otherwise)


@dataclass(frozen=True, slots=True)
class Act:
    """What officers do.

    Attributes:
        action: what it is.
        signed: the statement.
        names: who signed it, out of ``officers_of``.
        reason: why, as it says.
    """

    action: Action
    signed: notes.Note
    names: tuple[str, ...]
    reason: str


def write_act(
    store: Store, act: Act, *, event: Event | None = None, only: Head | None = None
) -> Head:
    """Write the entry of what officers did, and the event that it wrote, if it did.

    Args:
        store: with the log.
        act: what they did.
        event: that goes into the log with it.
        only: where the log has to end before.

    Returns:
        Where the log ends then.

    Raises:
        TamperedError: the log ends elsewhere.
        UnavailableError: the database does not answer.
    """
    with store.writing() as writing:
        head = writing.head
        if only is not None and head != only:
            raise TamperedError().because(
                "A server is writing to this database. Stop it first."
            )
        at = max(micros(), head.at)
        events = [] if event is None else [encode(Record(at=Micros(at), event=event))]
        leaf = Scribe(store.ring).leaf_of_act(
            act.action,
            persons=act.names,
            at=at,
            written=Written.of(head.revision + 1, events),
            revision=head.revision + len(events),
            reason=act.reason,
            proof=sha256(notes.render(act.signed)).digest()[:16],
        )
        writing.append(events, [leaf])
        return writing.head


def missing(so_far: str) -> UnavailableError:
    """Make an error that says who has to sign yet; nothing was altered."""
    return UnavailableError().because(f"{_NEEDED} {so_far}")


def _now() -> datetime:
    return datetime.fromtimestamp(micros() // 1_000_000, UTC)
