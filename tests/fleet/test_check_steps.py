"""The judge of runs in steps sees every kind of mistake, and none where there is none."""

from __future__ import annotations

import numpy as np
import pytest

from heliograph.fleet.check_steps import STEP_KINDS, StepsJudged, check_steps

EAST, SOUTH, WEST, NORTH = range(4)

FREE = np.array([[c != "@" for c in row] for row in ("....", ".@..", "....")])
WIDTH = 4


def at(row: int, column: int, heading: int) -> int:
    return 4 * (row * WIDTH + column) + heading


def judged(*ways: list[int], tasks: tuple[int, ...] = (11,), **more) -> StepsJudged:
    """The verdict on robots that went these ways; one list of states a robot."""
    return check_steps(FREE, np.array(ways, np.int32).T, np.array(tasks), **more)


def the_kind(verdict: StepsJudged) -> str:
    """The one kind of violation that was found."""
    assert list(verdict.kinds) == [verdict.violations[0].kind]
    return verdict.violations[0].kind


def test_driving_turning_and_waiting_are_all_a_robot_may_do():
    way = [at(0, 0, EAST), at(0, 1, EAST), at(0, 1, NORTH), at(0, 1, NORTH), at(0, 1, EAST), at(0, 2, EAST)]
    way += [at(0, 2, SOUTH), at(1, 2, SOUTH), at(1, 2, WEST)]

    assert judged(way).violations == []


WRONG = {
    "out_of_map": [[at(2, 0, SOUTH), at(3, 0, SOUTH)]],
    "obstacle": [[at(1, 0, EAST), at(1, 1, EAST)]],
    "jump": [[at(0, 0, EAST), at(0, 2, EAST)]],
    "turn": [[at(0, 0, EAST), at(0, 0, WEST)]],
    "collision": [[at(0, 0, EAST), at(0, 1, EAST)], [at(0, 2, WEST), at(0, 1, WEST)]],
    "swap": [[at(0, 0, EAST), at(0, 1, EAST)], [at(0, 1, WEST), at(0, 0, WEST)]],
}


@pytest.mark.parametrize("kind", WRONG)
def test_each_kind_of_wrong_step_is_found_and_told_in_one_line(kind: str):
    verdict = judged(*WRONG[kind])

    assert the_kind(verdict) == kind
    assert str(verdict.violations[0]).startswith(f"{kind} after step 1: robot ")
    assert "\n" not in str(verdict.violations[0])


def test_the_kinds_of_the_judge_are_the_ones_tested():
    assert set(STEP_KINDS) == {*WRONG, "start", "miscounted"}


@pytest.mark.parametrize(
    "way",
    [
        pytest.param([at(0, 3, EAST), at(1, 0, EAST)], id="round the right edge"),
        pytest.param([at(1, 0, WEST), at(0, 3, WEST)], id="round the left edge"),
        pytest.param([at(0, 1, EAST), at(0, 0, EAST)], id="backwards"),
        pytest.param([at(0, 2, EAST), at(1, 2, EAST)], id="sideways"),
    ],
)
def test_a_robot_drives_only_forward(way: list[int]):
    assert the_kind(judged(way)) == "jump"


def test_a_robot_does_not_turn_while_it_drives():
    assert the_kind(judged([at(0, 0, EAST), at(0, 1, SOUTH)])) == "turn"


def test_a_cell_may_be_entered_in_the_step_in_which_it_is_left():
    """Trains and rings of robots move as one; only two robots that change places do not."""
    train = judged([at(0, 0, EAST), at(0, 1, EAST)], [at(0, 1, EAST), at(0, 2, EAST)])
    ring = judged(
        [at(0, 2, EAST), at(0, 3, EAST)],
        [at(0, 3, SOUTH), at(1, 3, SOUTH)],
        [at(1, 3, WEST), at(1, 2, WEST)],
        [at(1, 2, NORTH), at(0, 2, NORTH)],
    )

    assert train.violations == ring.violations == []


def test_robots_that_share_a_cell_at_the_start_are_seen():
    verdict = judged([at(0, 0, EAST)], [at(0, 0, WEST)])

    assert the_kind(verdict) == "collision"
    assert verdict.violations[0].step == 0


def test_a_robot_starts_on_its_cell_facing_east():
    starts = np.array([0, 1])

    assert judged([at(0, 0, EAST)], [at(0, 1, EAST)], starts=starts).violations == []
    assert the_kind(judged([at(0, 0, EAST)], [at(0, 1, WEST)], starts=starts)) == "start"
    assert the_kind(judged([at(0, 0, EAST)], [at(0, 2, EAST)], starts=starts)) == "start"


def test_errands_are_dealt_in_turn_and_done_one_a_step():
    """Of two robots and three errands, robot 0 gets errands 0, 2, 1, 0, ...; robot 1 gets 1, 0, 2, ..."""
    first = [at(0, 0, EAST), at(0, 1, EAST), at(0, 2, EAST), at(0, 3, EAST)]
    second = [at(2, 0, EAST)] * 4

    verdict = judged(first, second, tasks=(1, 8, 3))

    assert verdict.done.tolist() == [[1, 0, 0], [1, 1, 1], [3, 0, 2]]
    assert verdict.errands.tolist() == [2, 1]


def test_an_errand_on_the_cell_where_the_robot_starts_takes_a_step():
    assert judged([at(0, 0, EAST)] * 3, tasks=(0,)).errands.tolist() == [2]


def test_errands_claimed_and_not_done_are_found():
    way = [at(0, 0, EAST), at(0, 1, EAST)]

    assert judged(way, tasks=(1, 2), claimed=np.array([1])).violations == []
    assert the_kind(judged(way, tasks=(1, 2), claimed=np.array([2]))) == "miscounted"


def test_no_more_violations_are_kept_than_asked_and_all_are_counted():
    verdict = judged([at(1, 1, EAST)] * 50, most=3)

    assert len(verdict.violations) == 3
    assert verdict.kinds == {"obstacle": 50}
