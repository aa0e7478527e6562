"""Coverage: a region states that it reviewed the picture of its areas on a day."""

from dataclasses import dataclass

from placement.access import NATIONAL, Action, Caller
from placement.domain.decide.command import Moment, Outcome, RequestCommand, require
from placement.domain.decide.drafts import require_area
from placement.domain.events import CoverageAttested
from placement.domain.facts import Attestation
from placement.domain.state import State
from placement.domain.terms import AreaCode, Day, FactId


@dataclass(frozen=True, slots=True, kw_only=True)
class AttestCoverage(RequestCommand):
    """Attest areas of the own region, or the whole of it.

    Attributes:
        attestation: 16 fresh random bytes.
        areas: which; none for the whole region.
        whole_region: said in so many words.
        reviewed_on: on which day.
    """

    action = Action.COVERAGE_ATTEST

    attestation: FactId
    areas: tuple[AreaCode, ...]
    whole_region: bool
    reviewed_on: Day


def attest_coverage(state: State, command: AttestCoverage, moment: Moment) -> Outcome:
    """Attest a region's picture; an area of another region is refused."""
    del state
    own = _own_areas(command.caller, moment)
    one_of = command.whole_region != bool(command.areas)
    require(one_of, "areas", "must be set, or whole_region, and not both")
    areas = command.areas or own
    require(len(set(areas)) == len(areas), "areas", "must all be different")
    for index, area in enumerate(areas):
        field = f"areas[{index}]"
        require_area(moment, area, moment.today, field)
        require(area in own, field, "is no area of your region")
    past = command.reviewed_on <= moment.today
    require(past, "reviewed_on_day", "must not be after today")
    attested = CoverageAttested(
        attestation=Attestation(
            id=command.attestation,
            region=command.caller.organisation,
            areas=areas,
            reviewed_on=command.reviewed_on,
        )
    )
    return Outcome.written(attested, made=(command.attestation,))


def _own_areas(caller: Caller, moment: Moment) -> tuple[AreaCode, ...]:
    """Return the areas in use of a region; the national unit has all."""
    return tuple(
        area.code
        for area in moment.ruleset.areas.values()
        if caller.organisation in (area.police_region, NATIONAL)
        and area.valid_on(moment.today)
    )
