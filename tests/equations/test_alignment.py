"""Eq. 6-8 and 11: the gradient of L_c in f_c, against differences of the naive L_c in f_c.

The naive L_c holds the gradients of L_cls and L_cont in every weight of theta, each by the complex step: one naive pass
a weight, kept, since O and O' do not depend on f_c.
"""

import naive_syrfa as naive
import numpy as np
import pytest
import torch
from one_step import FRAMES, SIZE, arrays, pixels, spread, take_step, tubes

from syrfa.losses import consistency_head_gradient, difference_jvp
from syrfa.models import StreamDraw, StyleDraw
from syrfa.modules import SynthKnowledgeModule

LABELS = np.array([0, 0, 1, 1])
PARTS = {"extractor": "network.extractor", "last_block": ("network.extractor.blocks.2", "network.extractor.neck")}
DEEP = {"consistency_depth": 3, "consistency_bias": True, "consistency_relu": True}
CASES = {
    "paper": {},
    "mse": {"consistency_norm": "mse"},
    "standardise": {"normalise": "standardise"},
    "fixed": {"normalise": "standardise_fixed"},
    "other-sign": {"consistency_input": "restyled_minus_clean", **DEEP},
    "last-block": {"align_over": "last_block"},
    "deep": DEEP,
    "all-others": {"consistency_norm": "mse", "normalise": "standardise", "align_over": "last_block", **DEEP},
    "released": {"preset": "released", "style_mix": "swap", "style_one_of": False, "style_stats": "spatiotemporal"},
    "recompute": {"recompute": True, "align_over": "last_block"},
}


def tiny(options):
    torch.manual_seed(2)
    # f_c stays as it is; theta moves where the alignment is said to see it moved
    rates = {"lr": 1e-2 if options.get("recompute") else 0.0, "lr_consistency": 0.0}
    tiny = {"width": 1, "frames": FRAMES, "size": SIZE}
    return spread(SynthKnowledgeModule(**tiny, **rates, lambda_cls=0.7, lambda_cont=1.3, **options)).double()


BATCH = tubes("normal", "abnormal", "puzzle")


class Passes:
    """O and O' of one pass when each weight of theta in turn moves by ih."""

    def __init__(self, weights, choices, over):
        self.choices = choices
        x = np.concatenate([pixels(BATCH["normal"]), pixels(BATCH["abnormal"])])
        self.names, found = [], []
        for name, value in weights.items():
            if name.startswith(over):
                for place in np.ndindex(*value.shape):
                    found.append(naive.streams(naive.bumped(weights, name, place), x, choices)[-1])
                    self.names.append(name)
        self.clean, self.augmented = (np.stack(side) for side in zip(*found, strict=True))

    def l_c(self, options, at):
        """L_c as a function of the weights of f_c alone; a constant to the derivative is that of weights `at`."""
        over = np.array([n.startswith(PARTS[options.align_over]) for n in self.names])
        clean, augmented = self.clean[over], self.augmented[over]

        def gradients(weights):
            g_cls = naive.l_cls(weights, clean, augmented, LABELS).imag / naive.STEP  # Eq. 6
            apart = naive.streams_apart(clean, augmented, options.consistency_input)
            scaled = naive.f_c(weights, apart, options.consistency_relu)
            return g_cls, naive.l_cont(scaled, options.consistency_norm).imag / naive.STEP  # Eq. 7

        fixed = [naive.mean_and_deviation(gradient) for gradient in gradients(at)]
        return lambda weights: naive.l_c(*gradients(weights), options.normalise, fixed)


@pytest.fixture(scope="module")
def passes():
    """Those of a part of theta, kept: f_c's shape changes neither the weights nor the random choices of a step."""
    kept = []

    def of(part, weights, choices):
        theta = np.concatenate(
            [value.ravel() for name, value in weights.items() if name.startswith(PARTS["extractor"])]
        )
        drawn = [theta, choices.dropout, *choices.permutation.values()]
        for kept_part, kept_drawn, found in kept:
            if kept_part == part and all(np.array_equal(a, b) for a, b in zip(kept_drawn, drawn, strict=True)):
                return found
        kept.append((part, drawn, Passes(weights, choices, PARTS[part])))
        return kept[-1][-1]

    return of


def check(gradients, function, weights):
    """Every entry of f_c's gradient against the difference quotient."""
    largest = 0.0
    for name, gradient in gradients.items():
        for place in np.ndindex(*weights[name].shape):
            expected = naive.difference_quotient(function, weights, name, place)
            assert abs(gradient[place] - expected) < 1e-9, (name, place)
            largest = max(largest, abs(expected))
    assert largest > 1e-3


class TestEq6To8And11:
    """g_cls, g_sub, L_c = || g_cls_hat - g_sub_hat ||_2, min over f_c of L_c."""

    @pytest.mark.parametrize("options", CASES.values(), ids=CASES)
    def test_gradient_left_by_a_step_equals_differences(self, options, record, passes):
        module = tiny(options)
        logged = take_step(module, BATCH)
        weights = arrays(module)
        again = int(module.options.recompute)
        # the masks are those of the first pass, the puzzle's and the second pass
        choices = record.choices(again, 2 * again)
        function = passes(module.options.align_over, weights, choices).l_c(module.options, weights)
        assert abs(logged["train/align"] - function(weights)) < 1e-9
        check({f"consistency.{n}": p.grad.numpy() for n, p in module.consistency.named_parameters()}, function, weights)

    @pytest.mark.parametrize("case", ["paper", "mse", "standardise", "fixed", "deep", "other-sign"])
    def test_function_equals_differences(self, case, record, passes):
        options = CASES[case]
        module = tiny(options)
        weights = arrays(module)
        take_step(module, BATCH)  # for its choices
        choices = record.choices(0, 0)
        draw = StreamDraw(
            StyleDraw(
                {n: torch.from_numpy(p) for n, p in choices.permutation.items()},
                {n: torch.from_numpy(k).view(-1, 1, 1, 1, 1) for n, k in choices.keep.items()},
            ),
            torch.from_numpy(choices.dropout),
        )
        x = torch.from_numpy(np.concatenate([pixels(BATCH["normal"]), pixels(BATCH["abnormal"])]))
        theta = list(module.extractor.parameters())
        names = [f"extractor.{name}" for name, _ in module.extractor.named_parameters()]
        difference, l_cls, l_cont = module._supervised(x, draw, torch.from_numpy(LABELS))
        g_cls = torch.autograd.grad(l_cls, theta, retain_graph=True)
        g_sub = torch.autograd.grad(l_cont, theta)
        how = module.options.normalise
        loss, gradients = consistency_head_gradient(
            module.consistency,
            difference,
            lambda u: difference_jvp(module.network, names, x, draw, u, order=module.options.consistency_input),
            g_cls,
            g_sub,
            how,
            module.consistency_loss,
        )
        function = passes("extractor", weights, choices).l_c(module.options, weights)
        assert abs(loss.item() - function(weights)) < 1e-9
        named = zip(module.consistency.named_parameters(), gradients, strict=True)
        check({f"consistency.{n}": g.numpy() for (n, _), g in named}, function, weights)
