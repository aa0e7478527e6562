"""Coverage: a region speaks for its own areas, the national unit for all."""

import pytest
from kit.commands import COORDINATOR, NATIONAL, attest, coordinator, field_of
from kit.world import RULESET, TODAY

from placement.access import POLICE_REGIONS

OWN = RULESET.areas.policed_by("syd")


def attested(court, command):
    (attestation,) = court.reply(command).ids
    return court.state.attestations[attestation]


def test_every_area_has_a_region_that_may_speak_for_it():
    """The table of areas and the certificates spell the regions alike."""
    assert {area.police_region for area in RULESET.areas.values()} == set(
        POLICE_REGIONS
    )


def test_a_region_attests_all_of_its_own(court):
    """Without codes it is the whole region, and nothing else."""
    got = attested(court, attest(days=-3))

    assert (got.region, got.reviewed_on) == ("syd", TODAY - 3)
    assert set(got.areas) == set(OWN)


def test_a_region_attests_some(court):
    """Exactly those, in order."""
    assert attested(court, attest(OWN[3], OWN[1])).areas == (OWN[3], OWN[1])


def test_the_national_unit_attests_the_country(court):
    """All areas, or any."""
    got = attested(court, attest(caller=NATIONAL))

    assert (got.region, set(got.areas)) == ("national", set(RULESET.areas))
    assert attested(court, attest("2480", caller=NATIONAL)).areas == ("2480",)


@pytest.mark.parametrize(
    ("areas", "expected"),
    [
        ((OWN[0], OWN[0]), "areas"),
        ((OWN[0], "0199"), "areas[1]"),
        ((OWN[0], "2480"), "areas[1]"),
    ],
    ids=["twice", "unknown", "of another region"],
)
def test_what_is_not_ones_own(court, areas, expected):
    """An area of another region is refused by its position."""
    assert field_of(court, attest(*areas)) == expected
    assert court.state.attestations == {}


def test_nobody_reviews_tomorrow(court):
    """A day ahead would keep a picture fresh for too long."""
    assert field_of(court, attest(days=1)) == "reviewed_on_day"
    assert attested(court, attest(days=0)).reviewed_on == TODAY


@pytest.mark.parametrize("region", POLICE_REGIONS)
def test_regions_never_speak_for_one_another(court, region):
    """Each has areas, and they are disjoint."""
    got = attested(court, attest(caller=coordinator(region)))

    assert set(got.areas) == set(RULESET.areas.policed_by(region))
    assert got.areas
    assert COORDINATOR.region == "syd"
