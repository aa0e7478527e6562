"""Every scenario through a live server over mutual TLS, each on a store of its own."""

import pytest
from kit.certs import Pki
from kit.scenario import read_scenario, scenario_files
from kit.scenario_placing import Clock
from kit.scenario_service import ServiceRunner
from kit.served import Served


@pytest.fixture(scope="module")
def pki(tmp_path_factory):
    """One authority for all: nothing in a scenario is about certificates."""
    pki = Pki(tmp_path_factory.mktemp("pki"))
    pki.server()
    return pki


@pytest.mark.parametrize(
    "path", scenario_files("both", "service"), ids=lambda path: path.stem
)
def test_scenario_through_a_live_server(path, tmp_path, pki):
    """Each question gets the verdict, or the refusal, that the file promises.

    What is held, who is alarmed, and what stands in the register, too.
    """
    scenario, clock = read_scenario(path), Clock()
    with Served(tmp_path, clock=clock, pki=pki) as served:
        runner = ServiceRunner(served, scenario, clock)
        runner.apply(scenario.given)
        for step in scenario.steps:
            runner.apply(step.change)
            for check in step.checks:
                got = (check.case, check.places, *runner.answer(check))
                expected = check.refused or check.expected

                assert got == (check.case, check.places, expected, check.holds)
            if step.race:
                lost = [("CONFLICT", False)] * (len(step.race) - 1)

                assert runner.race(step.race) == [("CLEAR", True), *lost]
            if step.alarms is not None:
                about_places = {
                    c for c, word in step.alarms.items() if word != "closed"
                }

                assert runner.placing.alarms() == step.alarms
                assert runner.placing.told() == about_places
            if step.overrides is not None:
                assert runner.placing.overrides() == step.overrides
