"""Stage 0 under a real Trainer, against a step written out by hand."""

import copy

import pytest
import torch
from lightning import Callback
from torch.nn import functional as F
from torch.utils.data import DataLoader

from syrfa.errors import ConfigError
from syrfa.losses import draw_order
from syrfa.modules import JigsawModule

TINY = {"width": 2, "frames": 3, "size": 16, "hidden": 8}


def jigsaw(init=0, **settings):
    torch.manual_seed(init)
    return JigsawModule(**{**TINY, **settings})


@pytest.fixture
def normals(loader):
    """normals(count, batch): training batches of stage 0, which have normal tubes alone."""
    return lambda count, batch=5: loader(count, batch=batch, groups=("normal",))


# --- training


def by_hand(network, tubes, seed, number, flip, threshold):
    """The loss of batch `number`, tube by tube; the draws come in the order that docs/method.md names."""
    torch.manual_seed((seed * 1_000_003 + number) * 65_537)
    pixels = (tubes.permute(0, 4, 1, 2, 3).float() / 255).double()
    flipped = torch.rand(len(pixels)) < flip
    orders = draw_order(len(pixels), 3, pixels.device)[::2]
    places = draw_order(len(pixels), 9, pixels.device)[1::2]
    in_time, in_space = [], []
    labels = {"time": [], "space": []}
    for number_of_tube, (tube, mirror) in enumerate(zip(pixels, flipped, strict=True)):
        if mirror:
            tube = tube.flip(-1)
        blank = torch.zeros_like(tube)
        blank[..., 2:14, 2:14] = tube[..., 2:14, 2:14]
        which, spatial = divmod(number_of_tube, 2)
        if spatial:
            moved = torch.zeros_like(tube)
            for p, q in enumerate(places[which].tolist()):
                moved[..., 2 + q // 3 * 4 : 6 + q // 3 * 4, 2 + q % 3 * 4 : 6 + q % 3 * 4] = blank[
                    ..., 2 + p // 3 * 4 : 6 + p // 3 * 4, 2 + p % 3 * 4 : 6 + p % 3 * 4
                ]
            in_space.append(moved)
            labels["space"].append(places[which])
        else:
            order = orders[which]
            if (blank[:, -1] - blank[:, 0]).abs().max() < threshold:
                order = torch.arange(3)
            in_time.append(torch.stack([blank[:, source] for source in order.tolist()], dim=1))
            labels["time"].append(order)
    temporal, spatial = network(torch.stack([*in_time, *in_space]))
    l_temporal = F.cross_entropy(temporal[: len(in_time)].reshape(-1, 3), torch.cat(labels["time"]))
    l_spatial = F.cross_entropy(spatial[len(in_time) :].reshape(-1, 9), torch.cat(labels["space"]))
    return l_temporal + l_spatial


@pytest.mark.parametrize(
    ("seed", "flip", "threshold"), [(0, 0.5, 0.2), (4, 1.0, 2.0), (1, 0.0, 0.0)], ids=["published", "static", "plain"]
)
def test_training_equals_the_step_by_hand(seed, flip, threshold, trainer, normals):
    module = jigsaw(seed=seed, flip=flip, static_threshold=threshold, lr=1e-2)
    network = copy.deepcopy(module.jigsaw).double().train()
    adam = torch.optim.Adam(network.parameters(), lr=1e-2, betas=(0.9, 0.999))
    trainer(max_epochs=1, precision="64-true").fit(module, normals(3))
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)  # as Lightning does around a step: the draws depend on it
    try:
        for number, batch in enumerate(normals(3)):
            adam.zero_grad()
            by_hand(network, batch["normal"], seed, number, flip, threshold).backward()
            adam.step()
    finally:
        torch.set_default_dtype(before)
    for (name, expected), found in zip(network.named_parameters(), module.jigsaw.parameters(), strict=True):
        # InstanceNorm cancels the neck's bias: its gradient is rounding, which Adam scales up
        if name != "extractor.neck.conv.bias":
            torch.testing.assert_close(found, expected, rtol=0, atol=1e-9, msg=name)


