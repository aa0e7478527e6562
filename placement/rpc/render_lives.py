"""From replies about the lives of facts to responses; see ``render``."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from placement.api.v1 import registry_service_pb2 as registry_wire
from placement.api.v1 import review_service_pb2 as wire
from placement.api.v1 import types_pb2
from placement.domain.decide.facts import FactPage, FactShown, FactView
from placement.domain.decide.previews import Foreseen, Planned
from placement.domain.decide.reviews import CoverageShown, Report, ReviewPage, Tally
from placement.domain.facts import Threat
from placement.domain.life_events import Step, StepKind
from placement.rpc.parse_lives import queue_numbers
from placement.rpc.render import VERDICTS, written_ids
from placement.rpc.render_facts import fact_of, grade_of
from placement.service.batch import Answer

Bookmark = Callable[..., bytes]
"""Makes a token of a list's scope and of numbers."""
# What the wire calls the persons of a fact.
_PERSONS: Final[Mapping[str, str]] = {
    "subject": "person",
    "target": "target",
    "source_subject": "person",
    "low": "person_a",
    "high": "person_b",
}


def amended(answer: Answer) -> registry_wire.AmendFactsResponse:
    """Render the new facts, and the change that waits, if any."""
    *facts, change = written_ids(answer)
    return registry_wire.AmendFactsResponse(
        revision=answer.revision, fact_ids=facts, change_id=change
    )


def renewed(answer: Answer) -> registry_wire.RenewFactsResponse:
    """Render renewed facts, or the change that waits."""
    (change,) = written_ids(answer)
    return registry_wire.RenewFactsResponse(revision=answer.revision, change_id=change)


def proposed(answer: Answer) -> registry_wire.ProposeFactsResponse:
    """Render the change that waits."""
    (change,) = written_ids(answer)
    return registry_wire.ProposeFactsResponse(
        revision=answer.revision, change_id=change
    )


def rejected(answer: Answer) -> registry_wire.RejectChangeResponse:
    """Render the retraction that waits, if the change recorded something."""
    (change,) = written_ids(answer)
    return registry_wire.RejectChangeResponse(
        revision=answer.revision, change_id=change
    )


def planned(answer: Answer) -> registry_wire.PreviewChangeResponse:
    """Render how many placements would be weighed again."""
    plan: Planned = _reply(answer)
    return registry_wire.PreviewChangeResponse(
        planned=len(plan.placements), revision=answer.revision
    )


def foreseen(answer: Answer, plan: Planned) -> registry_wire.PreviewChangeResponse:
    """Render what a slice of them would be worth."""
    reply: Foreseen = _reply(answer)
    return registry_wire.PreviewChangeResponse(
        planned=len(plan.placements),
        weighed=reply.weighed,
        moves=[
            registry_wire.VerdictMove(
                before=VERDICTS[before], after=VERDICTS[after], count=count
            )
            for before, after, count in reply.counts
        ],
        cases=[
            registry_wire.MovedCase(
                case_handle=each.case,
                before=VERDICTS[each.before],
                after=VERDICTS[each.after],
            )
            for each in reply.moved
        ],
        revision=answer.revision,
    )


def listed(answer: Answer, bookmark: Bookmark) -> wire.ListFactsResponse:
    """Render a page of facts."""
    page: FactPage = _reply(answer)
    token = b"" if page.after is None else bookmark(page.scope, page.after)
    return wire.ListFactsResponse(
        facts=map(_recorded, page.facts), next_page_token=token
    )


def shown(answer: Answer) -> wire.ShowFactResponse:
    """Render a fact and its life."""
    reply: FactShown = _reply(answer)
    return wire.ShowFactResponse(
        fact=_recorded(reply.view), steps=map(_step, reply.steps)
    )


def _recorded(view: FactView) -> wire.RecordedFact:
    fact = view.fact
    return wire.RecordedFact(
        fact_id=fact.id,
        fact=_with_members(view),
        state=wire.FactState.ValueType(view.state),
        changed_revision=view.changed,
        author=fact.author,
        region=fact.region,
        recorded_at=fact.recorded_at,
        contested=wire.ContestReason.ValueType(view.doubt or 0),
        replaces=fact.replaces or b"",
    )


def _with_members(view: FactView) -> types_pb2.Fact:
    """Render a fact; of its persons those who are a member that the caller may know."""
    fact = fact_of(view.fact)
    statement: Any = getattr(fact, fact.WhichOneof("statement") or "")
    if isinstance(view.fact, Threat) and view.fact.source_group is None:
        statement.person.SetInParent()  # that it is somebody, though not who
    for name, member in view.members.items():
        said = getattr(statement, _PERSONS[name]).case_member
        said.case_handle, said.position = member.case, member.position
    return fact


def _step(step: Step) -> wire.FactStep:
    ended = step.kind is StepKind.ENDED
    scheme = step.scheme
    return wire.FactStep(
        kind=wire.FactStepKind.ValueType(step.kind),
        at=step.at,
        revision=step.revision,
        person=step.person,
        second_person=step.second,
        ended_on_day=step.day if ended else None,
        review_by_day=None if ended else step.day,
        grade=None if scheme is None else grade_of(scheme, step.given),
        reason=types_pb2.FactReason.ValueType(step.reason or 0),
        contested=wire.ContestReason.ValueType(step.doubt or 0),
    )


def queue(answer: Answer, bookmark: Bookmark) -> wire.ListReviewsResponse:
    """Render a page of what has to be looked at."""
    page: ReviewPage = _reply(answer)
    place = None if page.after is None else queue_numbers(page.after)
    return wire.ListReviewsResponse(
        facts=[
            wire.QueuedFact(
                fact=_recorded(item.view),
                since_day=item.since,
                reasons=[wire.ReviewReason.ValueType(each) for each in item.reasons],
            )
            for item in page.items
        ],
        counts=[
            wire.QueueCount(
                region=region, reason=wire.ReviewReason.ValueType(reason), count=count
            )
            for region, reason, count in page.counts
        ],
        next_page_token=b"" if place is None else bookmark(page.scope, *place),
    )


def coverage(answer: Answer) -> wire.ShowCoverageResponse:
    """Render when areas were reviewed last."""
    reply: CoverageShown = _reply(answer)
    return wire.ShowCoverageResponse(
        areas=[
            wire.AreaCoverage(
                area=each.area,
                region=each.region,
                reviewed_on_day=each.reviewed_on,
                fresh=each.fresh,
            )
            for each in reply.areas
        ]
    )


def report(answer: Answer) -> wire.ReportReviewsResponse:
    """Render what was kept in a year."""
    reply: Report = _reply(answer)
    return wire.ReportReviewsResponse(
        year=reply.year, tallies=map(_tally, reply.tallies)
    )


def _tally(tally: Tally) -> wire.ReviewTally:
    return wire.ReviewTally(
        region=tally.region,
        kind=wire.FactKind.ValueType(tally.kind + 1),
        kept=tally.kept,
        overdue=tally.overdue,
        steps=[
            wire.StepCount(kind=wire.FactStepKind.ValueType(kind), count=count)
            for kind, count in tally.steps
        ],
        reasons=[
            wire.ReasonCount(reason=types_pb2.FactReason.ValueType(why), count=count)
            for why, count in tally.reasons
        ],
    )


def _reply(answer: Answer) -> Any:  # noqa: ANN401 (of any decision)
    return answer.reply
