"""The DataModule of both phases."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import lightning
import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from syrfa.datasets.base import VideoDataset
from syrfa.engine import EngineName
from syrfa.errors import ConfigError
from syrfa.tubes.batches import (
    BatchSplitter,
    ClassBalance,
    DrawnBatches,
    Group,
    OrderedBatches,
    StepLoader,
    StepSampler,
    labelled_groups,
    normal_groups,
)
from syrfa.tubes.build import build_cache
from syrfa.tubes.cache import TubeCache, cache_folder, cache_identity
from syrfa.tubes.source import Domain, EvaluatedSplit, SplitUse, TubeSource
from syrfa.utils.signals import leave_to_parent

TrainOn = Literal["source", "target", "both"]
PuzzleFrom = Literal["own", "batch"]
# a training batch of both domains is made of `train`, the source's split, and `train_real`, the target's;
# a test with reference scores also scores `normals`, the target's train split
Stage = Literal["train", "train_real", "validate", "test", "predict", "normals"]
# what each verb of Lightning runs on, and what it cannot do without; all where there is no verb
STAGES_OF: dict[str | None, tuple[Stage, ...]] = {
    "fit": ("train", "train_real", "validate"),
    "validate": ("validate",),
    "test": ("test",),
    "predict": ("predict",),
    None: ("train", "train_real", "validate", "test", "predict"),
}
_NEEDED_BY: dict[str | None, tuple[Stage, ...]] = {
    "fit": ("train", "train_real"),
    "test": ("test",),
    "predict": ("predict",),
}

_NO_DOMAIN = "the config describes no data.{0}; add --config with a file of lightning_config/data that does"


class TubeDataModule(lightning.LightningDataModule):
    """Tubes of a source and a target domain, cached on disk.

    A training batch is a dict of uint8 tensors (batch_size, T, size, size, channels), by `train_on`:

    - source: `normal`, `abnormal` and `puzzle` (normal tubes for the module to permute). With `class_balance` natural,
      `labelled`, of twice the length, and `label`, int64, 1 = abnormal, replace `normal` and `abnormal`.
    - target, whose train split is normal by definition: `normal` and `puzzle`, drawn from all its tubes.
    - both: what `source` gives, tube for tube, and the target's tubes as `real` and `real_puzzle`.

    A batch of any other stage is what `OrderedBatches` returns.

    Under DDP every process draws its part of one joint batch, so `batch_size` is per process; batches are dealt out
    whole for scoring.

    Args:
        source: the domain that labels are known of.
        target: the domain to adapt to and to be tested on.
        train_on: the domain that `fit` draws from, or both.
        validate_on: the domain of validation.
        test_on: the domain of `test`.
        predict_on: the domain of `predict`.
        predict_split: the split of `predict`.
        cache_root: the folder of all caches.
        batch_size: tubes of each group of a training batch.
        eval_batch_size: tubes of a batch of any other stage.
        steps_per_epoch: training batches an epoch.
        num_workers: processes that load batches, for each loader.
        prepare_workers: videos worked on at a time where a cache is built; see `build_cache`.
        seed: of all draws.
        class_balance: `equal` numbers of both labels in a source batch, or `natural`, as often as they occur.
        puzzle_from: whether the tubes to permute are drawn on their `own`, or are the normal tubes of the `batch`.
        engine: where caches are built: `local` processes or a `ray` cluster.
        transductive: train on the frames of the target's test split, unlabelled, in place of its train split; what the
            published script does. Every number of such weights says so.
        oracle: validate on the target's test split, and keep the checkpoint with the best AUROC there; what the
            published script does. Every number of such weights says so.

    Raises:
        ConfigError: a number is out of range, or two settings contradict each other.
    """

    def __init__(
        self,
        source: TubeSource | None = None,
        target: TubeSource | None = None,
        train_on: TrainOn = "source",
        validate_on: Domain = "source",
        test_on: Domain = "target",
        predict_on: Domain = "target",
        predict_split: str = "test",
        cache_root: str = "data/cache",
        batch_size: int = 16,
        eval_batch_size: int = 64,
        steps_per_epoch: int = 100,
        num_workers: int = 0,
        prepare_workers: int | None = None,
        seed: int = 0,
        class_balance: ClassBalance = "equal",
        puzzle_from: PuzzleFrom = "own",
        engine: EngineName = "local",
        transductive: bool = False,
        oracle: bool = False,
    ) -> None:
        super().__init__()
        sizes = {"batch_size": batch_size, "eval_batch_size": eval_batch_size, "steps_per_epoch": steps_per_epoch}
        for name, value in {**sizes, "num_workers": num_workers, "prepare_workers": prepare_workers}.items():
            least = 0 if name == "num_workers" else 1
            if value is not None and value < least:
                raise ConfigError(f"data.{name}={value}: give a number of at least {least}")
        if class_balance == "natural" and puzzle_from == "batch" and train_on != "target":
            raise ConfigError(
                "data.puzzle_from=batch: with data.class_balance=natural a batch has no fixed number of normal tubes; "
                "set data.puzzle_from to own"
            )
        self.transductive, self.oracle = transductive, oracle
        for name in self.switches:
            if test_on != "target" or target is None:
                where = "there is no data.target" if target is None else f"data.test_on={test_on}"
                raise ConfigError(f"data.{name}: it is about the target's test split, and {where}; leave it off")
        self.train_on: TrainOn = train_on
        self.class_balance: ClassBalance = class_balance
        self.puzzle_from: PuzzleFrom = puzzle_from
        self.domains: dict[Domain, TubeSource | None] = {"source": source, "target": target}
        self.stage_domain: dict[Stage, Domain] = {
            "train": "source" if train_on == "both" else train_on,
            "validate": "target" if oracle else validate_on,
            "test": test_on,
            "predict": predict_on,
            "normals": "target",
        }
        if train_on == "both":
            self.stage_domain["train_real"] = "target"
        self.predict_split = predict_split
        self.cache_root = cache_root
        self.batch_size, self.eval_batch_size = batch_size, eval_batch_size
        self.steps_per_epoch, self.num_workers = steps_per_epoch, num_workers
        self.prepare_workers, self.seed = prepare_workers, seed
        self.engine: EngineName = engine
        self._caches: dict[Stage, TubeCache] = {}
        self._evaluated: dict[Stage, EvaluatedSplit] = {}

    @property
    def switches(self) -> list[str]:
        """Those of `transductive` and `oracle` that are on."""
        return [name for name in ("transductive", "oracle") if getattr(self, name)]

    def prepare_data(self) -> None:
        """Builds the caches that the trainer is about to need, or all that the config names without a trainer."""
        fn = self.trainer.state.fn if self.trainer is not None else None
        verb = fn.value if fn is not None else None
        self._check_described(verb)
        for use in self.uses(STAGES_OF[verb]):
            self.build(use)

    def setup(self, stage: str | None = None) -> None:
        """Opens the caches of a stage of Lightning (fit, validate, test, predict; None for all).

        Raises:
            CacheError: one is missing, unfinished or damaged.
            ConfigError: the stage runs on a domain that the config does not describe.
        """
        self._check_described(stage)
        for name in STAGES_OF[stage]:
            if (use := self.use(name)) is not None:
                self._open(name, use)

    def _open(self, stage: Stage, use: SplitUse) -> None:
        self._caches[stage] = TubeCache.open(self.folder(use), labels=use.source.dataset.labels_hash(use.split))
        self._evaluated.pop(stage, None)

    def _check_described(self, verb: str | None) -> None:
        for stage in _NEEDED_BY.get(verb, ()):
            domain = self.stage_domain.get(stage)
            if domain is not None and self.domains[domain] is None:
                option = f"train_on={self.train_on}" if stage in ("train", "train_real") else f"{stage}_on={domain}"
                raise ConfigError(f"data.{option}: {_NO_DOMAIN.format(domain)}")
        if verb == "fit" and self.transductive and self.train_on == "source":
            raise ConfigError(
                "data.transductive: data.train_on=source trains on nothing of the target; leave the switch off here, "
                "and set it where the target is adapted to"
            )

    def use(self, stage: Stage) -> SplitUse | None:
        """The split that a stage runs on; None when the config leaves it open."""
        domain = self.stage_domain.get(stage)
        source = None if domain is None else self.domains[domain]
        if domain is None or source is None:
            return None
        trained_on = source.test_split if self.transductive and domain == "target" else source.train_split
        split = {
            "train": trained_on,
            "train_real": trained_on,
            "validate": source.test_split if self.oracle else source.validation_split,
            "test": source.test_split,
            "predict": self.predict_split,
            "normals": source.train_split,
        }[stage]
        if split is None:
            return None
        spec = source.spec
        if split == source.train_split and source.train_spec is not None:
            spec = source.train_spec
        return SplitUse(domain, source, split, spec)

    def uses(self, stages: tuple[Stage, ...] = STAGES_OF[None]) -> Iterator[SplitUse]:
        """The distinct splits that `stages` run on."""
        seen = set()
        for stage in stages:
            use = self.use(stage)
            if use is not None and (use.domain, use.split) not in seen:
                seen.add((use.domain, use.split))
                yield use

    def build(self, use: SplitUse) -> TubeCache:
        """Builds, or opens, the cache of a split."""
        parts = use.source.dataset, use.split, use.source.detector, use.spec
        return build_cache(*parts, self.cache_root, self.prepare_workers, engine=self.engine)

    def folder(self, use: SplitUse) -> Path:
        """Where the cache of a split lies or will lie."""
        identity = cache_identity(use.source.dataset, use.split, use.source.detector, use.spec)
        return cache_folder(self.cache_root, identity)

    def train_dataloader(self) -> DataLoader[Any]:
        """Batches drawn from the train split, or from both, `steps_per_epoch` an epoch.

        Raises:
            LabelError: a source without normal or without abnormal tubes, or a target without tubes.
        """
        rank, world_size = self._place()
        groups, repeats = self._groups(), {}
        if self.puzzle_from == "batch":
            repeats = {"puzzle": "normal", "real_puzzle": "real"}
            repeats = {puzzle: group for puzzle, group in repeats.items() if groups.pop(puzzle, None)}
        batches = DrawnBatches(groups, self.batch_size, self.seed, rank, world_size, repeats)
        return self._loader(batches, StepSampler(self.steps_per_epoch, self._trained if self.trainer else None))

    def val_dataloader(self) -> "DataLoader[Any] | list[Any]":
        """Every tube of the validation split, in order; nothing where there is no such split."""
        return self.ordered_dataloader(self.evaluated("validate")) if "validate" in self._caches else []

    def test_dataloader(self) -> DataLoader[Any]:
        """Every tube of the test split, in order."""
        return self.ordered_dataloader(self.evaluated("test"))

    def predict_dataloader(self) -> DataLoader[Any]:
        """Every tube of the split to predict, in order."""
        return self.ordered_dataloader(self.evaluated("predict"))

    def ordered_dataloader(self, part: EvaluatedSplit) -> DataLoader[Any]:
        """This process's share of the batches of `part`, in order; ConfigError where it has no tubes."""
        if len(part.rows) == 0:
            raise ConfigError(f"{part.cache.folder}: none of {len(part.cache)} tubes passes data.{part.domain}.filter")
        rank, world_size = self._place()
        # a process without a single batch is a fault to Lightning
        size = min(self.eval_batch_size, -(-len(part.rows) // world_size))
        batches = OrderedBatches(part.cache, part.rows, size)
        return self._loader(batches, BatchSplitter(len(batches), rank, world_size))

    def evaluated(self, stage: Literal["validate", "test", "predict", "normals"]) -> EvaluatedSplit:
        """What the batches of a stage belong to; callable once the stage is set up."""
        if stage not in self._evaluated:
            use, cache = self.use(stage), self._caches[stage]
            assert use is not None
            rows, manifest_hash = cache.select(use.source.filter), use.source.dataset.manifest_hash(use.split)
            self._evaluated[stage] = EvaluatedSplit(cache, rows, use.source, use.domain, use.split, manifest_hash)
        return self._evaluated[stage]

    def prepare_normals(self) -> None:
        """Builds the cache of the target's train split, whose tubes must be cut as its test tubes are."""
        self.build(self._normals())

    def training_normals(self, boxes: int) -> tuple[EvaluatedSplit, int]:
        """About `boxes` tubes of the target's train split, all those of every n-th frame that has any; and n."""
        self._open("normals", self._normals())
        split = self.evaluated("normals")
        every = max(1, -(-len(split.rows) // boxes))
        index = split.cache.index
        video, frame = index.video[split.rows], index.frame[split.rows]
        number = np.cumsum((np.diff(video, prepend=-1) != 0) | (np.diff(frame, prepend=-1) != 0)) - 1
        return replace(split, rows=split.rows[number % every == 0]), every

    def _normals(self) -> SplitUse:
        use = self.use("normals")
        if use is None:
            raise ConfigError(f"evaluation.reference: {_NO_DOMAIN.format('target')}")
        spec = use.source.spec
        if replace(use.spec, stride=spec.stride, margin=spec.margin) != spec:
            raise ConfigError(
                "evaluation.reference: data.target.train_spec differs from spec in more than stride and margin, so "
                "that scores of training tubes say nothing of test tubes"
            )
        return use

    def dataset(self, domain: Domain) -> VideoDataset:
        """The data set of a domain; ConfigError where the config does not describe it."""
        source = self.domains[domain]
        if source is None:
            raise ConfigError(_NO_DOMAIN.format(domain))
        return source.dataset

    def _groups(self) -> dict[str, Group]:
        """What a training batch is drawn from, in the order of the draws: the source's part first."""
        names: dict[Stage, tuple[str, str]] = {"train": ("normal", "puzzle"), "train_real": ("real", "real_puzzle")}
        groups: dict[str, Group] = {}
        for stage, (plain, puzzle) in names.items():
            if (use := self.use(stage)) is not None:
                cache, rule = self._caches[stage], use.source.filter
                if use.domain == "source":
                    groups |= labelled_groups(cache, rule, self.class_balance)
                else:
                    groups |= normal_groups(cache, rule, plain, puzzle)
        return groups

    def _loader(self, batches: Dataset[Any], order: Sampler[Any]) -> DataLoader[Any]:
        # keywords throughout: Lightning rebuilds loaders from them, and cannot from a positional batch size
        return StepLoader(
            dataset=batches,
            batch_size=None,
            sampler=order,
            num_workers=self.num_workers,
            pin_memory=torch.cuda.is_available(),
            persistent_workers=self.num_workers > 0,
            worker_init_fn=leave_to_parent,
        )

    def _place(self) -> tuple[int, int]:
        """Rank and number of processes."""
        if self.trainer is not None:
            return self.trainer.global_rank, self.trainer.world_size
        return 0, 1

    def _trained(self) -> int:
        """Batches trained so far, over all epochs and resumptions."""
        assert self.trainer is not None
        # typed Any: Lightning declares a base class of the tracker it uses
        total: Any = self.trainer.fit_loop.epoch_loop.batch_progress.total
        return int(total.processed)
