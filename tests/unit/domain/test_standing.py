"""What stands in time, as the fold of what happened to it."""

from dataclasses import replace

import pytest
from kit.world import NOW, TODAY, World, token

from placement.domain.agenda import PIECE, Due, Touch
from placement.domain.alerts import Alert
from placement.domain.events import PlacementRecorded, Record
from placement.domain.permits import Permit
from placement.domain.questions import Candidate
from placement.domain.stay_events import (
    AgendaKept,
    AlertAcknowledged,
    AlertClosed,
    AlertEscalated,
    AlertHandedOver,
    AlertKept,
    AlertRaised,
    AlertSeen,
    DayPassed,
    HoldConfirmed,
    HoldExtended,
    MovedIn,
    OverrideSigned,
    PermitGiven,
    PlacementWeighed,
    ProviderStopped,
    Reevaluated,
    RulesFollowed,
    SweepBegun,
)
from placement.domain.terms import (
    AlertClosing,
    AlertKind,
    AlertState,
    AreaCode,
    PermitGround,
    PlacementState,
    Verdict,
    Window,
)
from placement.errors import TamperedError
from placement.store.codec import encode
from placement.store.snapshot import MAX_PART

SEEN = (b"12345678",)
PERMIT = Permit(
    id=token("permit"),
    case=token("case"),
    candidate=Candidate(area=AreaCode("0180")),
    window=Window(start=TODAY),
    ground=PermitGround.CARE,
    verdict=Verdict.REVIEW,
    seen=(),
    organisation="1280",
    person="cw-01",
    proposed_at=NOW,
    expires_at=NOW + 1,
)
ALERT = Alert(
    id=token("alert"),
    kind=AlertKind.WORSE,
    case=token("case"),
    placement=token("place"),
    organisation="1280",
    before=Verdict.CLEAR,
    verdict=Verdict.REVIEW,
    regions=("nord",),
    raised_at=NOW,
    acknowledge_by=NOW + 1,
)


@pytest.fixture
def world():
    return World()


@pytest.fixture
def held(world):
    """The id of a hold."""
    state = PlacementState.HELD
    return world.placement(world.case("h"), "0180", state=state, expires_at=NOW + 1)


# Placements


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (
            HoldExtended(id=b"", expires_at=NOW + 9),
            {"expires_at": NOW + 9, "extended": True},
        ),
        (
            HoldConfirmed(id=b"", verdict=Verdict.CLEAR, seen=SEEN, permit=None),
            {
                "state": PlacementState.ACTIVE,
                "expires_at": None,
                "verdict": Verdict.CLEAR,
                "seen": SEEN,
            },
        ),
        (
            MovedIn(id=b"", day=TODAY, verdict=Verdict.REVIEW, seen=SEEN),
            {"moved_in_on": TODAY, "verdict": Verdict.REVIEW, "seen": SEEN},
        ),
        (
            PlacementWeighed(id=b"", verdict=Verdict.REVIEW, seen=SEEN),
            {"verdict": Verdict.REVIEW, "seen": SEEN},
        ),
    ],
    ids=["extended", "confirmed", "moved in", "weighed"],
)
def test_a_placement_changes(world, held, event, expected):
    """What the event says and nothing else."""
    before = world.state.placements[held]
    world.apply(replace(event, id=held))

    assert world.state.placements[held] == replace(before, **expected)


@pytest.mark.parametrize("how", ["held", "confirmed", "moved in"])
def test_a_permit_is_used(world, held, how):
    """By whatever rests on it; a step without one keeps the one before."""
    world.apply(PermitGiven(permit=PERMIT))
    known = {"verdict": Verdict.REVIEW, "seen": (), "permit": PERMIT.id}
    if how == "held":
        placement = replace(world.state.placements[held], permit=PERMIT.id)
        world.apply(PlacementRecorded(placement=placement))
    elif how == "confirmed":
        world.apply(HoldConfirmed(id=held, **known))
    else:
        world.apply(MovedIn(id=held, day=TODAY, **known))
    before = world.state.placements[held].permit
    clear = {"verdict": Verdict.CLEAR, "seen": (), "permit": None}
    world.apply(HoldConfirmed(id=held, **clear))
    world.apply(MovedIn(id=held, day=TODAY, **clear))

    assert before == world.state.placements[held].permit == PERMIT.id
    assert world.state.permits[PERMIT.id] == replace(PERMIT, used=True)