class History(Callback):
    """Notes both losses after each batch."""

    def __init__(self):
        self.losses = []

    def on_train_batch_end(self, trainer, *_):
        self.losses.append([trainer.callback_metrics[f"train/{kind}"].item() for kind in ("temporal", "spatial")])


def test_training_on_the_same_puzzles_learns_both(trainer, normals, monkeypatch):
    monkeypatch.setattr(JigsawModule, "on_train_batch_start", lambda *_: torch.manual_seed(0))
    history, module = History(), jigsaw(width=4, lr=1e-2)
    trainer(max_epochs=60, callbacks=[history]).fit(module, normals(1))
    first, last = history.losses[0], history.losses[-1]
    assert last[0] < 0.3 * first[0]
    assert last[1] < 0.3 * first[1]


def test_static_tubes_are_counted_and_left_in_order(trainer, normals):
    batches = list(normals(1, 6))
    batches[0]["normal"][:3] = batches[0]["normal"][:3, :1]  # tubes 0 and 2 of the temporal ones stand still
    fit = trainer(max_steps=1)
    module = jigsaw()
    fit.fit(module, DataLoader(batches, batch_size=None))
    assert fit.callback_metrics["train/static"].item() == pytest.approx(2 / 3)
    orders = []
    module.log = lambda *_: None
    for seed in range(20):
        torch.manual_seed(seed)
        orders.append(module._puzzles(batches[0]["normal"])[1])
    stacked = torch.stack(orders)
    assert (stacked[:, :2] == torch.arange(3)).all()
    assert not (stacked[:, 2] == torch.arange(3)).all()


def test_losses_are_logged(trainer, normals):
    fit, module = trainer(max_steps=3), jigsaw(lr=1e-2)
    fit.fit(module, normals(3))
    assert set(fit.callback_metrics) == {"train/temporal", "train/spatial", "train/static"}
    assert all(value.isfinite() for value in fit.callback_metrics.values())


# --- what is refused


def test_a_batch_of_one_tube_is_refused(trainer, normals):
    with pytest.raises(ConfigError, match=r"data\.batch_size=1"):
        trainer(max_steps=1).fit(jigsaw(), normals(1, 1))


@pytest.mark.parametrize(
    ("setting", "named"),
    [
        ({"lr": -1.0}, "model.init_args.lr=-1.0"),
        ({"static_threshold": -0.1}, "static_threshold=-0.1"),
        ({"flip": 1.5}, "flip=1.5"),
        ({"flip": -0.5}, "flip=-0.5"),
        ({"hidden": 0}, "hidden is 0"),
        ({"frames": 4}, "frames is 4"),
        ({"size": 20}, "size is 20"),
    ],
)
def test_settings_out_of_range(setting, named):
    with pytest.raises(ConfigError, match=named):
        jigsaw(**setting)


# --- score


def test_score_is_one_minus_the_mean_normality():
    module = jigsaw(3).eval()
    tubes = torch.randint(0, 256, (4, 3, 16, 16, 1), dtype=torch.uint8)
    blank = torch.zeros(4, 3, 3, 16, 16)
    blank[..., 2:14, 2:14] = (tubes.permute(0, 4, 1, 2, 3).float() / 255)[..., 2:14, 2:14]
    expected = []
    for temporal, spatial in zip(*(logits.detach() for logits in module.jigsaw(blank)), strict=True):
        parts = [min(F.softmax(matrix, -1)[i, i].item() for i in range(len(matrix))) for matrix in (temporal, spatial)]
        expected.append(1 - sum(parts) / 2)
    score = module.score(tubes)
    assert score.dtype == torch.float32
    assert score.tolist() == pytest.approx(expected, abs=1e-6)
    tubes[:, :, :2] = 255  # the border does not count
    assert torch.equal(module.score(tubes), score)


# --- checkpoints
