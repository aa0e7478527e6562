"""``receipt list`` and ``show``: what is kept, pending and damaged, and of what it is."""

import re

import pytest
from kit.asked import CASE
from kit.pinned import A, B, asking, pinned, receipts_of
from kit.receipted import RULES
from placement_client.commands import proving
from placement_client.commands import receipt as module
from placement_client.commands.answer_words import MUST
from placement_client.commands.finding_words import verdict_word
from placement_client.commands.receipt import STOP

from placement.api.v1.types_pb2 import Verdict
from placement.audit.note import render_key

FACILITY = bytes([7]) * 16
TIME = "2026-06-15T10:00:00.000000Z"
UNTIL = "2026-06-18T10:00:00.000000Z"

pytestmark = pytest.mark.usefixtures("at_noon")


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch):
    monkeypatch.setattr(proving, "PAUSES", ())


@pytest.fixture
def log(cli, wire, pair):
    """A log whose key the context pins."""
    return pinned(cli, wire, pair)


@pytest.fixture
def kept(cli, log, monkeypatch):
    return receipts_of(cli, monkeypatch)


@pytest.fixture
def ask(cli, wire, log):
    """Check places; leave the receipt pending if asked to. Return the decisions."""
    return asking(cli, wire, log)


def test_receipts_are_listed(cli, kept, ask):
    """In the order of the answers, with what is pending and what is damaged."""
    first = ask("1480", "0180")
    second = ask(pending=True)
    (third,) = ask("1280")
    path = kept.path(bytes.fromhex(third))
    path.write_bytes(b"")
    code, data = cli.json("receipt", "list")
    shown = cli("receipt", "list")

    assert code == shown.exit_code == 5
    assert data["receipts"] == [
        {
            "decisions": [third],
            "decided_at": None,
            "case": "",
            "reference": "",
            "areas": [],
            "leaf": None,
            "size": None,
            "state": "damaged",
        },
        {
            "decisions": first,
            "decided_at": TIME,
            "case": CASE.hex(),
            "reference": "SN 7",
            "areas": ["1480", "0180"],
            "leaf": 3,
            "size": 4,
            "state": "kept",
        },
        {
            "decisions": second,
            "decided_at": TIME,
            "case": CASE.hex(),
            "reference": "",
            "areas": ["1480"],
            "leaf": 4,
            "size": None,
            "state": "pending",
        },
    ]
    assert f"{first[0]} {first[1]}  2026-06-15 12:00 Stockholm time" in shown.stdout
    assert "Stockholm time  SN 7  " in shown.stdout
    assert shown.stdout.splitlines()[-1] == STOP


def test_a_sound_list_is_a_success(cli, log, ask):
    """As is an empty one."""
    empty = cli.json("receipt", "list")
    ask()
    ask(pending=True)

    assert empty == (0, {"receipts": []})
    assert cli("receipt", "list").exit_code == 0


def test_a_receipt_is_shown(cli, wire, log, pair, ask):
    """Entry, places with verdicts, and who signed; offline."""
    cli.become(pair, witnesses=render_key(A.public))
    log.cosigned = (A, B)
    first, second = ask("1480", f"0180:{FACILITY.hex()}")
    code, data = cli.json("receipt", "show", second)
    shown = cli("receipt", "show", first)
    entry = data.pop("entry")

    assert code == shown.exit_code == 0
    assert data == {
        "leaf": 3,
        "leaf_hash": log.leaves[3].hex(),
        "size": 4,
        "root": log.checkpoint().root.hex(),
        "origin": log.origin,
        "cosigned_by": [A.name],
        "request": wire.requests("CheckPlacement")[0].request_id.hex(),
        "case": CASE.hex(),
        "reference": "SN 7",
        "window": "2026-12-01/",
        "places": [
            {
                "area": "1480",
                "name": "Göteborg",
                "facility": "",
                "verdict": "CLEAR",
                "valid_until": UNTIL,
                "decision_id": first,
            },
            {
                "area": "0180",
                "name": "Stockholm",
                "facility": FACILITY.hex(),
                "verdict": "CLEAR",
                "valid_until": UNTIL,
                "decision_id": second,
            },
        ],
    }
    assert (entry["at"], entry["action"], entry["person"]) == (TIME, "CHECK", "cw-01")
    assert entry["certificate"] == log.certificate.hex()
    assert entry["rules"] == RULES.hex()
    for words in (
        r"Leaf +3 of 4",
        rf"Cosigned by +{A.name}",
        r"Asked by +caseworker 1480/cw-01",
        r"Decided +2026-06-15 12:00 Stockholm time",
        (
            rf"1480 +Göteborg +CLEAR +may place; ask again before moving in +"
            rf"2026-06-18 12:00 Stockholm time +{first}"
        ),
        r"Only CLEAR may be relied on",
        rf"Request +{data['request']}",
    ):
        assert re.search(words, shown.stdout)


def test_a_receipt_that_is_not_there_cannot_be_shown(cli, log, ask):
    """Pending or unknown, it is said which."""
    (decision,) = ask(pending=True)
    pending = cli("receipt", "show", decision)
    unknown = cli("receipt", "show", "00" * 16)
    wrong = cli("receipt", "show", "00")

    assert pending.exit_code == unknown.exit_code == wrong.exit_code == 2
    assert "has no receipt yet" in pending.stderr
    assert "has no receipt here" in unknown.stderr
    assert "must be 32 hex digits" in wrong.stderr


@pytest.mark.parametrize("verdict", Verdict.values())
def test_what_may_not_be_relied_on_stands_without_a_time(verdict):
    """Beside each word stands what it means, also of one that is not known here."""
    word = verdict_word(verdict)
    place = {
        "area": "1480",
        "name": "Göteborg",
        "facility": "",
        "verdict": word,
        "valid_until": "then",
        "decision_id": "d",
    }
    row = module._place_row(place)

    assert row[3:5] == (word, MUST.get(verdict, "-"))
    assert row[5] == ("then" if word == "CLEAR" else "-")
