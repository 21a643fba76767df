"""Eq. 10/18 and 17/19: what one step under a real Trainer leaves in .grad, against derivatives of the naive total."""

from dataclasses import asdict

import naive_syrfa as naive
import numpy as np
import pytest
import torch
from one_step import FRAMES, SIZE, arrays, named, pixels, some_places, spread, take_step, tubes

from syrfa.modules import InterleavedModule, RealAdaptModule, SynthKnowledgeModule

TINY = {"width": 2, "frames": FRAMES, "size": SIZE}
LAMBDAS = {"lambda_cls": 0.7, "lambda_cont": 1.3, "lambda_aux": 0.4}
LABELS = np.array([0, 0, 1, 1])
DEEP = {"consistency_depth": 3, "consistency_bias": True, "consistency_relu": True}
NORM_CANCELS = "network.extractor.neck.conv.bias"  # a bias before InstanceNorm: its gradient is rounding alone

PHASE1 = {
    "paper": {},
    "beta-spatial": {"style_mix": "beta", "style_stats": "spatial", "style_one_of": True},
    "mse-deep": {"consistency_norm": "mse", **DEEP},
    "no-alignment": {"align_every": 0},
    "released": {"preset": "released"},
}


def phase1(settings):
    return {"class_path": "syrfa.modules.SynthKnowledgeModule", "init_args": settings}


def gradient_at(parameter, place):
    return parameter.grad[tuple(int(i) for i in place)].item()


class TestEq10And18:
    """min over theta, phi, f_t of lambda_cls L_cls + lambda_cont L_cont + lambda_aux L_aux."""

    @pytest.mark.parametrize("options", PHASE1.values(), ids=PHASE1)
    def test_update_direction_equals_complex_step(self, options, record):
        torch.manual_seed(2)
        module = spread(SynthKnowledgeModule(**TINY, **LAMBDAS, **options)).double()
        weights, batch = arrays(module), tubes("normal", "abnormal", "puzzle")
        logged = take_step(module, batch)
        x, puzzle = np.concatenate([pixels(batch["normal"]), pixels(batch["abnormal"])]), pixels(batch["puzzle"])
        spatial = module.options.style_stats == "spatial"

        def terms(w):
            clean, augmented = naive.streams(w, x, record.choices(0, 0), spatial)[-1]
            apart = naive.streams_apart(clean, augmented, module.options.consistency_input)
            scaled = naive.f_c(w, apart, module.options.consistency_relu)
            return (
                naive.l_cls(w, clean, augmented, LABELS),
                naive.l_cont(scaled, module.options.consistency_norm),
                naive.l_aux(w, puzzle, record.orders[0], record.masks[1]),
            )

        def total(w):
            return sum(weight * loss for weight, loss in zip(LAMBDAS.values(), terms(w), strict=True))

        for name, expected in zip(("train/cls", "train/cont", "train/aux"), terms(weights), strict=True):
            assert abs(logged[name] - expected) < 1e-9
        for name, parameter in named(module):
            if name.startswith("consistency"):
                continue  # Eq. 11, test_alignment.py
            if name.startswith("temporal") and not module.options.train_temporal_head:
                assert parameter.grad is None
                continue
            for place in some_places(weights[name]):
                expected = naive.slope(total, weights, name, place)
                assert abs(gradient_at(parameter, place) - expected) < 1e-9, (name, place)
            assert name == NORM_CANCELS or parameter.grad.abs().max() > 1e-6, name


def adaptation_total(record, x, puzzle, knowledge, lambdas, order=0):
    """L_phase2 of the weights; the last style and the last two masks drawn are phase 2's."""
    choices = naive.Choices(*record.styles[-1], record.masks[-2])

    def total(w):
        clean, augmented = naive.streams(w, x, choices, knowledge["style_stats"] == "spatial")[-1]
        apart = naive.streams_apart(clean, augmented, knowledge["consistency_input"])
        scaled = naive.f_c(w, apart, knowledge["consistency_relu"])
        cont = naive.l_cont(scaled, knowledge["consistency_norm"])
        return lambdas[0] * cont + lambdas[1] * naive.l_aux(w, puzzle, record.orders[order], record.masks[-1])

    return total


PHASE2 = {
    "paper": ({}, {}),
    "ap-5-released": ({"preset": "released"}, {"preset": "released"}),
    "rap-deep-head": ({"adapter": "rap"}, {"consistency_norm": "mse", **DEEP}),
    "other-reading-of-17": ({"train_consistency_head": True}, {}),
    "frozen-temporal": ({"train_temporal_head": False}, {}),
}


class TestEq17And19:
    """min over tau and f_t of lambda_cont L_cont + lambda_aux L_aux, theta, phi and f_c fixed."""

    @pytest.mark.parametrize(("options", "knowledge"), PHASE2.values(), ids=PHASE2)
    def test_gradients_equal_complex_step_and_nothing_else_has_one(self, options, knowledge, record):
        torch.manual_seed(2)
        module = RealAdaptModule(knowledge=phase1({**TINY, **knowledge}), lambda_cont=0.6, lambda_aux=0.3, **options)
        module.has_weights = True
        spread(module).double().train()  # a mode that reaches theta's dropout only where that is wanted
        weights, batch = arrays(module), tubes("normal", "puzzle")
        take_step(module, batch)
        total = adaptation_total(
            record, pixels(batch["normal"]), pixels(batch["puzzle"]), module.knowledge["init_args"], (0.6, 0.3)
        )

        learned = {"network.adapters"}
        learned |= {"temporal"} if module.train_temporal_head else set()
        learned |= {"consistency"} if module.train_consistency_head else set()
        assert [mask is not None for mask in record.masks] == [module.options.adapt_dropout] * 2
        for name, parameter in named(module):
            if not name.startswith(tuple(learned)):
                assert not parameter.requires_grad, name  # so autograd does not visit it
                assert parameter.grad is None, name
                np.testing.assert_array_equal(parameter.detach().numpy(), weights[name])
                continue
            for place in some_places(weights[name]):
                expected = naive.slope(total, weights, name, place)
                assert abs(gradient_at(parameter, place) - expected) < 1e-9, (name, place)
            assert parameter.grad.abs().max() > 1e-8, name

    @pytest.mark.parametrize("preset", ["paper", "released"])
    def test_the_interleaved_step_has_the_same_gradients(self, preset, record):
        torch.manual_seed(2)
        still = {"lr": 0.0, "lr_consistency": 0.0}  # phase 2 meets the weights as they were
        module = InterleavedModule(1, lambda_adapt_cont=0.6, lambda_adapt_aux=0.3, preset=preset, **TINY, **still)
        spread(module).double()
        weights, batch = arrays(module), tubes("normal", "abnormal", "puzzle", "real", "real_puzzle")
        take_step(module, batch)
        real = pixels(batch["real"]), pixels(batch["real_puzzle"])
        assert [mask is not None for mask in record.masks[-2:]] == [preset == "released"] * 2
        total = adaptation_total(record, *real, asdict(module.options), (0.6, 0.3), order=1)
        for name, parameter in named(module):
            if name.startswith(("network.adapters", "temporal")):
                for place in some_places(weights[name]):
                    expected = naive.slope(total, weights, name, place)
                    assert abs(gradient_at(parameter, place) - expected) < 1e-9, (name, place)
            else:
                np.testing.assert_array_equal(parameter.detach().numpy(), weights[name])
