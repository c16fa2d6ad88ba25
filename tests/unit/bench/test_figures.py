# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The arithmetic of the benchmarks."""

from __future__ import annotations

from pathlib import Path

import pytest
from load_file import load_file

FILE = Path(__file__).resolve().parents[2] / "bench/figures.py"


@pytest.fixture(scope="module")
def figures_module():
    return load_file("bench_figures", FILE)


@pytest.fixture
def figures(figures_module):
    figures = figures_module.Figures()
    for seconds in (4.0, 5.0, 40.0):
        figures.add("nothing", "ours", seconds)
    for seconds in (50.0, 52.0, 49.0):
        figures.add("nothing", "load", seconds)
    figures.add("changed", "ours", 20.0)
    return figures


def test_one_slow_sample_does_not_move_the_median(figures):
    assert figures.median("nothing", "ours") == 5.0
    assert figures.ratio("nothing", "ours", "load") == pytest.approx(0.1)


def test_ratio_to_another_case(figures):
    assert figures.ratio("changed", "ours", "load", "nothing") == pytest.approx(0.4)


@pytest.mark.parametrize(("limit", "met"), [(0.1, True), (0.09, False)])
def test_aim(figures_module, figures, limit, met):
    verdict = figures_module.Aim("nothing", "ours", "load", limit).verdict(figures)
    assert verdict["met"] is met and verdict["ratio"] == 0.1


def test_aim_that_was_not_measured_is_neither_met_nor_missed(figures_module, figures):
    assert figures_module.Aim("nothing", "ours", "playbook", 0.5).verdict(figures)["met"] is None


def test_table_has_a_row_for_each_case_and_way(figures_module, figures):
    rows = figures_module.table(figures, ("ours",)).splitlines()
    assert len(rows) == 4
    assert rows[2].split() == ["nothing", "load", "50.00", "49.00", "-", "52.00", "3", "10.00"]


def test_file_keeps_every_sample(figures):
    assert figures.to_dict()["nothing"]["ours"] == {"median": 5.0, "samples": [4.0, 5.0, 40.0]}
