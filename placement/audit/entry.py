"""An entry of the access log: what its leaf in the tree is the hash of.

Who attempted what, when, why, and what came of it. Which case and place it was about
stands in its *details* (``details``); the entry holds their commitment alone, so that a
leaf stays provable for everybody, whoever may see them and whether or not they still
exist. The room knows nothing of rules or roles, so that a client can read an entry with
it alone.

Invariants:
    * an entry has exactly one form in bytes, and ``parse`` refuses every other.

The bytes, in the form that ``fields`` describes::

    02                       the version of this form
    at           8           microseconds since 1970-01-01T00:00Z
    kind         text        COLLECTION, ALTERATION, CONSULTATION, DISCLOSURE,
                             COMBINATION or ERASURE
    action       text        what was attempted
    person       text        who, or empty: the certificate was refused
    organisation text
    role         text
    certificate  bytes       SHA-256 of the certificate, 32 bytes, or empty
    purpose      text        why, as a code
    outcome      text        ANSWERED, or the reason of the refusal
    revision     8           of the state that was read or made
    ruleset      text        its version
    rules        32          SHA-256 of the ruleset and of the areas it goes with
    recipient    text        to whom anything was disclosed, or empty
    details      32          the commitment of its details

>>> entry = Entry(at=7, kind="CONSULTATION", action="CASE_SHOW", outcome="ANSWERED")
>>> parse(render(entry)) == entry
True
"""

from dataclasses import dataclass
from typing import Final

from placement.audit import fields
from placement.audit.fields import BYTES, NUMBER, TEXT, Form

ANSWERED: Final = "ANSWERED"
"""The outcome of whatever was not refused."""

OFFICER: Final = "officer"
"""The role of whoever had a database served that is not the newest; of no certificate."""

_DIGEST_SIZE: Final = 32  # bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry; the module says what each field means."""

    at: int
    kind: str
    action: str
    person: str = ""
    organisation: str = ""
    role: str = ""
    certificate: bytes = b""
    purpose: str = ""
    outcome: str
    revision: int = 0
    ruleset: str = ""
    rules: bytes = bytes(_DIGEST_SIZE)
    recipient: str = ""
    details: bytes = bytes(_DIGEST_SIZE)


_FORM: Final = Form(
    Entry,
    2,
    {
        "at": NUMBER,
        "kind": TEXT,
        "action": TEXT,
        "person": TEXT,
        "organisation": TEXT,
        "role": TEXT,
        "certificate": BYTES,
        "purpose": TEXT,
        "outcome": TEXT,
        "revision": NUMBER,
        "ruleset": TEXT,
        "rules": fields.fixed(_DIGEST_SIZE),
        "recipient": TEXT,
        "details": fields.fixed(_DIGEST_SIZE),
    },
)


def render(entry: Entry) -> bytes:
    """Return the canonical bytes of an entry.

    Secret: the result
    """
    return _FORM.render(entry)


def parse(content: bytes) -> Entry:
    """Read an entry.

    Raises:
        TamperedError: the bytes are not the canonical form of one.
    """
    return _FORM.parse(content)
