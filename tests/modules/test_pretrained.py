"""Stage-0 weights from a file: a published Jigsaw-VAD state dict or a checkpoint of ours, and everything refused."""

import hashlib

import pytest
import torch
from torch import nn

from syrfa.errors import CheckpointError, WeightsNotFoundError
from syrfa.models import Extractor, JigsawNetwork
from syrfa.modules import GradientReversalModule, InterleavedModule, JigsawModule, SynthKnowledgeModule
from syrfa.modules.checkpoint import load_extractor, load_jigsaw

TINY = {"width": 2, "frames": 3, "size": 16, "hidden": 8}
TRAINED_ON = [{"domain": "target", "manifest_sha256": "ab", "split": "train", "monitor": "", "monitored_sha256": ""}]


class Reference(nn.Module):
    """The published network in torch's own layers, under the published names."""

    def __init__(self, width=32, frames=7, size=64, hidden=512):
        super().__init__()
        layers = []
        for inputs, outputs, pool in ((3, width, 1), (width, 2 * width, 1), (2 * width, 2 * width, frames)):
            for channels in (inputs, outputs):
                conv = nn.Conv3d(channels, outputs, 3, padding=1, bias=False)
                layers += [conv, nn.InstanceNorm3d(outputs), nn.ReLU()]
            layers.append(nn.MaxPool3d((pool, 2, 2), (pool, 2, 2)))
        self.model = nn.Sequential(*layers)
        wide, features = 2 * width, 2 * width * (size // 16) ** 2
        self.conv2d = nn.Sequential(
            nn.Conv2d(wide, wide, 3, padding=1), nn.InstanceNorm2d(wide), nn.ReLU(), nn.Dropout2d(0.3)
        )
        self.max2d = nn.MaxPool2d(2, 2)
        self.classifier_1 = nn.Sequential(nn.Linear(features, hidden), nn.ReLU(), nn.Linear(hidden, frames**2))
        self.classifier_2 = nn.Sequential(nn.Linear(features, hidden), nn.ReLU(), nn.Linear(hidden, 81))

    def features(self, x):
        return self.max2d(self.conv2d(self.model(x).squeeze(2))).flatten(1)

    def forward(self, x):
        features = self.features(x)
        return self.classifier_1(features), self.classifier_2(features)


def reference(seed=0, **settings):
    torch.manual_seed(seed)
    return Reference(**settings).eval()


def saved(weights, path):
    torch.save(weights, path)
    return path


@pytest.fixture
def published(tmp_path):
    """A tiny state dict of the published layout."""
    return saved(reference(**TINY).state_dict(), tmp_path / "published.pth")


@pytest.fixture
def own(tmp_path, trainer, loader):
    """A checkpoint that a fit of JigsawModule wrote, chained to earlier training."""
    torch.manual_seed(2)
    module = JigsawModule(**TINY, lr=1e-2)
    module.trained_on = TRAINED_ON
    fit = trainer(max_steps=1)
    fit.fit(module, loader(1, groups=("normal",)))
    fit.save_checkpoint(tmp_path / "own.ckpt")
    return module, tmp_path / "own.ckpt"


def network(**settings):
    torch.manual_seed(99)
    settings = {**TINY, **settings}
    hidden = settings.pop("hidden")
    return JigsawNetwork(Extractor(**settings), hidden).eval()


def refusal(function, *arguments):
    with pytest.raises(CheckpointError) as caught:
        function(*arguments)
    message = str(caught.value)
    assert "\n" not in message
    assert str(arguments[0]) in message
    return message.replace(str(arguments[0]), "FILE")


# --- published weights


def test_published_names_and_shapes():
    """The layout this test stands on, against the one that was published, at T = 9."""
    shapes = {name: tuple(value.shape) for name, value in Reference(frames=9).state_dict().items()}
    convs = dict(zip((0, 3, 7, 10, 14, 17), ((32, 3), (32, 32), (64, 32), (64, 64), (64, 64), (64, 64)), strict=True))
    assert shapes == {
        **{f"model.{place}.weight": (*channels, 3, 3, 3) for place, channels in convs.items()},
        "conv2d.0.weight": (64, 64, 3, 3),
        "conv2d.0.bias": (64,),
        "classifier_1.0.weight": (512, 1024),
        "classifier_1.0.bias": (512,),
        "classifier_1.2.weight": (81, 512),
        "classifier_1.2.bias": (81,),
        "classifier_2.0.weight": (512, 1024),
        "classifier_2.0.bias": (512,),
        "classifier_2.2.weight": (81, 512),
        "classifier_2.2.bias": (81,),
    }


def test_a_published_file_of_full_size_gives_the_published_outputs(tmp_path):
    theirs = reference(frames=7)
    path = saved(theirs.state_dict(), tmp_path / "ped2.pth")
    module = JigsawModule(pretrained=str(path)).eval()
    x = torch.rand(1, 3, 7, 64, 64)
    with torch.no_grad():
        for ours, expected in zip(module.jigsaw(x), theirs(x), strict=True):
            torch.testing.assert_close(ours.flatten(1), expected, rtol=0, atol=1e-6)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    (entry,) = module.trained_on
    assert (entry["domain"], entry["monitor"]) == ("not recorded", "not recorded")
    assert entry["weights"] == f"ped2.pth sha256:{digest}"
    assert module.settings()["pretrained_from"] == f"ped2.pth sha256:{digest}"
    assert module.settings()["pretrained"] is None


def _plain(weights):
    return weights


def _parallel(weights):
    return {f"module.{name}": value for name, value in weights.items()}


def _nested(weights):
    return {"state_dict": weights, "epoch": 7}


def _nested_parallel(weights):
    return _nested(_parallel(weights))


@pytest.mark.parametrize("wrap", [_plain, _parallel, _nested, _nested_parallel])
@pytest.mark.parametrize("zipped", [True, False])
def test_every_wrapping_loads(wrap, zipped, tmp_path):
    theirs, ours = reference(**TINY), network()
    torch.save(wrap(theirs.state_dict()), tmp_path / "a.pth", _use_new_zipfile_serialization=zipped)
    assert [entry["weights"].split()[0] for entry in load_jigsaw(tmp_path / "a.pth", ours)] == ["a.pth"]
    x = torch.rand(2, 3, 3, 16, 16, dtype=torch.float64)
    theirs, ours = theirs.double(), ours.double()
    for found, expected in zip(ours(x), theirs(x), strict=True):
        torch.testing.assert_close(found.flatten(1), expected, rtol=0, atol=1e-6)
    extractor = network().extractor
    assert len(load_extractor(tmp_path / "a.pth", extractor)) == 1
    torch.testing.assert_close(extractor.double()(x), theirs.features(x), rtol=0, atol=1e-6)


# --- the extractor alone


def test_the_extractor_of_our_checkpoint_is_bit_equal_and_its_history_is_told(own):
    module, path = own
    extractor = network().extractor
    assert load_extractor(path, extractor) == TRAINED_ON
    for name, value in module.extractor.state_dict().items():
        assert torch.equal(extractor.state_dict()[name], value), name


def test_our_checkpoint_starts_another_stage_0(own):
    module, path = own
    again = JigsawModule(**TINY, pretrained=str(path), seed=5)
    for name, value in module.jigsaw.state_dict().items():
        assert torch.equal(again.jigsaw.state_dict()[name], value), name
    assert again.trained_on == TRAINED_ON
    assert again.settings()["pretrained_from"].startswith("own.ckpt sha256:")
    assert JigsawModule(**again.settings()).settings() == again.settings()


@pytest.mark.parametrize("started", [SynthKnowledgeModule, GradientReversalModule, InterleavedModule])
def test_the_modules_behind_stage_0_start_from_its_extractor(started, own, tmp_path):
    module, path = own
    shape = {name: TINY[name] for name in ("width", "frames", "size")}
    again = started(**shape, pretrained=str(path), seed=5)
    for name, value in module.extractor.state_dict().items():
        assert torch.equal(again.extractor.state_dict()[name], value), name
    assert again.trained_on == TRAINED_ON
    settings = again.settings()
    assert settings["pretrained"] is None
    assert settings["pretrained_from"].startswith("own.ckpt sha256:")
    assert started(**settings).settings() == settings
    with pytest.raises(WeightsNotFoundError):
        started(**shape, pretrained=str(tmp_path / "nowhere.pth"))


def test_frames_and_size_may_differ_and_a_warning_says_so(published):
    extractor = network(frames=5, size=32).extractor
    with pytest.warns(UserWarning, match=r"trained with frames 3 \(here 5\), size 16 \(here 32\)"):
        load_extractor(published, extractor)
    assert torch.equal(extractor.blocks[2][3].weight, torch.load(published, weights_only=True)["model.17.weight"])


def test_a_file_without_heads_has_an_extractor(tmp_path):
    theirs = {k: v for k, v in reference(**TINY).state_dict().items() if not k.startswith("classifier")}
    path = saved(theirs, tmp_path / "bare.pth")
    assert [entry["monitor"] for entry in load_extractor(path, network().extractor)] == ["not recorded"]
    assert "'classifier_1.0.weight', of shape (8, 4), is missing" in refusal(load_jigsaw, path, network())


# --- what is refused


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"width": 4}, "'model.0.weight' has the shape (2, 3, 3, 3, 3), expected (4, 3, 3, 3, 3); set model.init_args."
         "width=2 (here 4), as the file has it"),
        ({"frames": 5}, "'classifier_1.2.weight' has the shape (9, 8), expected (25, 8); set model.init_args.frames=3 "
         "(here 5)"),
        ({"size": 32}, "'classifier_1.0.weight' has the shape (8, 4), expected (8, 16); set model.init_args.size=16 "
         "(here 32)"),
        ({"hidden": 6}, "'classifier_1.0.weight' has the shape (8, 4), expected (6, 4); set model.init_args.hidden=8 "
         "(here 6)"),
    ],
)  # fmt: skip
def test_settings_that_do_not_fit(settings, said, published):
    assert said in refusal(load_jigsaw, published, network(**settings))


