"""The DataModule: batches, stages, configs, resuming."""

import dataclasses
import json
from pathlib import Path

import lightning
import numpy as np
import pytest
import torch
from jsonargparse import ArgumentParser
from lightning.pytorch.callbacks import ModelCheckpoint

from syrfa.errors import CacheError, ConfigError, LabelError
from syrfa.tubes import TubeCache, TubeFilter, TubeSpec
from syrfa.tubes.batches import BatchSplitter, OrderedBatches
from syrfa.tubes.datamodule import TubeDataModule
from syrfa.tubes.source import TubeSource
from syrfa.verbs.prepare import prepare

RESULTS = Path(__file__).parents[2] / "experiments" / "results"


@pytest.fixture
def source(dataset, tools):
    return TubeSource(
        dataset,
        tools.detector(per_frame=4),
        spec=TubeSpec(size=8),
        filter=TubeFilter(min_side=6),
        validation_split="test",
    )


@pytest.fixture
def make(source, tmp_path):
    """A DataModule with its caches built."""

    def build(**settings):
        settings = {"source": source, "target": source, "batch_size": 4, "steps_per_epoch": 5, **settings}
        data = TubeDataModule(cache_root=str(tmp_path / "cache"), prepare_workers=1, **settings)
        data.prepare_data()
        data.setup()
        return data

    return build


def all_batches(loader, epoch=0):
    loader.sampler.set_epoch(epoch)
    return [{name: tensor.numpy() for name, tensor in batch.items()} for batch in loader]


def assert_equal(first, second):
    assert len(first) == len(second)
    for a, b in zip(first, second, strict=True):
        assert a.keys() == b.keys()
        for name in a:
            np.testing.assert_array_equal(a[name], b[name])


def test_training_batches_of_the_target_know_no_labels(make):
    batches = all_batches(make(train_on="target").train_dataloader())
    assert batches[0].keys() == {"normal", "puzzle"}
    assert batches[0]["normal"].shape == (4, 7, 8, 8, 1)


def test_batches_depend_on_seed_epoch_and_step_alone(make):
    first = all_batches(make(seed=3).train_dataloader(), epoch=2)
    again = make(seed=3).train_dataloader()
    all_batches(again, epoch=0)
    assert_equal(first, all_batches(again, epoch=2))
    other_epoch = all_batches(again, epoch=1)
    other_seed = all_batches(make(seed=4).train_dataloader(), epoch=2)
    for other in (other_epoch, other_seed, first[1:]):
        assert any((a["normal"] != b["normal"]).any() for a, b in zip(first, other, strict=False))


def test_workers_give_the_same_batches(make):
    alone, workers = make(), make(num_workers=2)
    one, two = alone.train_dataloader(), workers.train_dataloader()
    for epoch in (0, 3):
        assert_equal(all_batches(one, epoch), all_batches(two, epoch))
    assert_equal(all_batches(alone.test_dataloader()), all_batches(workers.test_dataloader()))


def drawn_by_hand(groups, number, seed, step):
    """The draws of a training batch as every version made them: one generator a batch, group after group."""
    generator = np.random.default_rng([seed, *step])
    return {name: generator.choice(rows, number, replace=len(rows) < number) for name, rows in groups.items()}


@pytest.fixture
def other_target(tmp_path, tools):
    """A target of its own: two videos without any label, another camera."""
    fake = tools.dataset(tmp_path / "target")
    for split in fake.splits:
        for number in range(2):
            tools.write_video(fake.root / split / f"r{number}", 30, seed=50 + number)
    fake.name = "real"
    return TubeSource(fake, tools.detector(per_frame=3), spec=TubeSpec(size=8), filter=TubeFilter(min_side=6))


