"""Commands about a changeover of keys, by short names."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from kit.commands import (
    COORDINATOR,
    NATIONAL,
    RULESET,
    SECOND,
    Court,
    asked,
    coordinator,
    draft,
    open_case,
)
from kit.world import TODAY, World, subject, token
from placement.access import Caller
from placement.domain.changeover import Named
from placement.domain.changeover_events import (
    ChangeoverBegun,
    ChangeoverEnded,
    CustodianNamed,
    Pair,
    PairsOffered,
)
from placement.domain.decide import changeovers
from placement.domain.decide.drafts import Draft
from placement.domain.facts import Affiliation, Group
from placement.domain.group_events import GroupRegistered
from placement.domain.questions import Candidate, Question
from placement.domain.rules import assess
from placement.domain.state import State
from placement.domain.terms import (
    AffiliationRole,
    AreaCode,
    SubjectId,
    Verdict,
    Window,
)

AREA = AreaCode("2480")

OLD, NEW, THIRD = (token(f"{name} key", 32) for name in ("old", "new", "third"))
OTHER = coordinator("national", "co-10")
BEGUN = ChangeoverBegun(from_key=OLD, to_key=NEW)


def under(key: bytes, person: str) -> SubjectId:
    """Return the subject of a pseudonym under a key: the name alone under the old one."""
    name = person if key == OLD else f"{person} under {key.hex()}"
    return SubjectId(token(name, 32))


def named(person: str, *keys: bytes, field: str = "pseudonyms[0]") -> Named:
    """Name somebody by their pseudonyms under some keys."""
    return Named(field, tuple((key, under(key, person)) for key in keys))


def both(old: str, new: str = "") -> Named:
    """Name somebody under both keys; perhaps falsely."""
    return Named("pairs[0]", ((OLD, under(OLD, old)), (NEW, under(NEW, new or old))))


def pair(person: str, new: str = "") -> Pair:
    """Say that somebody is one person under both keys; perhaps falsely."""
    return Pair(old=under(OLD, person), new=under(NEW, new or person))


def offered(*pairs: Pair, by: str = "co-01", coordinates: bool = True) -> PairsOffered:
    organisation = "syd" if coordinates else "1280"
    return PairsOffered(
        organisation=organisation, person=by, coordinates=coordinates, pairs=pairs
    )


def agree(world: World, *pairs: Pair) -> None:
    """Have two coordinators offer pairs."""
    world.apply(offered(*pairs))
    world.apply(offered(*pairs, by="co-02"))


def show_changeover(caller: Caller = NATIONAL) -> changeovers.ShowChangeover:
    return changeovers.ShowChangeover(caller=caller)


def begin_changeover(to_key: bytes = NEW, **given: Any) -> changeovers.BeginChangeover:
    return changeovers.BeginChangeover(**asked(NATIONAL, given), to_key=to_key)


def offer_pairs(*pairs: Named, **given: Any) -> changeovers.OfferPairs:
    return changeovers.OfferPairs(**asked(COORDINATOR, given), pairs=pairs)


def end_changeover(left: int = 0, **given: Any) -> changeovers.EndChangeover:
    return changeovers.EndChangeover(
        **asked(NATIONAL, given),
        to_key=given.get("to_key", NEW),
        give_up=given.get("give_up", False),
        left=left,
    )


def ended(state: State) -> ChangeoverEnded:
    """Return the end of a changeover at which everybody may be left."""
    left = state.changeover.without_pair(state)
    return ChangeoverEnded(done=True, left=tuple(sorted(left)))


def belongs(who: Named | SubjectId, group: str = "A") -> Draft:
    """State that somebody belongs to a group."""
    role = AffiliationRole.CORE
    return draft(
        Affiliation,
        "affiliation",
        subject=who,
        group=token(group),
        role=role,
        left_on=None,
    )


def town() -> Court:
    """Return a court under the old key; B is at war with A, and stands in an area."""
    world = World()
    world.apply(CustodianNamed(key_id=OLD))
    for name in "AB":
        label = Group(token=token(name), fingerprint=subject(name), label=b"x")
        world.apply(GroupRegistered(group=label))
    world.rivalry("A", "B")
    world.presence("B", AREA)
    world.cover(*RULESET.areas)
    return Court(world.state)


def enrol(court: Court, *pairs: Named) -> None:
    """Offer pairs, by two coordinators."""
    court.reply(offer_pairs(*pairs))
    court.reply(offer_pairs(*pairs, caller=SECOND))


def finish(court: Court, left: int = 0) -> None:
    """End a changeover, by two persons."""
    court.reply(end_changeover(left))
    court.reply(end_changeover(left, caller=OTHER))


def ask(court: Court, members: Sequence[Named | SubjectId]) -> Verdict:
    """Open a case for somebody, assess it, and return the verdict in the area."""
    command = replace(open_case(), members=tuple(members))
    court.reply(command)
    case = replace(court.state.cases[command.handle], assessed_at=court.moment.now)
    question = Question(
        case=case,
        candidates=(Candidate(area=AREA),),
        window=Window(start=TODAY),
        now=court.moment.now,
    )
    (found,) = assess(court.state, question, RULESET, court.moment.today)
    return found.verdict