# Permits


def test_permits_of_a_case_are_in_order(world):
    """As they were asked for, whatever became of them."""
    others = [replace(PERMIT, id=token(name)) for name in "zab"]
    for each in (*others, replace(PERMIT, id=token("c"), case=token("other"))):
        world.apply(PermitGiven(permit=each))
    world.apply(
        OverrideSigned(
            id=token("z"),
            organisation="syd",
            person="co-01",
            expires_at=NOW + 5,
            verdict=Verdict.CONFLICT,
            floor=Verdict.UNKNOWN,
            seen=SEEN,
        )
    )
    signed = replace(
        others[0],
        signed=True,
        signed_by_organisation="syd",
        signed_by="co-01",
        expires_at=NOW + 5,
        verdict=Verdict.CONFLICT,
        floor=Verdict.UNKNOWN,
        seen=SEEN,
    )
    standing = world.state.standing

    assert list(standing.permits_of(token("case"))) == [signed, *others[1:]]
    assert list(standing.permits_of(token("nobody's"))) == []


def test_a_release_is_signed(world):
    """By whom stands in it."""
    world.apply(PermitGiven(permit=PERMIT))
    world.state.standing.sign_release(PERMIT.id, "syd", "co-02")

    assert world.state.permits[PERMIT.id] == replace(
        PERMIT, signed=True, signed_by_organisation="syd", signed_by="co-02"
    )


# Alerts


def raised(world) -> Alert:
    world.apply(AlertRaised(alert=ALERT))
    return world.state.alerts[ALERT.id]


def test_a_raised_alert_has_its_revision(world):
    """Of its last change, of what the municipality sees, of when it was raised."""
    world.cover("0180")
    got = raised(world)

    assert got == replace(
        ALERT, revision=2, told=2, raised=2, changed_at=NOW, told_at=NOW
    )


def test_an_alert_is_raised_again(world):
    """Whoever was told of it before is told so; to whom it is new, it is new."""
    first = raised(world)
    world.apply(AlertRaised(alert=first))
    second = world.state.alerts[ALERT.id]
    world.apply(AlertRaised(alert=replace(second, organisation="0180")))
    other = world.state.alerts[ALERT.id]

    assert [each.again for each in (first, second, other)] == [False, True, False]


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (AlertSeen(id=ALERT.id), {"seen": True, "told": 2, "told_at": NOW + 1}),
        (
            AlertAcknowledged(id=ALERT.id, person="co-01", region="nord"),
            {
                "state": AlertState.ACKNOWLEDGED,
                "owner": "co-01",
                "owner_region": "nord",
            },
        ),
        (
            AlertHandedOver(id=ALERT.id, region="mitt", acknowledge_by=NOW + 7),
            {"regions": ("mitt", "nord"), "acknowledge_by": NOW + 7},
        ),
        (AlertEscalated(id=ALERT.id), {"state": AlertState.ESCALATED}),
        (
            AlertClosed(id=ALERT.id, closing=AlertClosing.MOVED),
            {
                "state": AlertState.CLOSED,
                "closing": AlertClosing.MOVED,
                "told": 2,
                "told_at": NOW + 1,
            },
        ),
    ],
    ids=["seen", "acknowledged", "handed over", "escalated", "closed"],
)
def test_an_alert_changes(world, event, expected):
    """What the event says, at which revision and when."""
    before = raised(world)
    world.state.apply(Record(at=NOW + 1, event=event))
    changed = replace(before, revision=2, changed_at=NOW + 1, **expected)

    assert world.state.alerts[ALERT.id] == changed


@pytest.mark.parametrize(
    ("first", "state"),
    [
        (
            AlertAcknowledged(id=ALERT.id, person="co-01", region="nord"),
            AlertState.RAISED,
        ),
        (AlertEscalated(id=ALERT.id), AlertState.ESCALATED),
    ],
    ids=["taken on", "escalated"],
)
def test_a_handed_over_alert_is_nobodys(world, first, state):
    """Whoever had it has not; what escalated stays so."""
    raised(world)
    world.apply(first)
    world.apply(AlertHandedOver(id=ALERT.id, region="nord", acknowledge_by=NOW))
    got = world.state.alerts[ALERT.id]

    assert (got.state, got.owner, got.owner_region) == (state, "", "")
    assert got.regions == ("nord",)


