"""Every scenario through the rules; those that need a service are not collected."""

import pytest
from kit.scenario import read_scenario, scenario_files
from kit.world import RULESET, TODAY

from placement.ops.scenarios.running import RulesRunner


@pytest.mark.parametrize(
    "path", scenario_files("both", "rules"), ids=lambda path: path.stem
)
def test_scenario_through_the_rules(path):
    """Each question gets the verdict that the file promises."""
    scenario = read_scenario(path)
    runner = RulesRunner(scenario, RULESET, TODAY)
    runner.apply(scenario.given)
    for step in scenario.steps:
        runner.apply(step.change)
        for check in step.checks:
            got = (check.case, check.places, runner.answer(check))

            assert got == (check.case, check.places, check.expected)