def test_source_draws_are_what_they_always_were(make, source):
    data = make(seed=11)
    cache = TubeCache.open(data.folder(data.use("train")), labels=source.dataset.labels_hash("train"))
    assert cache.spec.margin == 6
    rows = cache.select(source.filter)
    labels = cache.labels(rows, source.filter)
    groups = {"normal": rows[labels == 0], "abnormal": rows[labels == 1], "puzzle": rows[labels == 0]}
    batches = all_batches(data.train_dataloader())
    assert len(batches) == len(data.train_dataloader()) == 5
    for number, batch in enumerate(batches):
        assert batch.keys() == groups.keys()
        assert (batch["normal"].shape, batch["normal"].dtype) == ((4, 7, 8, 8, 1), np.uint8)
        for name, drawn in drawn_by_hand(groups, 4, 11, (0, number)).items():
            np.testing.assert_array_equal(batch[name], cache.read(drawn))


@pytest.mark.parametrize("options", [{}, {"class_balance": "natural"}, {"puzzle_from": "batch"}], ids=str)
def test_batches_of_both_domains_hold_the_sources_batch(make, other_target, options):
    settings = {"target": other_target, "seed": 5, **options}
    alone, both = make(train_on="source", **settings), make(train_on="both", **settings)
    for epoch in (0, 2):
        first, second = all_batches(alone.train_dataloader(), epoch), all_batches(both.train_dataloader(), epoch)
        assert second[0].keys() == first[0].keys() | {"real", "real_puzzle"}
        assert_equal(first, [{name: batch[name] for name in first[0]} for batch in second])
        assert second[0]["real"].shape == second[0]["real_puzzle"].shape == (4, 7, 8, 8, 1)
    use = both.use("train_real")
    assert (use.domain, use.split, use.source.dataset.name) == ("target", "train", "real")


def test_the_targets_tubes_follow_the_sources_in_the_draw(make, other_target, source):
    both = make(train_on="both", target=other_target, seed=7)
    mine, theirs = both._caches["train"], both._caches["train_real"]
    rows, real = mine.select(source.filter), theirs.select(other_target.filter)
    labels = mine.labels(rows, source.filter)
    normal = rows[labels == 0]
    groups = {"normal": normal, "abnormal": rows[labels == 1], "puzzle": normal, "real": real, "real_puzzle": real}
    for number, batch in enumerate(all_batches(both.train_dataloader())):
        drawn = drawn_by_hand(groups, 4, 7, (0, number))
        for name in ("real", "real_puzzle"):
            np.testing.assert_array_equal(batch[name], theirs.read(drawn[name]))


@pytest.mark.parametrize("options", [{}, {"class_balance": "natural"}, {"puzzle_from": "batch"}], ids=str)
def test_two_processes_share_one_joint_batch_of_both_domains(make, other_target, options, monkeypatch):
    settings = {"train_on": "both", "target": other_target, "seed": 5, **options}
    whole = make(batch_size=6, **settings).train_dataloader().dataset
    parts = []
    for rank in range(2):
        data = make(batch_size=3, **settings)
        monkeypatch.setattr(data, "_place", lambda rank=rank: (rank, 2))
        parts.append(data.train_dataloader().dataset)
    assert len(set(whole.rows((0, 0))["real"].tolist())) == 6  # enough there: nothing twice
    for step in ((0, 0), (3, 4)):
        joint, pieces = whole[step], [part[step] for part in parts]
        for name, expected in joint.items():
            assert torch.equal(torch.cat([piece[name] for piece in pieces]), expected), name


