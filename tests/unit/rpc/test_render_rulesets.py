"""From replies about rulesets to responses."""

from dataclasses import replace

from kit.world import NOW, token

from placement.api.v1 import ruleset_service_pb2 as wire
from placement.api.v1 import types_pb2 as types
from placement.domain.decide.command import Written
from placement.domain.decide.rulesets import Rulesets, RulesetView
from placement.domain.decide.shadows import Moved, Shadowed
from placement.domain.rule_events import (
    RulesetAdopted,
    RulesetKept,
    RulesetProposed,
    RulesetShadowed,
    Shift,
)
from placement.domain.terms import Revision, Verdict
from placement.rpc import render_rulesets as render
from placement.service.batch import Answer

KEY, RULES = token("rules"), token("digest", 32)
SHIFT = Shift(before=Verdict.REVIEW, after=Verdict.CLEAR, count=4)
SAID = wire.RulesetShadow(
    person="co-01",
    weighed=9,
    shifts=[
        wire.VerdictShift(
            before=types.VERDICT_REVIEW, after=types.VERDICT_CLEAR, count=4
        )
    ],
)
PROPOSED = RulesetProposed(
    id=KEY,
    person="co-01",
    expires_at=NOW + 5,
    version="2026-12-1",
    content="the content",
    rules=RULES,
)
SHADOWED = RulesetShadowed(id=KEY, person="co-01", weighed=9, shifts=(SHIFT,))
KEPT = RulesetKept(
    proposed=PROPOSED,
    shadowed=SHADOWED,
    adopted=RulesetAdopted(id=KEY, person="co-02", rules=RULES),
    at=NOW,
    revision=Revision(6),
)
COMMON = {
    "ruleset_id": KEY,
    "version": "2026-12-1",
    "rules": RULES,
    "proposed_by": "co-01",
}


def answer(reply):
    return Answer(reply=reply, revision=7, leaf=9)


def test_what_was_written():
    """The id that it made, and the revision."""
    made = answer(Written(ids=(KEY,)))

    assert render.proposed(made) == wire.ProposeRulesetResponse(
        ruleset_id=KEY, revision=7
    )
    assert render.approved(answer(Written())).revision == 7
    assert render.withdrawn(answer(Written())).revision == 7


def test_a_part_of_a_shadow_run():
    """What it found; the whole only at the end, and no place at all."""
    moved = Moved(case=token("case"), before=Verdict.CLEAR, after=Verdict.CONFLICT)
    found = answer(Shadowed(weighed=9, shifts=(SHIFT,), moved=(moved,)))
    given = {"total": 20, "person": "co-01"}
    part = wire.ShadowRulesetResponse(
        weighed=9,
        total=20,
        moved=[
            wire.MovedPlacement(
                case_handle=token("case"),
                before=types.VERDICT_CLEAR,
                after=types.VERDICT_CONFLICT,
            )
        ],
    )

    assert render.shadowed(found, done=False, **given) == part
    part.shadow.CopyFrom(SAID)
    assert render.shadowed(found, done=True, **given) == part


def test_rulesets_are_listed_as_what_they_are():
    """What waits lapses; what was adopted has a second person and a revision."""
    views = (
        RulesetView(proposed=PROPOSED, shadowed=SHADOWED, kept=KEPT),
        RulesetView(proposed=PROPOSED, kept=KEPT, in_force=True),
        RulesetView(proposed=PROPOSED),
        RulesetView(proposed=replace(PROPOSED, id=b"")),
    )
    adopted = {"approved_by": "co-02", "adopted_at": NOW, "revision": 6}
    got = list(render.listed(answer(Rulesets(views=views))).rulesets)

    assert got == [
        wire.RulesetSummary(
            state=wire.RULESET_STATE_PAST, shadow=SAID, **adopted, **COMMON
        ),
        wire.RulesetSummary(state=wire.RULESET_STATE_IN_FORCE, **adopted, **COMMON),
        wire.RulesetSummary(
            state=wire.RULESET_STATE_WAITING, expires_at=NOW + 5, **COMMON
        ),
        wire.RulesetSummary(
            state=wire.RULESET_STATE_PAST, **{**COMMON, "ruleset_id": b""}
        ),
    ]


def test_one_is_shown_with_what_it_says():
    """The one that the store was made with has no time at which it lapses."""
    got = render.shown(answer(RulesetView(proposed=PROPOSED, in_force=True)))

    assert got.content == "the content"
    assert got.ruleset == wire.RulesetSummary(
        state=wire.RULESET_STATE_IN_FORCE, **COMMON
    )
