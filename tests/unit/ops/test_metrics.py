"""Metrics: each has its sentence, and nothing names anybody."""

import re
from types import SimpleNamespace

import pytest
from kit.looked import FIGURES, seen
from kit.world import TODAY
from prometheus_client.parser import text_string_to_metric_families

from placement import __version__
from placement.domain.terms import start_of
from placement.ops.metrics import METRICS, Page
from placement.rpc.health import REASONS


def page(**given):
    """Return the samples of a page, by name and label."""
    text = Page(lambda: seen(**given)).render().decode()
    return {
        (sample.name.removeprefix("placement_"), *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_a_page_of_a_server_that_serves():
    """Every metric, as it is."""
    got = page()
    troubles = {name[1]: got.pop(name) for name in list(got) if name[0] == "trouble"}

    assert {reason for reason, on in troubles.items() if on} == {"memory", "erasure"}
    assert troubles.keys() == {*REASONS, "erasure"}
    assert got == {
        ("info", __version__): 1,
        ("started_timestamp_seconds",): 1,
        ("sealed",): 0,
        ("serving",): 1,
        ("proven",): 1,
        ("incidents_total", "sweep"): 1,
        ("incidents_total", "weighing"): 0,
        ("log_lines_total", "warning"): 0,
        ("log_lines_total", "error"): 0,
        ("log_lines_total", "critical"): 2,
        ("backup_timestamp_seconds", "database"): 0,
        ("backup_timestamp_seconds", "keys"): 9,
        ("figures_timestamp_seconds",): 61,
        ("revision",): 11,
        ("entries",): 12,
        ("calls",): 16,
        ("calls_most",): 4,
        ("streams",): 8,
        ("waiting_most",): 32,
        ("batch_most",): 64,
        ("commit_seconds",): 0.2,
        ("refused_total",): 3,
        ("late",): 2,
        ("late_seconds",): 300,
        ("swept_timestamp_seconds",): start_of(TODAY) // 1_000_000,
        ("anchored_timestamp_seconds",): 60,
        ("view_timestamp_seconds",): 62,
        ("behind",): 128,
        ("signed_timestamp_seconds",): 120,
        ("cosigned_timestamp_seconds", "1"): 180,
        ("cosigned_timestamp_seconds", "2"): 0,
        ("epoch",): 7,
        ("epoch_timestamp_seconds",): 240,
        ("epoch_records",): 1024,
    }


def test_a_server_that_is_sealed():
    """What is not known is not there, and nothing is served."""
    got = page(outlook=None, backups={}, reasons={"": "sealed"})
    known = {name for name, *_ in got}

    assert known == {
        "info",
        "started_timestamp_seconds",
        "sealed",
        "serving",
        "trouble",
        "proven",
        "incidents_total",
        "log_lines_total",
        "backup_timestamp_seconds",
    }
    assert (got["sealed",], got["serving",], got["proven",]) == (1, 0, 0)


def test_before_anything_was_taken():
    """A server that has just begun to serve."""
    outlook = seen().outlook
    outlook.pulse.figures = outlook.view = None
    got = page(outlook=outlook)

    assert ("serving",) in got
    assert ("revision",) not in got
    assert ("behind",) not in got


def test_a_sweep_that_is_not_known():
    """Is as if it had never been: somebody should look."""
    outlook = seen().outlook
    outlook.pulse.figures = SimpleNamespace(
        **{name: getattr(FIGURES, name) for name in FIGURES.__dataclass_fields__}
        | {"swept": 0}
    )

    assert page(outlook=outlook)["swept_timestamp_seconds",] == 0


@pytest.mark.parametrize("row", METRICS, ids=lambda row: row.name)
def test_every_metric_has_a_name_and_a_sentence(row):
    """In the form that Prometheus wants."""
    text = Page(seen).render().decode()

    assert re.fullmatch(r"[a-z_]+", row.name)
    assert f"# HELP {row.full_name} {row.text}\n" in text
    assert row.text.endswith(".")
    assert row.counts == row.name.endswith("_total")


def test_nothing_is_there_that_the_library_adds():
    """No seconds of the processor, no memory, no collector, no time of making."""
    text = Page(seen).render().decode()
    names = set(re.findall(r"^([a-z_]+)", text, re.MULTILINE))

    assert names == {row.full_name for row in METRICS}
    assert len({row.name for row in METRICS}) == len(METRICS)


def test_what_it_describes_is_what_it_has():
    """Which registries rely on."""
    made = Page(seen)

    assert [each.name for each in made.describe()] == [
        each.name for each in made.collect()
    ]