def test_natural_balance_draws_both_kinds_as_often_as_they_occur(make, source):
    data = make(class_balance="natural", batch_size=6)
    batches = data.train_dataloader().dataset
    cache = batches.groups["labelled"].cache
    rows = cache.select(source.filter)
    known = cache.labels(rows, source.filter)
    share = (known == 1).sum() / (known >= 0).sum()
    assert 0.02 < share < 0.4  # far from the half that equal numbers give
    labels, counts = [], np.zeros(len(cache))
    for number in range(400):
        batch = batches[(0, number)]
        assert batch.keys() == {"labelled", "label", "puzzle"}
        assert batch["labelled"].shape == (12, 7, 8, 8, 1)
        assert batch["puzzle"].shape == (6, 7, 8, 8, 1)
        assert (batch["label"].dtype, batch["label"].shape) == (torch.int64, (12,))
        labels.append(batch["label"].numpy())
        drawn = batches.rows((0, number))["labelled"]
        np.testing.assert_array_equal(batch["labelled"].numpy(), cache.read(drawn))
        np.testing.assert_array_equal(labels[-1], cache.label_table.overlap[drawn] > 0)
        np.add.at(counts, drawn, 1)
    error = np.sqrt(share * (1 - share) / (400 * 12))
    assert abs(np.concatenate(labels).mean() - share) < 4 * error
    assert set(counts.nonzero()[0]) == set(rows[known >= 0].tolist())


def test_natural_balance_never_draws_a_tube_of_unknown_label(make, dataset, source):
    for frame in range(8, 12):  # the place of what is abnormal here is not known, that of frames 12 to 16 is
        dataset.masks.pop(("v1", frame))
    batches = make(class_balance="natural").train_dataloader().dataset
    group = batches.groups["labelled"]
    assert (group.cache.labels(group.cache.select(source.filter), source.filter) == -1).any()
    assert not np.isnan(group.cache.label_table.overlap[group.rows]).any()


@pytest.mark.parametrize("train_on", ["source", "target", "both"])
def test_puzzle_from_the_batch_is_its_normal_tubes(make, other_target, train_on):
    data = make(train_on=train_on, target=other_target, puzzle_from="batch")
    own = make(train_on=train_on, target=other_target)
    pairs = {"puzzle": "normal", **({"real_puzzle": "real"} if train_on == "both" else {})}
    for batch, other in zip(all_batches(data.train_dataloader()), all_batches(own.train_dataloader()), strict=True):
        assert batch.keys() == other.keys()
        np.testing.assert_array_equal(batch["normal"], other["normal"])
        for puzzle, group in pairs.items():
            np.testing.assert_array_equal(batch[puzzle], batch[group])
            assert (other[puzzle] != other[group]).any()


def test_natural_balance_has_no_normal_tubes_to_permute():
    settings = {"class_balance": "natural", "puzzle_from": "batch"}
    for train_on in ("source", "both"):
        with pytest.raises(ConfigError, match=r"data\.puzzle_from=batch.*set data\.puzzle_from to own"):
            TubeDataModule(train_on=train_on, **settings)
    TubeDataModule(train_on="target", **settings)  # the target's tubes are all normal


@pytest.mark.parametrize("missing", ["source", "target"])
def test_both_domains_must_be_described(source, tmp_path, missing):
    settings = {"source": source, "target": source, missing: None}
    data = TubeDataModule(cache_root=str(tmp_path / "cache"), prepare_workers=1, train_on="both", **settings)
    said = rf"data\.train_on=both: the config describes no data\.{missing}; add --config"
    with pytest.raises(ConfigError, match=said):
        data.setup("fit")
    with pytest.raises(ConfigError, match=said):
        trainer(tmp_path, enable_checkpointing=False, max_steps=1).fit(Recorder(), datamodule=data)
    assert not (tmp_path / "cache").exists()  # said before hours go into a cache


def test_a_target_without_tubes_is_refused(make, other_target):
    other_target.filter = TubeFilter(min_side=1000)
    with pytest.raises(LabelError, match=r"real-train-.*usable one"):
        make(train_on="both", target=other_target).train_dataloader()


