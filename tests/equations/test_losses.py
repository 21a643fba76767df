"""Eq. 4, 5 and 9 from features on; tests/losses/test_objectives.py has the losses alone, over drawn sizes."""

import naive_syrfa as naive
import numpy as np
import pytest
import torch

from syrfa.losses import classification_loss, consistency_loss, draw_order, puzzle_loss
from syrfa.models import Classifier, ConsistencyHead, TemporalHead


def random_head(head):
    torch.manual_seed(3)
    with torch.no_grad():
        for parameter in head.parameters():
            parameter += torch.randn(parameter.shape) / 2
    return head.double()


def named(prefix, head):
    return {f"{prefix}.{name}": value.detach().numpy() for name, value in head.named_parameters()}


class TestEq4:
    """L_cls = CE(f_phi(O), y) + CE(f_phi(O'), y)."""

    def test_equals_numpy(self):
        phi = random_head(Classifier(5))
        clean, augmented = 3 * torch.randn(2, 6, 5, dtype=torch.float64)
        labels = torch.tensor([0, 1, 1, 0, 1, 0])
        found = classification_loss(phi(clean), phi(augmented), labels).item()
        expected = naive.l_cls(named("classifier", phi), clean.numpy(), augmented.numpy(), labels.numpy())
        assert abs(found - expected) < 1e-9


class TestEq5:
    """L_cont = || f_c(O - O') ||_2, or the mean of squares, for every shape of f_c."""

    @pytest.mark.parametrize("norm", ["l2", "mse"])
    @pytest.mark.parametrize("depth", [1, 2, 10])
    @pytest.mark.parametrize(("bias", "relu"), [(False, False), (True, False), (False, True), (True, True)])
    def test_equals_numpy(self, norm, depth, bias, relu):
        head = random_head(ConsistencyHead(5, depth, bias, relu))
        d = torch.randn(4, 5, dtype=torch.float64)
        expected = naive.l_cont(naive.f_c(named("consistency", head), d.numpy(), relu), norm)
        assert abs(consistency_loss(head(d), norm).item() - expected) < 1e-9


class TestEq9:
    """L_aux = the mean over frames of CE(T_i, f_t(t_i))."""

    def test_equals_loop(self):
        head = random_head(TemporalHead(5, 7))
        features = torch.randn(3, 5, dtype=torch.float64)
        order = draw_order(3, 7, torch.device("cpu"))
        weight, bias = (value.detach().numpy() for value in head.parameters())
        total = 0.0
        for tube in range(3):
            for frame in range(7):
                rows = slice(7 * frame, 7 * frame + 7)
                logits = weight[rows] @ features[tube].numpy() + bias[rows]
                total += np.log(np.exp(logits).sum()) - logits[order[tube, frame]]
        assert abs(puzzle_loss(head(features), order).item() - total / 21) < 1e-9
