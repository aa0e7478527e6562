"""``erase``: what is past its retention, proposed by one, done by another."""

import grpc
import pytest
from kit.asked import CHANGE
from kit.wire import refusal

from placement.api.v1 import erasure_service_pb2 as erasure

CODE = grpc.StatusCode
FACT, CASE = bytes([4]) * 16, bytes([5]) * 16
LISTED = erasure.ListExpiredResponse(
    revision=7,
    expired=[
        erasure.Expired(id=FACT, kind="presence", region="syd", since_day=20_000),
        erasure.Expired(id=CASE, kind="case", region="syd", since_day=20_001),
    ],
)
METHODS = {
    ("due",): "ListExpired",
    ("propose", FACT.hex()): "ProposeErasure",
    ("approve", CHANGE.hex()): "ApproveErasure",
}


def test_what_is_past_its_retention_is_listed(cli, wire):
    """With the first day on which it was."""
    wire.answers["ListExpired"] = LISTED
    result = cli("erase", "due")
    code, got = cli.json("erase", "due")

    assert FACT.hex() in result.stdout
    assert "2024-10-04" in result.stdout
    assert "There is more" not in result.stdout
    assert code == 0
    assert [each["kind"] for each in got["expired"]] == ["presence", "case"]


def test_a_list_that_goes_on_says_so(cli, wire):
    """The rest comes once these are gone; those that are past the longest are shown."""
    many = [
        erasure.Expired(id=n.to_bytes(16), kind="tie", since_day=30_000 - n)
        for n in range(501)
    ]
    wire.answers["ListExpired"] = erasure.ListExpiredResponse(expired=many)
    code, got = cli.json("erase", "due")

    assert "There is more; erase these first." in cli("erase", "due").stdout
    assert (code, got["more"], len(got["expired"])) == (0, True, 500)
    assert got["expired"][0]["id"] == (500).to_bytes(16).hex()


def test_all_pages_are_read(cli, wire):
    """Empty ones too; and a circle of them is refused."""
    token = erasure.ListExpiredResponse(next_page_token=b"t", more=True)
    wire.answers["ListExpired"] = [token, LISTED, token, token]
    _, got = cli.json("erase", "due")
    circle = cli("erase", "due")

    assert [each["kind"] for each in got["expired"]] == ["presence", "case"]
    assert [each.page_token for each in wire.requests("ListExpired")] == [
        b"",
        b"t",
        b"",
        b"t",
    ]
    assert circle.exit_code == 5


def test_a_proposal_erases_nothing_yet(cli, wire):
    """It says who has to do what."""
    wire.answers["ProposeErasure"] = erasure.ProposeErasureResponse(
        revision=8, change_id=CHANGE
    )
    result = cli("erase", "propose", FACT.hex(), CASE.hex())
    request = wire.requests("ProposeErasure")[0]

    assert result.stdout.startswith("Nothing is erased yet.")
    assert f"placement erase approve {CHANGE.hex()}" in result.stdout.replace("\n", " ")
    assert [*request.ids] == [FACT, CASE]
    assert len(request.request_id) == 16


def test_an_erasure_is_approved(cli, wire):
    """It is done then."""
    wire.answers["ApproveErasure"] = erasure.ApproveErasureResponse(revision=9)
    result = cli("erase", "approve", CHANGE.hex())

    assert result.stdout.startswith("Erased.")
    assert wire.requests("ApproveErasure")[0].change_id == CHANGE


def test_too_many_at_once_are_refused_here(cli, wire):
    """The service takes 500."""
    result = cli("erase", "propose", *[FACT.hex()] * 501)

    assert result.exit_code != 0
    assert wire.requests("ProposeErasure") == []


def test_a_proposal_without_a_change_is_refused(cli, wire):
    """Nobody could approve it."""
    wire.answers["ProposeErasure"] = erasure.ProposeErasureResponse(revision=8)

    assert cli("erase", "propose", FACT.hex()).exit_code != 0


@pytest.mark.parametrize("words", METHODS, ids=" ".join)
@pytest.mark.parametrize(
    ("refused", "hints"),
    [
        ((CODE.PERMISSION_DENIED, "ACCESS_DENIED"), ("Coordinators", "Another")),
        ((CODE.NOT_FOUND, "NOT_FOUND"), ("placement erase due", "change list")),
        ((CODE.FAILED_PRECONDITION, "CONTRADICTION"), ("not past its retention",)),
    ],
)
def test_a_refusal_says_what_helps(cli, wire, words, refused, hints):
    """Beside its constant text."""
    wire.answers[METHODS[words]] = refusal(*refused)
    result = cli("erase", *words)
    said = " ".join(result.stderr.split())

    assert result.exit_code != 0
    assert any(hint in said for hint in hints)


@pytest.mark.parametrize(
    ("due", "told"),
    [
        ([FACT], f"Not listed as due: {CHANGE.hex()}."),
        ([FACT, CHANGE], "one of them may be proposed already"),
        (None, "placement erase due"),
    ],
    ids=["one", "all", "no answer"],
)
def test_of_several_it_is_said_which_are_not_due(cli, wire, due, told):
    """Whatever becomes of the second call, the first one's refusal is told."""
    wire.answers["ProposeErasure"] = refusal(CODE.NOT_FOUND, "NOT_FOUND")
    wire.answers["ListExpired"] = (
        refusal(CODE.NOT_FOUND, "NOT_FOUND")
        if due is None
        else erasure.ListExpiredResponse(
            expired=[erasure.Expired(id=each) for each in due]
        )
    )
    code, data = cli.json("erase", "propose", FACT.hex(), CHANGE.hex())

    assert (code, data["error"]["reason"]) == (1, "NOT_FOUND")
    assert told in " ".join(data["error"]["notes"])
