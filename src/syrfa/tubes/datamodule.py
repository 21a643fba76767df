"""The DataModule that both stages share."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import lightning
import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import DataLoader, Dataset, Sampler

from syrfa.datasets.base import VideoDataset
from syrfa.errors import ConfigError, LabelError
from syrfa.tubes.batches import BatchSplitter, DrawnBatches, OrderedBatches, StepLoader, StepSampler
from syrfa.tubes.build import build_cache
from syrfa.tubes.cache import TubeCache, cache_folder, cache_recipe
from syrfa.tubes.labels import ABNORMAL, NORMAL
from syrfa.tubes.source import Domain, EvaluatedSplit, SplitUse, TubeSource

__all__ = ["Domain", "EvaluatedSplit", "SplitUse", "TubeDataModule", "TubeSource"]

Stage = Literal["train", "validate", "test", "predict"]
_STAGES_OF: dict[str | None, tuple[Stage, ...]] = {
    "fit": ("train", "validate"),
    "validate": ("validate",),
    "test": ("test",),
    "predict": ("predict",),
    None: ("train", "validate", "test", "predict"),
}

_NO_DOMAIN = "the config describes no data.{0}; add --config with a file of lightning_config/data that does"


class TubeDataModule(lightning.LightningDataModule):
    """Tubes of a source and a target domain, cached on disk.

    A training batch is a dict of uint8 tensors (batch_size, T, size, size, channels). On the source: `normal`,
    `abnormal` and `puzzle` (normal tubes, drawn on their own, for the module to permute). On the target, whose
    train split is normal by definition: `normal` and `puzzle`, drawn from all its tubes.
    A batch of any other stage is what `OrderedBatches` returns.

    Under DDP every process draws its part of one joint batch, so `batch_size` is per process; batches are dealt out
    whole for scoring. Both samplers are DistributedSamplers, which Lightning leaves in place.

    Args:
        source: the domain that labels are known of.
        target: the domain to adapt to and to be tested on.
        train_on: the domain that `fit` draws from.
        validate_on: the domain of validation.
        test_on: the domain of `test`.
        predict_on: the domain of `predict`.
        predict_split: the split of `predict`.
        cache_root: the folder of all caches.
        batch_size: tubes of each group of a training batch.
        eval_batch_size: tubes of a batch of any other stage.
        steps_per_epoch: training batches an epoch.
        num_workers: processes that load batches, for each loader.
        prepare_workers: processes that build a cache; see `build_cache`.
        seed: of all draws.
    """

    def __init__(
        self,
        source: TubeSource | None = None,
        target: TubeSource | None = None,
        train_on: Domain = "source",
        validate_on: Domain = "source",
        test_on: Domain = "target",
        predict_on: Domain = "target",
        predict_split: str = "test",
        cache_root: str = "data/cache",
        batch_size: int = 16,
        eval_batch_size: int = 256,
        steps_per_epoch: int = 100,
        num_workers: int = 0,
        prepare_workers: int | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__()
        for name, value in (
            ("batch_size", batch_size),
            ("eval_batch_size", eval_batch_size),
            ("steps_per_epoch", steps_per_epoch),
        ):
            if value < 1:
                raise ConfigError(f"data.{name}={value}: give a number of at least 1")
        if num_workers < 0:
            raise ConfigError(f"data.num_workers={num_workers}: give 0 to load in the main process, or more")
        if prepare_workers is not None and prepare_workers < 1:
            raise ConfigError(f"data.prepare_workers={prepare_workers}: give at least 1, or null for one a core")
        self.domains: dict[Domain, TubeSource | None] = {"source": source, "target": target}
        self.stage_domain: dict[Stage, Domain] = {
            "train": train_on,
            "validate": validate_on,
            "test": test_on,
            "predict": predict_on,
        }
        self.predict_split = predict_split
        self.cache_root = cache_root
        self.batch_size, self.eval_batch_size = batch_size, eval_batch_size
        self.steps_per_epoch, self.num_workers = steps_per_epoch, num_workers
        self.prepare_workers, self.seed = prepare_workers, seed
        self._caches: dict[Stage, TubeCache] = {}
        self._evaluated: dict[Stage, EvaluatedSplit] = {}

    def prepare_data(self) -> None:
        """Builds the caches that the trainer is about to need, or all that the config names without a trainer."""
        stages = _STAGES_OF[None]
        if self.trainer is not None and self.trainer.state.fn is not None:
            stages = _STAGES_OF[self.trainer.state.fn.value]
        for use in self.uses(stages):
            self.build(use)

    def setup(self, stage: str | None = None) -> None:
        """Opens the caches of a stage of Lightning (fit, validate, test, predict; None for all).

        Raises:
            CacheError: one is missing, unfinished or damaged.
            ConfigError: the stage runs on a domain that the config does not describe.
        """
        for name in _STAGES_OF[stage]:
            use = self.use(name)
            if use is None:
                if stage in ("test", "predict") or (stage == "fit" and name == "train"):
                    domain = self.stage_domain[name]
                    raise ConfigError(f"data.{name}_on={domain}: {_NO_DOMAIN.format(domain)}")
                continue
            self._caches[name] = TubeCache.open(self.folder(use))
            self._evaluated.pop(name, None)

    def use(self, stage: Stage) -> SplitUse | None:
        """The split that a stage runs on; None when the config leaves it open."""
        domain = self.stage_domain[stage]
        source = self.domains[domain]
        if source is None:
            return None
        split = {
            "train": source.train_split,
            "validate": source.validation_split,
            "test": source.test_split,
            "predict": self.predict_split,
        }[stage]
        if split is None:
            return None
        spec = source.spec
        if split == source.train_split and source.train_spec is not None:
            spec = source.train_spec
        return SplitUse(domain, source, split, spec)

    def uses(self, stages: tuple[Stage, ...] = _STAGES_OF[None]) -> Iterator[SplitUse]:
        """The distinct splits that `stages` run on."""
        seen = set()
        for stage in stages:
            use = self.use(stage)
            if use is not None and (use.domain, use.split) not in seen:
                seen.add((use.domain, use.split))
                yield use

    def build(self, use: SplitUse) -> TubeCache:
        """Builds, or opens, the cache of a split."""
        source = use.source
        return build_cache(source.dataset, use.split, source.detector, use.spec, self.cache_root, self.prepare_workers)

    def folder(self, use: SplitUse) -> Path:
        """Where the cache of a split lies or will lie."""
        recipe = cache_recipe(use.source.dataset, use.split, use.source.detector, use.spec)
        return cache_folder(self.cache_root, recipe)

    def train_dataloader(self) -> DataLoader[Any]:
        """Batches drawn from the train split, `steps_per_epoch` an epoch.

        Raises:
            LabelError: a source without normal or without abnormal tubes.
        """
        cache = self._caches["train"]
        rank, world_size = self._place()
        batches = DrawnBatches(cache, self._groups(cache), self.batch_size, self.seed, rank, world_size)
        return self._loader(batches, StepSampler(self.steps_per_epoch, self._trained if self.trainer else None))

    def val_dataloader(self) -> "DataLoader[Any] | list[Any]":
        """Every tube of the validation split, in order; nothing where there is no such split."""
        return self._ordered("validate") if "validate" in self._caches else []

    def test_dataloader(self) -> DataLoader[Any]:
        """Every tube of the test split, in order."""
        return self._ordered("test")

    def predict_dataloader(self) -> DataLoader[Any]:
        """Every tube of the split to predict, in order."""
        return self._ordered("predict")

    def evaluated(self, stage: Literal["validate", "test", "predict"]) -> EvaluatedSplit:
        """What the batches of a stage belong to; callable once the stage is set up."""
        if stage not in self._evaluated:
            use, cache = self.use(stage), self._caches[stage]
            assert use is not None
            self._evaluated[stage] = EvaluatedSplit(
                cache=cache,
                filter=use.source.filter,
                rows=cache.select(use.source.filter),
                domain=use.domain,
                split=use.split,
                dataset=use.source.dataset.name,
                manifest_hash=str(cache.manifest["recipe"]["dataset_manifest"]),
                cache_key=cache.key,
            )
        return self._evaluated[stage]

    def dataset(self, domain: Domain) -> VideoDataset:
        """The data set of a domain.

        Raises:
            ConfigError: the config does not describe the domain.
        """
        source = self.domains[domain]
        if source is None:
            raise ConfigError(_NO_DOMAIN.format(domain))
        return source.dataset

    def _groups(self, cache: TubeCache) -> dict[str, NDArray[np.int64]]:
        use = self.use("train")
        assert use is not None
        rows = cache.select(use.source.filter)
        if use.domain == "target":
            self._check_group(rows, "", cache)
            return {"normal": rows, "puzzle": rows}
        labels = cache.labels(rows, use.source.filter)
        normal, abnormal = rows[labels == NORMAL], rows[labels == ABNORMAL]
        self._check_group(normal, "normal ", cache)
        self._check_group(abnormal, "abnormal ", cache)
        return {"normal": normal, "abnormal": abnormal, "puzzle": normal}

    def _check_group(self, rows: NDArray[np.int64], kind: str, cache: TubeCache) -> None:
        if len(rows) == 0:
            raise LabelError(
                f"{cache.folder}: none of {len(cache)} tubes is a usable {kind}one to train on; check the tracks and "
                "masks of the data set, and data.*.filter"
            )

    def _ordered(self, stage: Literal["validate", "test", "predict"]) -> DataLoader[Any]:
        part = self.evaluated(stage)
        if len(part.rows) == 0:
            raise ConfigError(f"{part.cache.folder}: none of {len(part.cache)} tubes passes data.{part.domain}.filter")
        batches = OrderedBatches(part.cache, part.rows, self.eval_batch_size)
        return self._loader(batches, BatchSplitter(len(batches), *self._place()))

    def _loader(self, batches: Dataset[Any], order: Sampler[Any]) -> DataLoader[Any]:
        # keywords throughout: Lightning rebuilds loaders from them, and cannot from a positional batch size
        return StepLoader(
            dataset=batches,
            batch_size=None,
            sampler=order,
            num_workers=self.num_workers,
            pin_memory=torch.cuda.is_available(),
            persistent_workers=self.num_workers > 0,
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
