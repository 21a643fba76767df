"""Tubes to input to score, the same in both phases (Eq. 20)."""

import pytest
import torch

from syrfa.errors import ConfigError


@pytest.fixture
def module(synth):
    return synth(init=3).eval()


def random_tubes(channels=3, size=16, frames=3, batch=5):
    return torch.randint(0, 256, (batch, frames, size, size, channels), dtype=torch.uint8)


def test_input_is_rgb_in_zero_one_with_the_channels_first(module):
    tubes = random_tubes()
    x = module.to_input(tubes)
    assert x.shape == (5, 3, 3, 16, 16)
    for b, t, h, w, c in [(0, 0, 0, 0, 0), (4, 2, 15, 3, 1), (1, 1, 7, 9, 2)]:
        assert x[b, c, t, h, w].item() == pytest.approx(tubes[b, t, h, w, c].item() / 255)


def test_score_is_the_softmax_probability_of_abnormal(module):
    tubes = random_tubes()
    logits = module.classifier(module.network.extractor(module.to_input(tubes))).detach()
    score = module.score(tubes).detach()
    assert score.shape == (5,)
    assert score.dtype == torch.float32
    torch.testing.assert_close(score, 1 / (1 + torch.exp(logits[:, 0] - logits[:, 1])))
    with torch.no_grad():
        module.classifier.bias.copy_(torch.tensor([-5.0, 5.0]))
    assert ((module.score(tubes) > score) & (module.score(tubes) <= 1)).all()


def test_score_stays_in_zero_one_for_extreme_logits(module):
    with torch.no_grad():
        module.classifier.weight *= 1e4
    score = module.score(random_tubes())
    assert ((score >= 0) & (score <= 1)).all()


def test_grey_tubes_score_as_replicated_ones(module):
    grey = random_tubes(channels=1)
    assert torch.equal(module.score(grey), module.score(grey.expand(-1, -1, -1, -1, 3)))


def test_tubes_of_another_size_are_resampled_by_area(module):
    small = random_tubes()
    large = small.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)
    torch.testing.assert_close(module.score(large), module.score(small))
    assert module.score(random_tubes(size=24)).shape == (5,)
    checker = torch.zeros(1, 3, 32, 32, 1, dtype=torch.uint8)
    checker[:, :, ::2, ::2] = 200
    torch.testing.assert_close(module.to_input(checker), torch.full((1, 3, 3, 16, 16), 50 / 255))


def test_tubes_of_another_length_are_refused(module):
    with pytest.raises(ConfigError, match="5 frames and the network takes 3"):
        module.score(random_tubes(frames=5))


def test_every_stage_returns_rows_and_scores(module, trainer, evaluation):
    batches = list(evaluation())
    predicted = trainer().predict(module, evaluation())
    for batch, out in zip(batches, predicted, strict=True):
        assert torch.equal(out["row"], batch["row"])
        torch.testing.assert_close(out["score"], module.score(batch["tubes"]).detach())
        for step in (module.validation_step, module.test_step):
            assert torch.equal(step(batch, 0)["score"], module.score(batch["tubes"]))


def test_double_precision_scores_too(synth, trainer, evaluation):
    single, double = (
        torch.cat([out["score"] for out in trainer(precision=precision).predict(synth(init=3), evaluation())])
        for precision in ("32-true", "64-true")
    )
    assert double.dtype == torch.float32
    torch.testing.assert_close(single, double)
