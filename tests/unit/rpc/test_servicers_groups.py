"""The service for names of groups, from the wire to the log."""

import pytest
from kit.asking import REQUESTS
from kit.grouping import BESIDE, GROUPING, begun, calm, renewing
from kit.town import Town

from placement.api.v1 import group_service_pb2 as group
from placement.api.v1 import registry_service_pb2 as registry


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    with Town(tmp_path_factory.mktemp("town")) as town:
        yield town


@pytest.mark.parametrize("method", GROUPING)
def test_every_method_answers(town, method):
    """Parsed, decided, rendered; what changes something names its revision."""
    kind = getattr(group, f"{method}Response")
    got = town.done("coordinator", method, REQUESTS[method](town, "coordinator"), kind)

    if method != "ShowLabelKeys":
        assert 0 < got.revision <= town.head().revision


def test_names_are_listed_under_both_keys(town):
    """While the label key is replaced."""
    calm(town)
    key = begun(town, BESIDE)
    town.done(BESIDE, "RenewLabels", renewing(town, key), group.RenewLabelsResponse)
    listed = town.done(
        "coordinator",
        "ListGroups",
        registry.ListGroupsRequest(),
        registry.ListGroupsResponse,
    )
    shown = town.done(
        "national",
        "ShowLabelKeys",
        group.ShowLabelKeysRequest(),
        group.ShowLabelKeysResponse,
    )

    assert {one.renewed.sealed_label for one in listed.groups} == {b"renewed"}
    assert shown.rotation.to_key_id == key
    assert key in {one.key_id for one in shown.handed}
