"""``review``: the queue, walked and listed; the year in numbers."""

import json

import grpc
import pytest
from kit.asked import CHANGE, NOON, NORTH, day, ids
from kit.wire import refusal

from placement.api.v1 import registry_service_pb2 as registry
from placement.api.v1 import review_service_pb2 as review
from placement.api.v1 import types_pb2 as types

FACTS = ids(3, start=1)


def queued(number=0, *reasons, since="2026-06-01"):
    """Return a presence that has to be looked at."""
    fact = types.Fact(
        grade=types.SourceGrade(scheme=1, given="2B"),
        review_by_day=day(since),
        presence=types.Presence(group=NORTH, area="1480", kind=2),
    )
    return review.QueuedFact(
        fact=review.RecordedFact(
            fact_id=FACTS[number],
            fact=fact,
            state=review.FACT_STATE_PAST_REVIEW,
            changed_revision=7 + number,
            region="vast",
            recorded_at=NOON,
        ),
        since_day=day(since),
        reasons=reasons or (review.REVIEW_REASON_PAST_REVIEW,),
    )


@pytest.fixture
def queue(wire, groups):
    """Let two pages stand in the queue."""
    contested = review.REVIEW_REASON_CONTESTED
    counts = [
        review.QueueCount(region="vast", reason=contested, count=1),
        review.QueueCount(
            region="vast", reason=review.REVIEW_REASON_PAST_REVIEW, count=3
        ),
    ]
    pages = [
        review.ListReviewsResponse(
            facts=[queued(0), queued(1, review.REVIEW_REASON_PAST_REVIEW, contested)],
            counts=counts,
            next_page_token=b"more",
        ),
        review.ListReviewsResponse(facts=[queued(2)], counts=counts),
    ]

    def answer(request):
        return pages[1 if request.page_token else 0]

    wire.answers["ListReviews"] = answer


def test_the_queue_is_listed(cli, wire, queue):
    """All pages, with counts by region."""
    words = ("--reason", "past-review", "--region", "vast")
    result = cli("review", "list", *words)
    code, data = cli.json("review", "list")
    request = wire.requests("ListReviews")[0]

    assert "PAST_REVIEW, CONTESTED" in result.stdout
    assert "group North Side, area 1480" in result.stdout
    assert "vast: 3 PAST_REVIEW" in result.stdout
    assert (request.reason, request.region) == (2, "vast")
    assert code == 0
    assert [each["fact_id"] for each in data["facts"]] == [f.hex() for f in FACTS]
    assert data["counts"] == [
        {"region": "vast", "reason": "CONTESTED", "count": 1},
        {"region": "vast", "reason": "PAST_REVIEW", "count": 3},
    ]
    assert data["facts"][1]["reasons"] == ["PAST_REVIEW", "CONTESTED"]
    assert data["facts"][0]["waiting_since"] == "2026-06-01"
    assert data["facts"][0]["since"] is None


@pytest.fixture
def steps(wire):
    """Let facts be renewed, ended and contested."""
    wire.answers["RenewFacts"] = registry.RenewFactsResponse(revision=8)
    wire.answers["EndFacts"] = registry.EndFactsResponse(revision=9, change_id=CHANGE)
    wire.answers["ContestFacts"] = registry.ContestFactsResponse(revision=10)


def test_a_walk_through_the_queue(cli, wire, queue, steps, at_noon):
    """One fact after another; each step names the fact as it was shown."""
    typed = "renew\ncourt\nend\n\ncontest\nsource\n"
    result = cli("review", "next", "--until", "2026-09-01", stdin=typed)
    (renewal,) = wire.requests("RenewFacts")[0].renewals
    (ending,) = wire.requests("EndFacts")[0].endings
    (contest,) = wire.requests("ContestFacts")[0].contests

    assert renewal == registry.Renewal(
        fact_id=FACTS[0],
        review_by_day=day("2026-09-01"),
        reason=types.FACT_REASON_COURT,
        seen_revision=7,
    )
    assert ending == registry.Ending(
        fact_id=FACTS[1], valid_to_day=day("2026-06-15"), seen_revision=8
    )
    assert contest == registry.FactContest(
        fact_id=FACTS[2], reason=review.CONTEST_REASON_SOURCE, seen_revision=9
    )
    assert "renew: 1\nend: 1\ncontest: 1\n" in result.stdout
    assert f"Change {CHANGE.hex()} waits" in result.stdout
    assert "Presence: group North Side" in result.stderr


def walked(cli, typed):
    """Return the object of a walk; what is typed shows before it."""
    result = cli("review", "next", "--json", stdin=typed)
    return json.loads(result.stdout.splitlines()[-1])


def test_a_walk_that_goes_on_or_ends(cli, wire, queue, steps, at_noon):
    """Skipped, refused and gone on, left; what waits is told once it is known."""
    wire.answers["RenewFacts"] = [
        refusal(grpc.StatusCode.ABORTED, "STALE"),
        registry.RenewFactsResponse(revision=8, change_id=CHANGE),
    ]
    first = walked(cli, "skip\nrenew\n\nquit\n")
    second = walked(cli, "renew\n\nquit\n")
    kept = wire.requests("RenewFacts")[0].renewals[0]

    assert first == {
        "done": {"skip": 1, "refused": 1, "quit": 1},
        "change_ids": [],
    }
    assert second == {"done": {"renew": 1, "quit": 1}, "change_ids": [CHANGE.hex()]}
    assert kept.review_by_day == day("2026-06-15") + 180
    assert kept.reason == types.FACT_REASON_INTELLIGENCE


