"""No identifier outlives its call: not in outputs, errors, logs, files or messages."""

import gc
import json
import logging
import traceback
from datetime import date

import grpc
import pytest
from kit.numbers import number
from kit.wire import RefusalError, refusal
from placement_client.calls import Patience
from placement_client.identifiers import Identifier, parse_identifier
from placement_client.session import Session

from placement.api.v1 import check_service_pb2 as check
from placement.errors import PlacementError

SENTINELS = [number(date(1987, 6, 5), serial) for serial in (431, 432)]
NEEDLES = [needle for text in SENTINELS for needle in (text, text[2:], text[:8])]
NEEDLES += [f"{text[2:8]}-{text[8:]}" for text in SENTINELS]
CODE = grpc.StatusCode
OPEN = (
    "case",
    "open",
    "--reference",
    "SN 1",
    "--basis",
    "police",
    "--identifier-stdin",
)

ANSWERS = {
    "everything succeeds": {},
    "no custodian": {"Evaluate": RefusalError(CODE.UNAVAILABLE)},
    "budget spent": {"Evaluate": refusal(CODE.RESOURCE_EXHAUSTED, "BUDGET_SPENT")},
    "unproven": {"Evaluate": lambda _request: b""},
    "unreadable": {"Evaluate": b"\xff"},
    "case refused": {"OpenCase": refusal(CODE.INTERNAL, "INTERNAL", incident="4f")},
    "no answer": {"OpenCase": RefusalError(CODE.DEADLINE_EXCEEDED)},
}


def has_needle(text):
    return [needle for needle in NEEDLES if needle in text]


@pytest.fixture
def told(wire):
    """Prepare the server; return what it received, as text."""
    wire.answers["OpenCase"] = check.OpenCaseResponse(case_handle=bytes(16))
    return lambda: "".join(
        repr(request) + request.SerializeToString().decode("latin-1")
        for _, request in wire.seen
    )


@pytest.mark.parametrize("answers", ANSWERS.values(), ids=ANSWERS)
@pytest.mark.parametrize("form", [(), ("--json",)], ids=["table", "json"])
def test_nothing_that_leaves_the_program_holds_a_number(  # noqa: PLR0917 (fixtures)
    cli, wire, told, tmp_path, caplog, answers, form
):
    """Output, log records, requests and every file of the run."""
    caplog.set_level(logging.DEBUG)
    wire.answers |= answers
    result = cli(*OPEN, *form, stdin="\n".join(SENTINELS))
    files = [
        p.read_bytes().decode("latin-1") for p in tmp_path.rglob("*") if p.is_file()
    ]

    assert wire.requests("Evaluate")
    assert has_needle(result.output) == []
    assert has_needle(caplog.text) == []
    assert has_needle(told()) == []
    assert [each for each in files if has_needle(each)] == []


@pytest.mark.parametrize("position", [0, 1])
@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[2:],
        lambda text: text[:-1] + str((int(text[-1]) + 1) % 10),
        lambda text: text[:6] + "99" + text[8:],
        lambda text: text + "0",
        lambda text: "20" + "99" + text[4:],
    ],
    ids=["ten digits", "check digit", "no day", "too long", "future"],
)
def test_a_number_that_is_refused_is_not_repeated(cli, wire, position, damage):
    """Damaged numbers are as telling as whole ones."""
    lines = list(SENTINELS)
    lines[position] = damage(lines[position])
    result = cli(*OPEN, stdin="\n".join(lines))

    assert result.exit_code == 2
    assert f"identifiers[{position}]" in result.stderr
    assert has_needle(result.output) == []
    assert lines[position] not in result.output
    assert wire.seen == []


def test_numbers_in_a_stream_of_facts_are_not_repeated(cli, wire):
    """Facts on standard input, refused at every place."""
    person = {"identifier": SENTINELS[0]}
    drafts = [
        {"tie": {"person": person, "area": "Atlantis"}},
        {"tie": {"person": {"identifier": SENTINELS[0] + "0"}, "area": "0180"}},
        {"tie": {"person": {**person, "member": 1}, "area": "0180"}},
        {"tie": {"person": SENTINELS[0], "area": "0180"}},
        {"tie": {"person": {"case": SENTINELS[0]}, "area": SENTINELS[1]}},
        {SENTINELS[0]: {}},
        {"reason": SENTINELS[0]},
        {"valid_from": SENTINELS[0]},
    ]
    for draft in drafts:
        for text in (
            json.dumps({"facts": [draft]}),
            json.dumps({"facts": [draft]})[:-1],
        ):
            result = cli("fact", "record", "--file", "-", "--json", stdin=text)

            assert result.exit_code == 2
            assert has_needle(result.output) == []


@pytest.mark.parametrize("answers", ANSWERS.values(), ids=ANSWERS)
def test_no_exception_holds_a_number(wire, told, profile, answers):
    """Neither its text, nor its arguments, notes, chain or traceback."""
    wire.answers |= answers
    people = [
        parse_identifier(text, field="identifier", today=date(2026, 6, 15))
        for text in SENTINELS
    ]
    caught = None
    with Session.open(profile, patience=Patience(pauses=())) as session:
        try:
            pseudonyms = session.pseudonyms(people)
            session.open_case(pseudonyms, reference="SN 1", basis=check.BASIS_POLICE)
        except PlacementError as error:
            caught = error
        shown = [repr(session), repr(vars(session)), repr(people)]
    chain = caught
    while chain is not None:
        shown += [str(chain), repr(chain), repr(chain.args), repr(vars(chain))]
        chain = chain.__cause__ or chain.__context__
    if caught is not None:
        shown.append("".join(traceback.format_exception(caught)))

    assert (caught is None) == (not answers)
    assert [each for each in shown if has_needle(each)] == []


def test_a_session_keeps_no_identifier(wire, profile):
    """After the call nothing of the client refers to it."""
    with Session.open(profile) as session:
        session.pseudonyms(
            [parse_identifier(SENTINELS[0], field="x", today=date(2026, 6, 15))]
        )
        gc.collect()
        living = [each for each in gc.get_objects() if isinstance(each, Identifier)]
        kept = [each for each in living if each.digits == SENTINELS[0]]

        assert kept == []
