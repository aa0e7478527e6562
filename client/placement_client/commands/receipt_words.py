"""A receipt for people and for programs: lines, places, an object."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict

from placement.api.v1.types_pb2 import Verdict
from placement.audit.details import Matter
from placement_client.areas import areas
from placement_client.days import iso_instant, stockholm_time
from placement_client.receipts import Receipt
from placement_client.rendering import enum_name

_NONE = "-"


def lines(receipt: Receipt, cosigners: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield what an entry and its checkpoint say, name and words, but for places."""
    entry, matter = receipt.entry, receipt.details.matter or Matter()
    asked_by = f"{entry.role} {entry.organisation}/{entry.person}"
    said = {
        "Leaf": f"{receipt.proof.index} of {receipt.checkpoint.size}",
        "Leaf hash": receipt.leaf.hex(),
        "Log": receipt.checkpoint.origin,
        "Cosigned by": ", ".join(cosigners),
        "Decided": stockholm_time(entry.at),
        "Asked by": asked_by,
        "Certificate": entry.certificate.hex(),
        "Kind": entry.kind,
        "Action": entry.action,
        "Purpose": entry.purpose,
        "Outcome": entry.outcome,
        "Revision": str(entry.revision),
        "Ruleset": entry.ruleset,
        "Rules": entry.rules.hex(),
        "Disclosed to": entry.recipient,
        "Case": matter.case.hex(),
        "Reference": matter.reference,
        "Days": matter.window,
        "Request": matter.request.hex(),
    }
    for name, words in said.items():
        yield name, words or _NONE


def places(
    receipt: Receipt, instant: Callable[[int], str] = iso_instant
) -> Iterator[dict[str, str]]:
    """Yield each place that was asked about, with its verdict.

    Args:
        receipt: that says so.
        instant: writes an instant.
    """
    matter = receipt.details.matter or Matter()
    answered = (matter.verdicts, matter.valid_until, matter.decisions)
    for number, (area, verdict, until, decision) in enumerate(
        zip(matter.areas, *answered, strict=False)
    ):
        facility = b"".join(matter.facilities[number : number + 1])
        yield {
            "area": area,
            "name": areas().name(area),
            "facility": facility.hex(),
            "verdict": enum_name(Verdict.DESCRIPTOR, verdict),
            "valid_until": instant(until),
            "decision_id": decision.hex(),
        }


def to_data(receipt: Receipt, cosigners: Sequence[str]) -> dict[str, object]:
    """Return a receipt as the object of ``--json``.

    Returns:
        ``leaf`` (an index), ``leaf_hash``, ``size`` and ``root`` of the checkpoint,
        ``origin``, ``cosigned_by`` (names), ``entry`` (its fields, without details),
        ``request``, ``case``, ``reference``, ``window`` and ``places``; a place has
        ``area``, ``name``, ``facility``, ``verdict``, ``valid_until`` and
        ``decision_id``.
    """
    entry = asdict(receipt.entry)
    matter = receipt.details.matter or Matter()
    return {
        "leaf": receipt.proof.index,
        "leaf_hash": receipt.leaf.hex(),
        "size": receipt.checkpoint.size,
        "root": receipt.checkpoint.root.hex(),
        "origin": receipt.checkpoint.origin,
        "cosigned_by": list(cosigners),
        "entry": entry
        | {
            "at": iso_instant(receipt.entry.at),
            "certificate": receipt.entry.certificate.hex(),
            "rules": receipt.entry.rules.hex(),
            "details": receipt.entry.details.hex(),
        },
        "request": matter.request.hex(),
        "case": matter.case.hex(),
        "reference": matter.reference,
        "window": matter.window,
        "places": list(places(receipt)),
    }
