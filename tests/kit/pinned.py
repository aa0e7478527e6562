"""A client that pins the key of a log of receipts, and asks."""

from collections.abc import Callable
from typing import Any

import grpc
import pytest
from placement_client.commands.receipt import kept_by
from placement_client.commands.verb import Common, Run
from placement_client.kept import Kept
from placement_client.receipts import certificate_of

from kit.asked import CASE
from kit.certs import Pair
from kit.receipted import ReceiptedLog, witness
from kit.wire import RefusalError, Wire
from placement.audit.note import render_key

CODE = grpc.StatusCode
A, B = map(witness, ("a.example", "b.example"))


def asked(*places: str) -> tuple[str, ...]:
    """Return the words of a check."""
    areas = [word for place in places or ("1480",) for word in ("--area", place)]
    return (
        *("check", "--case", CASE.hex(), "--from", "2026-12-01"),
        *("--justification", "follow-up", *areas),
    )


def pinned(cli: Any, wire: Wire, pair: Pair) -> ReceiptedLog:
    """Return a log whose key the context pins."""
    log = ReceiptedLog(certificate_of(cli.profile))
    wire.answers |= log.answers()
    cli.become(pair, log_key=render_key(log.public))
    return log


def receipts_of(cli: Any, monkeypatch: pytest.MonkeyPatch) -> Kept | None:
    """Return what the context keeps."""
    monkeypatch.setenv("PLACEMENT_CONFIG", str(cli.path))
    return kept_by(Run(Common()))


def asking(cli: Any, wire: Wire, log: ReceiptedLog) -> Callable[..., list[str]]:
    """Return what checks places, and leaves the receipt pending if asked to."""

    def ask(*places: str, pending: bool = False) -> list[str]:
        if pending:
            wire.answers["GetReceipt"] = RefusalError(CODE.UNAVAILABLE)
        log.words = ("CLEAR",) * max(1, len(places))
        _, data = cli.json(*asked(*places))
        wire.answers["GetReceipt"] = log.receipt
        return [each["decision_id"] for each in data["verdicts"]]

    return ask
