"""Entries for people and for programs: a row, a page, an object.

What the law took is said to be erased, wherever it would stand.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from placement.api.v1.types_pb2 import Verdict
from placement.audit.details import Outline
from placement.audit.entry import ANSWERED
from placement_client.counties import county_name
from placement_client.days import iso_instant, stockholm_second, stockholm_time
from placement_client.entries import Opened
from placement_client.rendering import Json, enum_name

HEADINGS: Final = (
    *("Index", "At (Stockholm)", "Who", "Action", "Purpose", "Outcome"),
    *("Case pseudonym", "Counties", "Verdicts", "Decisions", "Objects"),
)
"""Over the cells of ``row``."""

BRIEF_HEADINGS: Final = ("Index", "At (Stockholm)", "Who", "Action", "Came of it")
"""Over the cells of ``brief_row``."""

ERASED: Final = "erased"
"""In the place of what the law took."""

_SHORT: Final = 8
"""Hex digits of an id in a row; ``page`` and ``--json`` have all of them."""
_NONE: Final = "-"


def row(read: Opened) -> tuple[str, ...]:
    """Return the cells of an entry, ids short; ``-`` where there is nothing."""
    entry = read.entry
    cells = (
        str(read.index),
        stockholm_second(entry.at),
        who(read),
        entry.action,
        entry.purpose,
        entry.outcome,
        *_outlined(read.outline),
    )
    return tuple(cell or _NONE for cell in cells)


def brief_row(read: Opened) -> tuple[str, ...]:
    """Return the cells of an entry that fit beside one another on a narrow terminal."""
    entry = read.entry
    outline = read.outline
    found = Counter(() if outline is None else map(verdict, outline.verdicts))
    verdicts = (f"{number} {word}" for word, number in found.items())
    return (
        str(read.index),
        stockholm_second(entry.at),
        who(read) or _NONE,
        entry.action,
        ", ".join(verdicts) or entry.outcome,
    )


def _outlined(outline: Outline | None) -> tuple[str, ...]:
    if outline is None:
        return (ERASED,) * 5
    return (
        short(outline.case),
        ", ".join(map(county_name, outline.counties)),
        " ".join(map(verdict, outline.verdicts)),
        # How an id begins is when it was decided, which many have in common.
        " ".join(each.hex()[-_SHORT:] for each in outline.decisions),
        str(len(outline.objects) or ""),
    )


def who(read: Opened) -> str:
    """Return role, organisation and person; empty if the certificate was refused."""
    entry = read.entry
    place = "/".join(filter(None, (entry.organisation, entry.person)))
    return " ".join(filter(None, (entry.role, place)))


def short(token: bytes) -> str:
    """Return the first hex digits of an id or pseudonym."""
    return token.hex()[:_SHORT]


def verdict(number: int) -> str:
    """Return the word of a verdict."""
    return enum_name(Verdict.DESCRIPTOR, number)


def page(read: Opened) -> Iterator[tuple[str, str]]:
    """Yield everything that is known of an entry: name and words, line by line."""
    entry = read.entry
    refused = "" if entry.outcome == ANSWERED else "refused: "
    lines = {
        "Index": str(read.index),
        "At": f"{stockholm_time(entry.at)} ({iso_instant(entry.at)})",
        "Kind": entry.kind,
        "Action": entry.action,
        "Person": entry.person,
        "Organisation": entry.organisation,
        "Role": entry.role,
        "Certificate": entry.certificate.hex(),
        "Purpose": entry.purpose,
        "Outcome": refused + entry.outcome,
        "Revision": str(entry.revision),
        "Ruleset": entry.ruleset,
        "Rules": entry.rules.hex(),
        "Disclosed to": entry.recipient,
        **_page_outlined(read.outline),
        "Commitment": entry.details.hex(),
        "Leaf hash": read.leaf_hash.hex(),
    }
    for name, words in lines.items():
        yield name, words or _NONE


def _page_outlined(outline: Outline | None) -> dict[str, str]:
    if outline is None:
        return {"Details": ERASED}
    counties = (f"{county_name(code)} ({code})" for code in outline.counties)
    return {
        "Case pseudonym": outline.case.hex(),
        "Subject pseudonyms": _ids(outline.subjects),
        "Counties": ", ".join(counties),
        "Verdicts": " ".join(map(verdict, outline.verdicts)),
        "Decisions": _ids(outline.decisions),
        "Objects": _ids(outline.objects),
        "Searched for": outline.search,
    }


def _ids(tokens: Sequence[bytes]) -> str:
    return " ".join(token.hex() for token in tokens)


def to_data(read: Opened) -> Json:
    """Return an entry as the object of ``--json``.

    Returns:
        The fields of the entry, ``leaf_hash``, and ``details``: the fields of the
        outline, or null once they are erased.

    Raises:
        TamperedError: its instant lies beyond every calendar.
    """
    entry = read.entry
    return {
        "index": read.index,
        "at": iso_instant(entry.at),
        "kind": entry.kind,
        "action": entry.action,
        "person": entry.person,
        "organisation": entry.organisation,
        "role": entry.role,
        "certificate": entry.certificate.hex(),
        "purpose": entry.purpose,
        "outcome": entry.outcome,
        "revision": entry.revision,
        "ruleset": entry.ruleset,
        "rules": entry.rules.hex(),
        "recipient": entry.recipient,
        "commitment": entry.details.hex(),
        "leaf_hash": read.leaf_hash.hex(),
        "details": None if read.outline is None else _data_outlined(read.outline),
    }


def _data_outlined(outline: Outline) -> Json:
    counties = [{"code": code, "name": county_name(code)} for code in outline.counties]
    return {
        "case": outline.case.hex(),
        "subjects": [each.hex() for each in outline.subjects],
        "counties": counties,
        "verdicts": [verdict(each) for each in outline.verdicts],
        "decisions": [each.hex() for each in outline.decisions],
        "objects": [each.hex() for each in outline.objects],
        "search": outline.search,
    }
