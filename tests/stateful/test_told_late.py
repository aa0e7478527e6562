"""One life that chance seldom plays."""

from tests.stateful.test_stateful import Lives


def test_a_municipality_is_told_once_its_case_is_assessed():
    """Until then an alert about its case is the police's alone."""
    life = Lives()
    try:
        for number, organisation in enumerate(("0180", "1280")):
            life.open(organisation, [number], assessed=number == 1, child=False)
            life.learn(said=("affiliation", number, number))
            life.state_placement(pick=number, drawn=("0680", False), ago=0)
        life.learn(said=("rivalry", (0, 1), 1))
        late, early = life.plain.cases
        before = told(life, late), told(life, early)
        life.change_case(pick=0, what="assess")

        assert (before, told(life, late)) == ((False, True), True)
        life.whoever_must_know_is_told()
    finally:
        life.teardown()


def told(life, case):
    """Tell whether a case's municipality has an alert about it."""
    own = life.own_alerts(life.worker(case))
    return case in {each.case_handle for each in own}
