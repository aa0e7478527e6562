"""``budget show``: what may still be asked."""

import re

import grpc
import pytest
from kit.asked import CASE
from kit.wire import PLENTY, refusal
from placement_client.commands.budget_words import time_of

from placement.api.v1.budget_service_pb2 import Budget, ShowBudgetsResponse

CODE = grpc.StatusCode


def rows(result):
    """Return the cells of what was printed, without the heading."""
    return [re.split(" {2,}", line.strip()) for line in result.stdout.splitlines()[1:]]


def test_a_cost_is_shown_and_nothing_is_asked(cli, wire):
    """Each budget in a row: its time, what may be spent, what is left, and then."""
    result = cli(
        *("budget", "show", "--case", CASE.hex()),
        "--area",
        "Göteborg",
        "--area",
        "0180",
    )
    ((name, request),) = wire.seen

    assert (name, request.case_handle) == ("ShowBudgets", CASE)
    assert request.areas == ["1480", "0180"]
    assert rows(result) == [
        [name, "2 days", "9", "9", "1", "8"]
        for name in (
            "New areas, this case",
            "New areas, your municipality",
            "New areas, you",
            "Evaluations, your organisation",
            "Evaluations, you",
        )
    ]


def test_coordinators_have_evaluations_alone(cli, wire):
    """They ask about no areas."""
    evaluations = PLENTY.evaluations
    wire.answers["ShowBudgets"] = ShowBudgetsResponse(
        evaluations=evaluations, affords=True
    )
    result, (code, data) = cli("budget", "show"), cli.json("budget", "show")

    assert [row[0] for row in rows(result)] == [
        "Evaluations, your organisation",
        "Evaluations, you",
    ]
    assert (code, data["areas"], data["affords"]) == (0, None, True)
    assert data["evaluations"]["person"]["left"] == 9


def test_custodians_apart_keep_evaluations(cli, wire):
    """So it is said, and no number is."""
    answer = ShowBudgetsResponse()
    answer.CopyFrom(PLENTY)
    answer.ClearField("evaluations")
    wire.answers["ShowBudgets"] = answer
    result, (_, data) = cli("budget", "show"), cli.json("budget", "show")
    wire.answers["ShowBudgets"] = ShowBudgetsResponse(affords=True)
    coordinators = cli("budget", "show")

    assert "Evaluations: kept by the custodians." in result.stdout
    assert "Evaluations, you" not in result.stdout
    assert data["evaluations"] is None
    assert coordinators.stdout.startswith("Evaluations: kept by the custodians.")


def test_without_a_case_its_budget_is_none(cli, wire):
    """In the table and in the object."""
    answer = ShowBudgetsResponse()
    answer.CopyFrom(PLENTY)
    answer.areas.ClearField("case")
    answer.areas.person.cost = 0
    wire.answers["ShowBudgets"] = answer
    result, (_, data) = cli("budget", "show"), cli.json("budget", "show")

    assert "this case" not in result.stdout
    assert rows(result)[1] == ["New areas, you", "2 days", "9", "9", "-", "-"]
    assert data["areas"]["case"] is None
    assert data["areas"]["organisation"] == {
        "allowed": 9,
        "left": 9,
        "cost": 1,
        "left_after": 8,
        "hours": 48,
    }


def test_what_would_be_refused_is_told(cli, wire):
    """It is no error: nothing was asked."""
    answer = ShowBudgetsResponse()
    answer.CopyFrom(PLENTY)
    answer.affords = False
    wire.answers["ShowBudgets"] = answer
    result = cli("budget", "show", "--case", CASE.hex(), "--area", "1480")

    assert result.exit_code == 0
    assert "more than is left" in result.stdout


def test_areas_need_a_case(cli, wire):
    """Another case pays anew, so the cost is a case's."""
    result = cli("budget", "show", "--area", "1480")

    assert (result.exit_code, wire.seen) == (2, [])
    assert "without --case" in result.stderr


@pytest.mark.parametrize(
    ("reason", "code", "said"),
    [
        ("NOT_FOUND", CODE.NOT_FOUND, "No case of your municipality"),
        ("CASE_CLOSED", CODE.FAILED_PRECONDITION, "asks nothing any more"),
        ("ACCESS_DENIED", CODE.PERMISSION_DENIED, "Caseworkers and coordinators"),
    ],
)
def test_a_refusal_says_why(cli, wire, reason, code, said):
    """In words that help."""
    wire.answers["ShowBudgets"] = refusal(code, reason)
    result = cli("budget", "show", "--case", CASE.hex())

    assert result.exit_code == 1
    assert said in result.stderr


@pytest.mark.parametrize(
    ("hours", "said"),
    [(0, "today"), (1, "an hour"), (5, "5 hours"), (24, "1 day"), (720, "30 days")],
)
def test_every_time_has_its_words(hours, said):
    """As people say it."""
    assert time_of(Budget(hours=hours)) == said