def test_a_word_that_is_none_is_asked_again(cli, wire, queue, steps, at_noon):
    """A slip passes no fact by; capitals and spaces are no slip."""
    result = cli("review", "next", stdin="renwe\n Renew\ncourt\nquit\n")
    (renewal,) = wire.requests("RenewFacts")[0].renewals

    assert "Nothing is done yet; type one of renew, end" in result.stderr
    assert result.stdout.endswith("renew: 1\nquit: 1\n")
    assert renewal.fact_id == FACTS[0]


def test_an_answer_that_is_none_is_asked_again(cli, wire, queue, steps, at_noon):
    """With what it must be; a slip passes no fact by."""
    typed = "renew\nboss\nend\nsoon\nrenew\ncourt\nquit\n"
    result = cli("review", "next", stdin=typed)
    (renewal,) = wire.requests("RenewFacts")[0].renewals

    assert "reason must be one of intelligence" in " ".join(result.stderr.split())
    assert result.stdout.endswith("renew: 1\nquit: 1\n")
    assert renewal.fact_id == FACTS[0]
    assert wire.requests("EndFacts") == []


def test_a_walk_that_is_broken_off(cli, queue, steps, at_noon):
    """What was done before stands in the answer, with the change that waits."""
    for typed in ("end\n\n", "end\n\nrenew\n"):
        result = cli("review", "next", stdin=typed)

        assert result.exit_code == 0
        assert "end: 1\nquit: 1\n" in result.stdout
        assert f"Change {CHANGE.hex()} waits" in result.stdout


def test_what_is_no_refusal_ends_the_walk(cli, wire, queue, steps, at_noon):
    """It never says that nothing is changed; what was done before is told."""
    wire.answers["RenewFacts"] = refusal(grpc.StatusCode.DATA_LOSS, "TAMPERED")
    result = cli("review", "next", stdin="end\n\nrenew\n\nskip\n")

    assert result.exit_code == 5
    assert f"Change {CHANGE.hex()} waits" in result.stderr
    assert "Nothing is changed" not in result.stderr


def test_an_empty_queue_is_said_to_be(cli, wire, groups):
    """There is nothing to ask."""
    wire.answers["ListReviews"] = review.ListReviewsResponse()

    assert cli("review", "next").stdout == "Nothing has to be looked at.\n"
    assert cli.json("review", "list") == (0, {"facts": [], "counts": []})


@pytest.mark.parametrize(
    ("words", "method"),
    [
        (("renew", "--until", "2026-09-01", "--reason", "court"), "RenewFacts"),
        (("end", "--on", "2026-06-01"), "EndFacts"),
        (("contest", "--reason", "outdated"), "ContestFacts"),
    ],
)
def test_one_step_from_the_queue(cli, wire, steps, words, method):
    """The commands of ``fact`` stand here, too."""
    verb, *options = words
    result = cli("review", verb, FACTS[0].hex(), *options)

    assert result.exit_code == 0
    assert len(wire.requests(method)) == 1


def test_a_year_is_reported(cli, wire, at_noon):
    """By region and kind, with numbers alone; this year unless another is meant."""
    wire.answers["ReportReviews"] = review.ReportReviewsResponse(
        year=2026,
        tallies=[
            review.ReviewTally(
                region="vast",
                kind=review.FACT_KIND_RIVALRY,
                kept=4,
                overdue=1,
                steps=[
                    review.StepCount(kind=review.FACT_STEP_KIND_RENEWED, count=3),
                    review.StepCount(kind=review.FACT_STEP_KIND_ENDED, count=2),
                ],
                reasons=[review.ReasonCount(reason=types.FACT_REASON_COURT, count=3)],
            )
        ],
    )
    result = cli("review", "report", "--year", "2025", "--region", "vast")
    code, data = cli.json("review", "report")
    first, second = wire.requests("ReportReviews")

    assert "3 RENEWED, 2 ENDED" in result.stdout
    assert (first.year, first.region, second.year) == (2025, "vast", 2026)
    assert (code, data) == (
        0,
        {
            "year": 2026,
            "tallies": [
                {
                    "region": "vast",
                    "kind": "RIVALRY",
                    "kept": 4,
                    "overdue": 1,
                    "steps": {"RENEWED": 3, "ENDED": 2},
                    "reasons": {"COURT": 3},
                }
            ],
        },
    )


@pytest.mark.parametrize("year", ["-1", "2027"])
def test_a_year_that_is_none(cli, wire, at_noon, year):
    """Or has not begun: it is refused before anything is sent."""
    code, data = cli.json("review", "report", "--year", year)

    assert (code, data["error"]["field"]) == (2, "year")
    assert wire.seen == []
