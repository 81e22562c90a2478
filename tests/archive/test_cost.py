"""Energy and carbon of keeping data, by hand."""

from __future__ import annotations

import pytest

from heliograph.archive.care.cost import break_even_w_per_tb, cost, drifts, inputs, ratio

ROUND = {one.key: one.value for one in inputs()} | {
    "grid": 0.5,
    "read_share": 0.0,
    "hdd_tb": 10.0,
    "hdd_w": 10.0,
    "disc_tb": 0.1,
    "redundancy": 0.0,
    "burner_w": 36.0,
    "burner_mb_s": 10.0,
    "disc_years": 10.0,
}
"""Figures that are easy to reckon with: a disc drive takes 1 kWh per TB (27.8 h at 36 W)."""


def test_hard_disks_draw_all_the_time():
    """Ten drives of 10 TB at 10 W for ten years: 100 W × 87,660 h; half of it in kgCO2; each replaced once."""
    disks = cost(ROUND, tb=100, years=10)["hard disk"]

    assert (disks.media, disks.bought) == (10, 20)
    assert disks.kwh == pytest.approx(8766)
    assert disks.kwh_per_tb_year == pytest.approx(8.766)
    assert disks.carbon_kg == pytest.approx(4383)
    assert cost(ROUND | {"hdd_powered": 0.25}, 100, 10)["hard disk"].kwh == pytest.approx(8766 / 4)
    assert cost(ROUND, tb=101, years=10)["hard disk"].media == 11


def test_discs_draw_when_data_moves():
    """100 TB written, read for the first test and three periodic ones in ten years: 500 TB, 500 kWh."""
    discs = cost(ROUND, tb=100, years=10)["optical"]

    assert (discs.media, discs.bought) == (1000, 1000)
    assert (discs.standing_kwh, discs.moving_kwh) == (0, pytest.approx(500))
    assert discs.kwh_per_tb_year == pytest.approx(0.5)
    assert discs.kg_per_tb_year == pytest.approx(0.25)
    assert ratio(ROUND, 100, 10) == pytest.approx(500 / 8766)


@pytest.mark.parametrize(
    ("change", "kwh"),
    [
        ({"disc_years": 5.0}, 800),  # twice written, six times read: two first tests, one copying, three tests
        ({"read_share": 0.2}, 700),  # 20 TB a year more
        ({"redundancy": 0.5}, 750),  # half as much again on every disc
        ({"copies": 2.0}, 1000),
        ({"overhead": 1.5}, 750),
        ({"test_years": 20.0}, 200),
        ({"library_w": 100.0}, 500 + 2 * 8766),  # two libraries of 50 TB
        ({"library_w": 100.0, "library_tb": 60.0}, 500 + 2 * 8766),  # whole ones
    ],
)
def test_what_each_figure_of_a_disc_does(change: dict[str, float], kwh: float):
    assert cost(ROUND | change, tb=100, years=10)["optical"].kwh == pytest.approx(kwh)


def test_tape_is_reckoned_as_discs_are_and_carries_no_parity():
    same = ROUND | {"tape_tb": 0.1, "tape_w": 36.0, "tape_mb_s": 10.0, "tape_years": 10.0}
    costs = cost(same | {"redundancy": 0.5}, tb=100, years=10)

    assert costs["tape"].kwh == pytest.approx(500)
    assert costs["optical"].kwh == pytest.approx(750)


def test_making_what_is_bought_counts_when_it_is_given():
    costs = cost(ROUND | {"disc_made": 0.1, "hdd_made": 20.0}, tb=100, years=10)

    assert costs["optical"].carbon_kg == pytest.approx(250 + 1000 * 0.1)
    assert costs["hard disk"].carbon_kg == pytest.approx(4383 + 20 * 20)


def test_a_library_that_draws_the_break_even_takes_exactly_a_tenth():
    """(876.6 - 500) kWh are left for ten years and 100 TB: 0.043 W per TB."""
    spare = break_even_w_per_tb(ROUND, tb=100, years=10)

    assert spare == pytest.approx(376.6 / 87.66 / 100)
    assert ratio(ROUND | {"library_w": spare * 100, "library_tb": 100.0}, 100, 10) == pytest.approx(0.1)
    assert break_even_w_per_tb(ROUND | {"burner_w": 3600.0}, 100, 10) < 0


def test_sensitivity_halves_and_doubles_each_input_and_puts_the_strongest_first():
    base = ratio(ROUND, 100, 10)
    found = {one.key: one for one in drifts(ROUND, 100, 10)}

    assert (found["hdd_w"].halved, found["hdd_w"].doubled) == (pytest.approx(2 * base), pytest.approx(base / 2))
    assert (found["burner_w"].halved, found["burner_w"].doubled) == (pytest.approx(base / 2), pytest.approx(2 * base))
    assert (found["hdd_powered"].halved, found["hdd_powered"].doubled) == (pytest.approx(2 * base), base)  # 1 is most
    assert found["grid"].swing == 1
    assert "library_w" not in found  # twice nothing is nothing
    swings = [one.swing for one in drifts(ROUND, 100, 10)]
    assert swings == sorted(swings, reverse=True)


def test_the_default_of_a_hard_disk_is_within_what_is_reported():
    """10 to 13 kWh per TB and year for a 6 TB drive."""
    costs = cost({one.key: one.value for one in inputs()}, tb=600, years=10)

    assert 10 < costs["hard disk"].kwh_per_tb_year < 13


def test_every_figure_has_a_source():
    for one in inputs():
        assert one.source.strip() and one.help.strip()
        assert one.least <= one.value <= one.most
        assert one.value > 0 or not one.positive
