"""Eq. 20: the object score and the frame score that is its maximum."""

import naive_syrfa as naive
import numpy as np
import pytest
import torch
from one_step import FRAMES, SIZE, arrays, pixels, spread, tubes

from syrfa.evaluation import ObjectScores, anomaly_map, max_per_frame
from syrfa.modules import RealAdaptModule


class TestEq20:
    """Score = f_phi(f_theta(X)); a frame has the maximum of its anomaly map."""

    @pytest.mark.parametrize("adapted", [True, False])
    @pytest.mark.parametrize("preset", ["paper", "released"])
    def test_score_equals_numpy(self, preset, adapted):
        torch.manual_seed(2)
        settings = {"width": 2, "frames": FRAMES, "size": SIZE}
        knowledge = {"class_path": "syrfa.modules.SynthKnowledgeModule", "init_args": settings}
        module = RealAdaptModule(knowledge=knowledge, preset=preset, score_with_adapters=adapted)
        spread(module).double().eval()
        stored = tubes("tubes")["tubes"]
        weights, x = arrays(module), pixels(stored)
        logits = module.classifier(module.network.clean(module.to_input(stored), adapted=adapted))
        expected = naive.class_logits(weights, naive.clean_features(weights, x, adapted=adapted))
        np.testing.assert_allclose(logits.detach().numpy(), expected, rtol=0, atol=1e-9)
        # a score is float32 by contract
        expected = naive.abnormal_probability(weights, x, adapted)
        np.testing.assert_allclose(module.score(stored).detach().numpy(), expected, rtol=0, atol=1.2e-7)

    def test_frame_score_equals_loop(self):
        generator = np.random.default_rng(0)
        frame, score = np.array([0, 0, 2, 2, 2], np.int32), generator.random(5)
        corner = generator.uniform(0, 6, (5, 2))
        boxes = np.concatenate([corner, corner + 2.5], axis=1).astype(np.float32)
        objects = ObjectScores("v", 3, 8, 9, frame, boxes, score)
        for t in range(3):
            highest = 0.0
            for at, value in zip(frame, score, strict=True):
                if at == t and value > highest:
                    highest = value
            assert abs(max_per_frame(objects)[t] - highest) < 1e-9
            assert anomaly_map(objects, t).max() == np.float32(highest)