# What is due


def test_time_is_noticed(world):
    """The day, and the rules with when they came."""
    world.apply(DayPassed(day=TODAY))
    world.apply(SweepBegun(day=TODAY))
    world.state.apply(Record(at=NOW + 5, event=RulesFollowed(rules=b"a")))
    agenda = world.state.agenda

    assert (agenda.day, agenda.rules, agenda.ruled_at) == (TODAY, (b"a",), NOW + 5)


def test_work_is_worked_off(world, held):
    """In slices, to the end."""
    until = world.state.revision
    world.apply(Reevaluated(until=until, after=token("x"), done=False))
    half = world.state.agenda.next().after
    world.apply(Reevaluated(until=until, after=token("y"), done=True))

    assert (half, world.state.agenda.next()) == (token("x"), None)


def test_a_snapshot_ends_with_what_is_due(world, held):
    """Nothing that its own records would put there."""
    due = (Due(revision=7, touch=Touch(everything=True), after=held),)
    kept = AgendaKept(day=TODAY, rules=(b"a", b"b"), ruled_at=NOW, due=due)
    world.apply(kept)

    assert [*world.state.standing.schedule()] == [kept]


def test_much_that_is_due_is_kept_in_pieces(world):
    """One record never outgrows a part of a snapshot, and nothing is lost between two."""
    groups = tuple(token(f"g{number}") for number in range(PIECE // 4))
    due = tuple(
        Due(revision=number, touch=Touch(groups=groups), after=b"")
        for number in range(1, 9)
    )
    world.apply(AgendaKept(day=TODAY, rules=(), ruled_at=NOW, due=due))
    pieces = [*world.state.standing.schedule()]
    for piece in pieces:
        world.apply(piece)

    assert [piece.further for piece in pieces] == [False, True, True]
    assert [len(piece.due) for piece in pieces] == [3, 3, 2]
    assert tuple(world.state.agenda) == due
    assert (
        max(len(encode(Record(at=NOW, event=each))) for each in pieces) < MAX_PART / 2
    )


def test_a_kept_alert_is_as_it_was(world):
    """Its revisions are those of the log, not of the snapshot."""
    kept = replace(ALERT, revision=70, told=60, raised=50)
    world.apply(AlertKept(alert=kept))

    assert world.state.alerts[ALERT.id] == kept


# Holes


@pytest.mark.parametrize(
    "event",
    [
        HoldExtended(id=token("x"), expires_at=NOW),
        HoldConfirmed(id=token("x"), verdict=Verdict.CLEAR, seen=(), permit=None),
        MovedIn(id=token("x"), day=TODAY, verdict=Verdict.CLEAR, seen=()),
        PlacementWeighed(id=token("x"), verdict=Verdict.CLEAR, seen=()),
        OverrideSigned(
            id=token("x"),
            organisation="syd",
            person="p",
            expires_at=NOW,
            verdict=Verdict.CLEAR,
            floor=Verdict.CLEAR,
            seen=(),
        ),
        AlertSeen(id=token("x")),
        AlertAcknowledged(id=token("x"), person="p", region="syd"),
        AlertHandedOver(id=token("x"), region="syd", acknowledge_by=NOW),
        AlertEscalated(id=token("x")),
        AlertClosed(id=token("x"), closing=AlertClosing.MOVED),
    ],
    ids=lambda event: type(event).__name__,
)
def test_a_hole_in_the_log_is_an_incident(world, event):
    """A record that speaks of something that isn't there is never skipped."""
    with pytest.raises(TamperedError):
        world.apply(event)

    assert world.state.revision == 0


def test_a_placement_under_no_permit_is_an_incident(world, held):
    """So is one that rests on a permit that nobody gave."""
    with pytest.raises(TamperedError):
        world.apply(
            HoldConfirmed(id=held, verdict=Verdict.REVIEW, seen=(), permit=token("x"))
        )


def test_what_is_stopped_stands(world):
    """Once a region, however often it is said."""
    for region in ("syd", "nord", "syd"):
        world.apply(ProviderStopped(provider=token("firm"), region=region))

    assert list(world.state.standing.records()) == [
        ProviderStopped(provider=token("firm"), region=region)
        for region in ("nord", "syd")
    ]
