"""Networks that score together, against the mean of what each scores alone."""

import pytest
import torch

from syrfa.errors import CheckpointError, ConfigError, WeightsNotFoundError
from syrfa.modules import EnsembleModule, JigsawModule, RealAdaptModule, load_module
from syrfa.modules.checkpoint import fingerprint

TUBES = torch.randint(0, 256, (5, 3, 16, 16, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(3))


@pytest.fixture
def members(tmp_path, synth, knowledge_ckpt, trainer, loader):
    """Checkpoints of two phase-1 modules, one of them wider, and of a phase-2 one whose adapters moved."""
    written = []
    adapt = RealAdaptModule(str(knowledge_ckpt), lr_adapter=0.3, seed=2)
    for number, module in enumerate([synth(1), synth(2, width=4), adapt]):
        fit = trainer(max_steps=2)
        fit.fit(module, loader(2))
        written.append(str(tmp_path / f"{number}.ckpt"))
        fit.save_checkpoint(written[-1])
    return written


def ready(members):
    module = EnsembleModule(members)
    module.setup("test")
    return module


def alone(path):
    return load_module(path).score(TUBES)


def test_the_score_is_the_mean_of_the_members(members):
    each = torch.stack([alone(path) for path in members])
    assert (each.std(dim=0) > 1e-4).all()  # they disagree, and the adapted one takes part through its adapters
    torch.testing.assert_close(ready(members).score(TUBES), each.mean(dim=0))


def test_a_test_runs_through_the_trainer_without_drawing_anything(members, trainer, evaluation):
    module = EnsembleModule(members)
    fit = trainer()
    first = fit.predict(module, evaluation(2))
    again = fit.predict(module, evaluation(2))
    for one, other in zip(first, again, strict=True):
        assert torch.equal(one["score"], other["score"])
        assert len(one["score"]) == len(one["row"])


def test_the_record_names_every_member_and_what_it_was_trained_on(members):
    module = ready(members)
    assert module.settings()["members"] == [fingerprint(path) for path in members]
    assert [report["name"] for report in module.adapter_report()["members"]] == ["none", "none", "rap"]
    assert module.extractor.width == 2


def test_splits_of_the_members_are_listed_once(members):
    for path, trained_on in zip(members, ([{"split": "a"}], [{"split": "b"}, {"split": "a"}], []), strict=True):
        content = torch.load(path, weights_only=True)
        content["syrfa"]["trained_on"] = trained_on
        torch.save(content, path)
    assert ready(members).trained_on == [{"split": "a"}, {"split": "b"}]


@pytest.mark.parametrize("wrong", [[], ["one.ckpt", "one.ckpt"]])
def test_members_are_named_each_once(wrong):
    with pytest.raises(ConfigError, match="name one checkpoint or more, each of them once"):
        EnsembleModule(wrong)


def test_it_is_not_fitted(members):
    with pytest.raises(ConfigError, match="learns nothing"):
        EnsembleModule(members).setup("fit")


def test_foreign_and_unlike_members_are_refused(members, tmp_path, synth, trainer, evaluation):
    with pytest.raises(WeightsNotFoundError, match=r"absent\.ckpt"):
        ready([*members, str(tmp_path / "absent.ckpt")])
    other = tmp_path / "other.ckpt"

    def saved(module):
        fit = trainer(max_steps=1)
        fit.predict(module, evaluation(0))
        fit.save_checkpoint(other)

    saved(synth(frames=5))
    with pytest.raises(CheckpointError, match=r"tubes of \[3, 5\] frames"):
        ready([members[0], str(other)])
    saved(JigsawModule(width=2, frames=3, size=16, hidden=4))
    with pytest.raises(CheckpointError, match="holds a JigsawModule"):
        ready([str(other)])
    content = torch.load(members[0], weights_only=True)
    content["state_dict"].pop("classifier.weight")
    torch.save(content, other)
    with pytest.raises(CheckpointError, match="is damaged"):
        ready([str(other)])