def test_scoring_batches_are_the_kept_rows_in_order(make):
    data = make(eval_batch_size=10)
    part = data.evaluated("test")
    batches = all_batches(data.test_dataloader())
    joined = {name: np.concatenate([batch[name] for batch in batches]) for name in batches[0]}
    np.testing.assert_array_equal(joined["row"], part.rows)
    np.testing.assert_array_equal(joined["tubes"], part.cache.read(part.rows))
    np.testing.assert_array_equal(joined["video"], part.cache.index.video[part.rows])
    np.testing.assert_array_equal(joined["frame"], part.cache.index.frame[part.rows])
    np.testing.assert_array_equal(joined["xyxy"], part.cache.index.xyxy[part.rows])
    assert (joined["video"].dtype, joined["frame"].dtype, joined["xyxy"].dtype) == (np.int64, np.int64, np.float32)
    assert len(part.rows) < len(part.cache)
    assert (part.domain, part.split, part.dataset) == ("target", "test", "fake")
    assert part.manifest_hash == data.use("test").source.dataset.manifest_hash("test")
    assert data.evaluated("validate").domain == "source"


def test_training_normals_are_all_tubes_of_every_nth_frame(make, source):
    data = make()
    data.prepare_normals()
    whole, every = data.training_normals(10_000)
    assert (whole.domain, whole.split, every) == ("target", "train", 1)
    np.testing.assert_array_equal(whole.rows, whole.cache.select(source.filter))
    few, every = data.training_normals(len(whole.rows) // 2 - 1)
    assert every == 3
    index = whole.cache.index
    frames = sorted({(index.video[row], index.frame[row]) for row in whole.rows})
    taken = frames[::3]
    assert few.rows.tolist() == [r for r in whole.rows if (index.video[r], index.frame[r]) in taken]
    rows = np.concatenate([batch["row"].numpy() for batch in data.ordered_dataloader(few)])
    np.testing.assert_array_equal(rows, few.rows)


def test_training_normals_must_be_cut_as_the_test_tubes_are(make, source):
    def with_train_spec(**settings):
        return make(target=dataclasses.replace(source, train_spec=TubeSpec(**settings)))

    thinned = with_train_spec(size=8, stride=2, margin=4)
    thinned.prepare_normals()
    assert thinned.training_normals(10_000)[0].cache.spec.stride == 2
    with pytest.raises(ConfigError, match="train_spec differs from spec"):
        with_train_spec(size=16).prepare_normals()


@pytest.mark.parametrize("world", [1, 2, 3, 50])
def test_scoring_is_dealt_out_without_gaps_or_repeats(make, world):
    data = make()
    part = data.evaluated("test")
    batches = OrderedBatches(part.cache, part.rows, 10)
    seen = [batches[i]["row"].numpy() for rank in range(world) for i in BatchSplitter(len(batches), rank, world)]
    assert sorted(np.concatenate(seen).tolist()) == part.rows.tolist()


def test_train_spec_and_missing_parts(make, source):
    source.train_spec = TubeSpec(size=8, stride=3)
    source.validation_split = None
    data = make(target=None)
    assert data.use("train").spec.stride == 3
    assert data.val_dataloader() == []
    data.setup("fit")
    with pytest.raises(ConfigError, match=r"data.test_on=target: the config describes no data.target"):
        data.setup("test")
    assert len(list(data.uses())) == 1


def test_setup_without_a_cache_says_what_to_run(source, tmp_path):
    data = TubeDataModule(source=source, target=source, cache_root=str(tmp_path / "none"))
    with pytest.raises(CacheError, match="run syrfa prepare"):
        data.setup("fit")


def test_a_source_without_abnormal_tubes_is_refused(make, dataset):
    dataset.track_lists.clear()
    dataset.labels["v1"][:] = 0
    with pytest.raises(LabelError, match="usable abnormal one"):
        make().train_dataloader()


@pytest.mark.parametrize("wrong", ["batch_size", "eval_batch_size", "steps_per_epoch", "prepare_workers"])
def test_refuses_sizes_below_one(wrong):
    with pytest.raises(ConfigError, match=f"{wrong}=0: give a number of at least 1"):
        TubeDataModule(**{wrong: 0})


class Recorder(lightning.LightningModule):
    """Notes what every batch held; stops the run at a given step."""

    def __init__(self, stop_after=None):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))
        self.seen = []
        self.stop_after = stop_after

    def training_step(self, batch, batch_index):
        if self.stop_after == len(self.seen):
            raise KeyboardInterrupt
        self.seen.append((self.current_epoch, batch_index, int(batch["normal"].long().sum())))
        return self.weight.sum()

    def test_step(self, batch, batch_index):
        self.seen.append(batch["row"].tolist())

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