def test_another_width_is_refused_by_the_extractor(published, own):
    for path, key in ((published, "model.0.weight"), (own[1], "jigsaw.extractor.blocks.0.0.weight")):
        said = refusal(load_extractor, path, network(width=4).extractor)
        assert f"'{key}' has the shape (2, 3, 3, 3, 3), expected (4, 3, 3, 3, 3)" in said
        assert "model.init_args.width=2 (here 4)" in said


def _without(key):
    def spoil(weights):
        del weights[key]

    return spoil


def _with(key, value):
    def spoil(weights):
        weights[key] = value

    return spoil


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_without("model.10.weight"), "the key 'model.10.weight', of shape (4, 4, 3, 3, 3), is missing"),
        (_without("conv2d.0.bias"), "the key 'conv2d.0.bias', of shape (4,), is missing"),
        (_with("model.1.weight", torch.ones(2)), "the key 'model.1.weight' belongs to no network of stage 0"),
        (_with("fc.weight", torch.ones(2)), "the key 'fc.weight' belongs to no network of stage 0"),
        (_with("model.17.weight", torch.ones(4)), "'model.17.weight' has the shape (4,), expected (4, 4, 3, 3, 3)"),
        (_with("model.0.weight", torch.ones(2)), "'model.0.weight' has the shape (2,), expected (2, 3, 3, 3, 3)"),
        (_with("conv2d.0.bias", torch.ones(4, dtype=torch.int64)), "'conv2d.0.bias' holds no floats"),
        (_with("conv2d.0.bias", [0.0] * 4), "'conv2d.0.bias' holds no floats"),
        (_with("conv2d.0.bias", torch.full((4,), torch.nan)), "'conv2d.0.bias' is not finite"),
    ],
)
def test_a_state_dict_that_does_not_fit(spoil, said, tmp_path):
    weights = dict(reference(**TINY).state_dict())
    spoil(weights)
    path, ours = saved(weights, tmp_path / "bad.pth"), network()
    before = {name: value.clone() for name, value in ours.state_dict().items()}
    for function, goal in ((load_jigsaw, ours), (load_extractor, ours.extractor)):
        message = refusal(function, path, goal)
        assert said in message
        assert "give a published Jigsaw-VAD state dict, or the .ckpt file" in message
    assert all(torch.equal(value, before[name]) for name, value in ours.state_dict().items())


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (torch.zeros(3), "holds a Tensor, no state dict"),
        ([1, 2], "holds a list, no state dict"),
        ({}, "holds no state dict"),
        ({"state_dict": 5}, "holds no state dict"),
        ({1: torch.zeros(2)}, "holds no state dict"),
    ],
)
def test_a_file_of_something_else(content, said, tmp_path):
    assert said in refusal(load_jigsaw, saved(content, tmp_path / "other.pth"), network())


def test_a_checkpoint_of_another_stage_is_refused(knowledge_ckpt):
    assert "holds a syrfa.modules.SynthKnowledgeModule" in refusal(load_extractor, knowledge_ckpt, network().extractor)
    with pytest.raises(CheckpointError, match="SynthKnowledgeModule; give a published"):
        JigsawModule(**TINY, pretrained=str(knowledge_ckpt))


def test_a_missing_file(tmp_path):
    with pytest.raises(WeightsNotFoundError, match=r"nowhere\.pth; give a published Jigsaw-VAD state dict"):
        JigsawModule(**TINY, pretrained=str(tmp_path / "nowhere.pth"))
    with pytest.raises(WeightsNotFoundError):
        load_extractor(tmp_path, network().extractor)
