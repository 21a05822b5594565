"""Chance that is the same everywhere, and distributions given by their quantiles."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest

from nh_lakehouse.sample.randomness import Dice, Quantiles, cumulative, normal, ranked, stepped


def test_uniform_does_not_depend_on_what_is_drawn_beside_it() -> None:
    dice = Dice(3)
    assert dice.uniform("beds", np.arange(10))[7] == dice.uniform("beds", np.array([7]))[0]
    assert dice.uniform("beds", np.arange(10))[7] != dice.uniform("rooms", np.arange(10))[7]
    assert dice.uniform("beds", np.arange(10))[7] != Dice(4).uniform("beds", np.arange(10))[7]


def test_uniform_of_two_keys_broadcasts() -> None:
    found = Dice(1).uniform("day", np.arange(3)[:, None], np.arange(5))
    assert found.shape == (3, 5)
    assert found[2, 4] == Dice(1).uniform("day", 2, 4)[0]


def test_uniform_is_a_fixed_function_of_its_arguments() -> None:
    bits = [float(number).hex() for number in Dice(1).uniform("check", np.arange(3))]
    assert bits == ["0x1.06ea91b94a5bcp-1", "0x1.ab92048b022b3p-2", "0x1.f870778e48541p-2"]


def test_uniform_and_normal_have_the_moments_of_their_distributions() -> None:
    uniform, scores = Dice(1).uniform("a", np.arange(200_000)), Dice(1).normal("b", np.arange(200_000))
    assert uniform.mean() == pytest.approx(1 / 2, abs=0.003)
    assert uniform.var() == pytest.approx(1 / 12, abs=0.001)
    assert scores.mean() == pytest.approx(0, abs=0.01)
    assert scores.std() == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("probability", [0.001, 0.02, 0.3, 0.5, 0.84, 0.999])
def test_normal_is_the_quantile_and_cumulative_its_inverse(probability: float) -> None:
    score = normal(np.array([probability]))
    assert score[0] == pytest.approx(NormalDist().inv_cdf(probability), abs=0.003)
    assert cumulative(score)[0] == pytest.approx(probability, abs=1e-6)


def test_ranked_spreads_values_evenly() -> None:
    assert ranked(np.array([30.0, 10.0, 20.0, 20.0])).tolist() == [0.875, 0.125, 0.375, 0.625]


def test_quantiles_go_straight_between_their_points() -> None:
    line = Quantiles((0, 10, 30), (0, 0.5, 1))
    assert line(np.array([0.0, 0.25, 0.5, 0.75])).tolist() == [0.0, 5.0, 10.0, 20.0]
    assert line.counts(np.array([0.26])).tolist() == [5]
    assert line.whole(np.array([0.26]), 10).tolist() == [52]
    assert line.probability(np.array([5.0, 20.0])).tolist() == [0.25, 0.75]


def test_stepped_gives_each_category_its_share() -> None:
    found = stepped((np.arange(1_000) + 0.5) / 1_000, (0.2, 0.5, 0.3))
    assert np.bincount(found).tolist() == [200, 500, 300]
