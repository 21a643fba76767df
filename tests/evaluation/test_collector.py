"""Scores come back in the order of the index, each once; what is missing or not finite is a fault."""

import numpy as np
import pytest
import torch

from syrfa.evaluation.collector import ScoreCollector, is_partial


def collected(*batches: tuple[list[int], list[float]]) -> ScoreCollector:
    collector = ScoreCollector()
    for rows, scores in batches:
        collector.add({"row": torch.tensor(rows), "score": torch.tensor(scores, dtype=torch.float64)})
    return collector


def test_order_follows_the_rows_asked_for_and_a_row_scored_twice_counts_once() -> None:
    found = collected(([7, 2], [0.7, 0.2]), ([5], [0.5]), ([7], [0.7])).gather(np.array([2, 7, 5]))["score"]
    assert found.tolist() == [0.2, 0.7, 0.5]


def test_every_kind_of_score_is_put_in_order() -> None:
    collector = ScoreCollector()
    for rows, scores in (([3, 1], [0.3, 0.1]), ([2], [0.2])):
        score = torch.tensor(scores, dtype=torch.float64)
        collector.add({"row": torch.tensor(rows), "score": score, "unadapted": score / 2})
    found = collector.gather(np.array([1, 2, 3]))
    assert {name: values.tolist() for name, values in found.items()} == {
        "score": [0.1, 0.2, 0.3],
        "unadapted": [0.05, 0.1, 0.15],
    }


def test_a_row_left_out_is_a_fault() -> None:
    with pytest.raises(RuntimeError, match="1 tubes were scored where 2 were expected"):
        collected(([1], [0.1])).gather(np.array([1, 2]))


def test_a_score_that_is_not_finite_is_a_fault() -> None:
    with pytest.raises(RuntimeError, match="diverged"):
        collected(([1], [float("nan")])).gather(np.array([1]))


def test_a_step_that_returns_no_scores_is_a_fault() -> None:
    with pytest.raises(TypeError, match="NoneType"):
        ScoreCollector().add(None)


@pytest.mark.parametrize(("limit", "partial"), [(1.0, False), (1, True), (0.5, True), (3, True)])
def test_one_batch_is_not_the_whole_split(limit: float, partial: bool) -> None:
    assert is_partial(limit) is partial
