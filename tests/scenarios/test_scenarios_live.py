"""Every scenario through a live server over mutual TLS, each on a store of its own."""

import pytest
from kit.scenario import read_scenario, scenario_files
from kit.scenario_service import ServiceRunner
from kit.served import Served


@pytest.mark.parametrize(
    "path", scenario_files("both", "service"), ids=lambda path: path.stem
)
def test_scenario_through_a_live_server(path, tmp_path):
    """Each question gets the verdict, or the refusal, that the file promises."""
    scenario = read_scenario(path)
    with Served(tmp_path) as served:
        runner = ServiceRunner(served, scenario)
        runner.apply(scenario.given)
        for step in scenario.steps:
            runner.apply(step.change)
            for check in step.checks:
                got = (check.case, check.places, runner.answer(check))
                expected = check.refused or check.expected

                assert got == (check.case, check.places, expected)