def trainer(folder, **settings):
    return lightning.Trainer(
        default_root_dir=folder,
        accelerator="cpu",
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        limit_val_batches=0,
        **settings,
    )


@pytest.mark.parametrize(
    ("stop", "saving", "length"),
    [
        (2, {"every_n_train_steps": 2}, {"max_steps": 15}),
        (5, {"every_n_train_steps": 5}, {"max_epochs": 3}),
        (5, {"every_n_train_steps": 5}, {"max_steps": 15}),
        (7, {"every_n_train_steps": 7}, {"max_epochs": 3}),
        (5, {}, {"max_epochs": 3}),
    ],
    ids=str,
)
@pytest.mark.filterwarnings("error:.*not resumable")
def test_resumed_run_goes_on_with_the_next_batch(make, tmp_path, stop, saving, length):
    whole = Recorder()
    trainer(tmp_path, enable_checkpointing=False, **length).fit(whole, datamodule=make())
    assert len({total for *_, total in whole.seen}) > 10

    saver = ModelCheckpoint(tmp_path / "ckpt", save_last=True, save_on_train_epoch_end=not saving, **saving)
    stopped = Recorder(stop_after=stop)
    with pytest.raises((KeyboardInterrupt, SystemExit)):
        trainer(tmp_path, callbacks=[saver], **length).fit(stopped, datamodule=make())
    resumed = Recorder()
    trainer(tmp_path, enable_checkpointing=False, **length).fit(
        resumed, datamodule=make(), ckpt_path=str(tmp_path / "ckpt" / "last.ckpt")
    )
    # the batches themselves: resumed by steps after a closed epoch, Lightning numbers them as if the epoch went on
    assert [total for *_, total in stopped.seen + resumed.seen] == [total for *_, total in whole.seen]


def test_prepare_data_builds_what_the_stage_needs(source, tmp_path):
    data = TubeDataModule(source=source, target=source, cache_root=str(tmp_path / "cache"), prepare_workers=1)
    model = Recorder()
    trainer(tmp_path, enable_checkpointing=False).test(model, datamodule=data, verbose=False)
    assert [row for rows in model.seen for row in rows] == data.evaluated("test").rows.tolist()
    (only,) = (tmp_path / "cache").iterdir()
    assert only.name.startswith("fake-test-")


def test_the_data_of_every_committed_run_record_is_understood():
    parser = ArgumentParser(parser_mode="omegaconf", exit_on_error=False)
    parser.add_class_arguments(TubeDataModule, "data")
    results = [json.loads(file.read_text()) for file in RESULTS.rglob("*_seed?.json")]
    steps = [step for result in results for step in (result.get("run_record") or {}).get("steps", [])]
    recorded = {json.dumps(step["options"]["data"], sort_keys=True) for step in steps}
    assert len(recorded) >= 3
    for options in recorded:
        parser.parse_object({"data": json.loads(options)})


def test_prepare_prints_a_line_a_cache_and_verifies(source, tmp_path, capsys):
    data = TubeDataModule(source=source, target=source, cache_root=str(tmp_path / "cache"), prepare_workers=1)
    prepare(data)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 5  # header, rule, source train and test, target test
    assert lines[0].split()[:5] == ["dataset", "split", "videos", "frames", "tubes"]
    assert lines[2].split()[:4] == ["fake", "train", "3", "75"]
    folder = data.folder(data.use("test"))
    with (folder / "v0.npy").open("r+b") as file:
        file.seek(300)
        byte = file.read(1)
        file.seek(300)
        file.write(bytes([byte[0] ^ 255]))
    prepare(data)
    assert "was there" in capsys.readouterr().out
    with pytest.raises(CacheError, match=r"v0\.npy has changed"):
        prepare(data, verify=True)
