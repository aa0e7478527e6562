"""``coverage``: attested by whom it concerns, and shown with its age."""

import pytest
from kit.asked import day

from placement.access import Role
from placement.api.v1 import registry_service_pb2 as registry
from placement.api.v1 import review_service_pb2 as review


@pytest.mark.parametrize("words", [(), ("--area", "1480", "--whole-region")])
def test_coverage_of_what_must_be_said(cli, wire, words):
    """Nothing named is not everything, and both at once is neither."""
    code, data = cli.json("coverage", "attest", *words)

    assert code == 2
    assert data["error"]["field"] == "areas"
    assert wire.requests("AttestCoverage") == []


@pytest.mark.parametrize(
    ("words", "codes", "said"),
    [
        (("--whole-region",), [], "the whole region"),
        (("--area", "1480", "--area", "Malmö"), ["1480", "1280"], "Attested 2 areas,"),
        (("--area", "1480"), ["1480"], "Attested 1 area,"),
    ],
)
def test_coverage_is_attested(cli, wire, words, codes, said):
    """The whole region, or the areas named."""
    wire.answers["AttestCoverage"] = registry.AttestCoverageResponse(revision=9)
    result = cli("coverage", "attest", *words, "--on", "2026-06-01")
    code, data = cli.json("coverage", "attest", *words)
    first, second = wire.requests("AttestCoverage")

    assert (list(first.areas), first.reviewed_on_day) == (codes, day("2026-06-01"))
    assert first.whole_region == (not codes)
    assert second.reviewed_on_day > first.reviewed_on_day
    assert said in result.stdout
    assert (code, data["areas"], data["revision"]) == (0, codes, 9)


@pytest.mark.parametrize(
    ("organisation", "said"),
    [
        ("national", "Attested the whole country,"),
        ("vast", "Attested the whole region,"),
    ],
)
def test_all_is_what_the_coordinator_polices(cli, pki, wire, organisation, said):
    """The certificate says of whom; for the national unit a region is the country."""
    wire.answers["AttestCoverage"] = registry.AttestCoverageResponse(revision=9)
    cli.become(pki.client(Role.COORDINATOR, organisation, "co-01"))

    assert said in cli("coverage", "attest", "--whole-region").stdout


def test_coverage_is_shown(cli, wire, at_noon):
    """What nobody reviewed, and how long ago the rest was."""
    areas = [
        review.AreaCoverage(
            area="1280", region="syd", reviewed_on_day=day("2026-06-10"), fresh=True
        ),
        review.AreaCoverage(
            area="1281", region="syd", reviewed_on_day=day("2026-01-01")
        ),
        review.AreaCoverage(area="1282", region="syd"),
    ]
    wire.answers["ShowCoverage"] = review.ShowCoverageResponse(areas=areas)
    shown = cli("coverage", "show", "--region", "syd").stdout
    code, data = cli.json("coverage", "show", "--stale")

    assert "1 area never reviewed, 1 too long ago." in shown
    assert wire.requests("ShowCoverage")[0].region == "syd"
    assert code == 0
    assert data["areas"] == [
        {
            "area": "1281",
            "name": "Lund",
            "region": "syd",
            "reviewed_on": "2026-01-01",
            "days": 165,
            "fresh": False,
        },
        {
            "area": "1282",
            "name": "Landskrona",
            "region": "syd",
            "reviewed_on": None,
            "days": None,
            "fresh": False,
        },
    ]
