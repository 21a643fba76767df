"""What all modules share: the way tubes become input, the object score, and what a checkpoint holds."""

import math
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from lightning import LightningModule
from torch import Tensor
from torch.nn import functional as F

from syrfa.errors import ConfigError
from syrfa.models import Classifier, Extractor, TwoStreamExtractor
from syrfa.utils.class_path import class_path

Batch = dict[str, Tensor]
OURS = "syrfa"  # the checkpoint's key for the module's class and what it was trained on
SETTINGS = "hyper_parameters"  # and Lightning's for the constructor's arguments


def check_not_negative(**settings: float) -> None:
    """Raises ConfigError for a learning rate or weight that is below 0 or not finite."""
    for name, value in settings.items():
        if not 0 <= value < math.inf:
            raise ConfigError(f"model.init_args.{name}={value}: it must be a number of at least 0")


def refuse_float16(precision: str | int | None) -> None:
    """Raises ConfigError for a fit in float16, and with bfloat16 weights."""
    if precision in ("16-mixed", "16-true", "16", 16, "transformer-engine-float16"):
        raise ConfigError(
            f"trainer.precision={precision}: float16 needs scaled losses, which break gradients that "
            "are taken by hand and normalised (Eq. 8); use bf16-mixed or 32-true"
        )
    if precision == "bf16-true":
        raise ConfigError(
            "trainer.precision=bf16-true: weights of 8 bits swallow steps as small as f_c's and the adapters'; "
            "use bf16-mixed or 32-true"
        )


def abnormal_probability(logits: Tensor) -> Tensor:
    """The softmax probability of "abnormal", float32 (B,), of the classifier's logits (B, 2)."""
    return logits.float().softmax(dim=1)[:, 1]


class AnomalyModule(LightningModule):
    """Scores tubes; a subclass adds how it learns.

    Subclasses call `save_hyperparameters`, and either assign `network` and `classifier` or override `extractor` and
    `score`. Any DataModule or DataLoader that yields their batches will do; what a `TubeDataModule` knows besides
    (domains, splits) is checked and recorded where the data module has it.

    Args:
        seed: seeds the random choices of every training batch, together with the batch's number, so that a resumed run
            repeats exactly what an uninterrupted one would have drawn.
    """

    scoring_settings: ClassVar[frozenset[str]] = frozenset()  # those that a verb that scores may change
    learns_from: ClassVar[tuple[str, ...]] = ()  # values of data.train_on that a fit can use
    learns_why: ClassVar[str] = ""
    batches_seen: Tensor

    if TYPE_CHECKING:  # attributes of phase 1; of phase 2 they are phase 1's

        @property
        def network(self) -> TwoStreamExtractor:
            """Extractor, style augmentation and adapters."""

        @property
        def classifier(self) -> Classifier:
            """f_phi."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        self.seed = seed
        self.trained_on: list[dict[str, str]] = []
        self.pretrained_from: str | None = None
        self.register_buffer("batches_seen", torch.zeros((), dtype=torch.int64))

    @classmethod
    def resolved(cls, settings: dict[str, Any]) -> dict[str, Any]:
        """Settings with every option written out that is left to a preset (None)."""
        return settings

    @classmethod
    def complete(cls, settings: dict[str, Any]) -> bool:
        """Whether a file that the settings name brings every weight that scoring needs."""
        del settings
        return False

    @property
    def extractor(self) -> Extractor:
        """f_theta."""
        return self.network.extractor

    @property
    def scores_through_adapters(self) -> bool:
        """Whether the score (Eq. 20) passes any adapter."""
        return False

    def adapter_report(self) -> dict[str, Any]:
        """Which adapters there are, their learning rate, and how far they moved; for the result of a test."""
        return {"name": "none", "lr": None, "mean_abs": 0.0, "max_abs": 0.0}

    def setup(self, stage: str) -> None:
        """Refuses to fit in float16, and on other domains than the module learns from."""
        if stage != "fit":
            return
        refuse_float16(self.trainer.precision)
        train_on = getattr(getattr(self.trainer, "datamodule", None), "train_on", None)
        if train_on is not None and self.learns_from and train_on not in self.learns_from:
            raise ConfigError(
                f"data.train_on={train_on}: {self.learns_why}; set data.train_on to {' or '.join(self.learns_from)}"
            )

    def to_input(self, tubes: Tensor) -> Tensor:
        """Network input, (B, 3, T, size, size) in [0, 1], from tubes uint8 (B, T, S, S, C), C = 1 or 3.

        It has the dtype of the weights, since `precision: 64-true` casts these but no uint8. Tubes of another length
        raise a ConfigError.
        """
        frames, size = self.extractor.frames, self.extractor.size
        if tubes.shape[1] != frames:
            raise ConfigError(
                f"the tubes have {tubes.shape[1]} frames and the network takes {frames}; "
                "set spec.frames of the data and frames of the model alike"
            )
        x = (tubes.permute(0, 4, 1, 2, 3).float() / 255).to(self.extractor.neck.conv.weight.dtype)
        if x.shape[-1] != size:
            x = F.interpolate(x, size=(x.shape[2], size, size), mode="area")
        rgb: Tensor = x.expand(-1, 3, -1, -1, -1)
        return rgb

    def score(self, tubes: Tensor) -> Tensor:
        """Object scores (Eq. 20): the softmax probability of "abnormal", float32 (B,), of uint8 tubes."""
        features = self.network.clean(self.to_input(tubes), adapted=self.scores_through_adapters)
        return abnormal_probability(self.classifier(features))

    def on_train_batch_start(self, batch: Batch, batch_idx: int) -> None:
        """Seeds this batch's random choices."""
        del batch, batch_idx
        # the same in every process: each draws for the joint batch and takes its own part
        torch.manual_seed((self.seed * 1_000_003 + int(self.batches_seen)) * 65_537 % (1 << 63))
        self.batches_seen += 1

    def validation_step(self, batch: Batch, batch_idx: int) -> Batch:
        """Scores one batch: `row` int64 (B,) of the cache index and `score` float32 (B,)."""
        del batch_idx
        return {"row": batch["row"], "score": self.score(batch["tubes"])}

    def test_step(self, batch: Batch, batch_idx: int) -> Batch:
        """See `validation_step`; where the score runs through adapters, `unadapted` float32 (B,) is the one without."""
        if not self.scores_through_adapters:
            return self.validation_step(batch, batch_idx)
        both = self.network.with_and_without_adapters(self.to_input(batch["tubes"]))
        score, unadapted = (abnormal_probability(self.classifier(features)) for features in both)
        return {"row": batch["row"], "score": score, "unadapted": unadapted}

    def predict_step(self, batch: Batch, batch_idx: int) -> Batch:
        """See `validation_step`."""
        return self.validation_step(batch, batch_idx)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Stores class, settings and what the weights were trained on, all as plain values."""
        checkpoint[SETTINGS] = self.settings()
        checkpoint.pop("hparams_name", None)
        checkpoint[OURS] = {
            "class_path": class_path(type(self)),
            "trained_on": [*self.trained_on, *self._training_splits()],
        }

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Remembers what the weights were trained on."""
        attached = self._trainer is not None  # not where `load_from_checkpoint` builds the module
        mine = self._training_splits() if attached and self.trainer.training else []
        self.trained_on = [split for split in checkpoint[OURS]["trained_on"] if split not in mine]

    def _training_splits(self) -> list[dict[str, str]]:
        """The splits that this run trains on, how, and what its checkpoints are chosen by, for a result's audit.

        Empty where the data module does not tell its splits (`use`, see `TubeDataModule`).
        """
        use_of = getattr(getattr(self.trainer, "datamodule", None), "use", None)
        if use_of is None:
            return []
        choosing = [*self.trainer.checkpoint_callbacks, *self.trainer.early_stopping_callbacks]
        monitors = [getattr(callback, "monitor", None) for callback in choosing]
        monitored = list(dict.fromkeys(str(monitor) for monitor in monitors if monitor))
        validation = use_of("validate") if self.trainer.limit_val_batches else None
        validated = "" if validation is None else validation.source.dataset.manifest_hash(validation.split)
        of_validation = any(monitor.startswith("val/") for monitor in monitored)  # the others are logged in training
        return [
            {
                "domain": use.domain,
                "dataset": use.source.dataset.name,
                "manifest_sha256": use.source.dataset.manifest_hash(use.split),
                "split": use.split,
                "monitor": ", ".join(monitored),
                "monitored_sha256": validated if of_validation else "",
                "validated_sha256": validated,
                "validated_dataset": "" if validation is None else validation.source.dataset.name,
                "validated_split": "" if validation is None else validation.split,
                "precision": str(self.trainer.precision),
            }
            for use in (use_of("train"), use_of("train_real"))
            if use is not None
        ]

    def settings(self) -> dict[str, Any]:
        """The constructor's arguments as plain values, enough to build the module again; a fingerprint for a path."""
        plain = {key: list(value) if isinstance(value, tuple) else value for key, value in self.hparams.items()}
        if "pretrained" in plain:
            plain |= {"pretrained": None, "pretrained_from": self.pretrained_from}
        return {key: value for key, value in plain.items() if not key.startswith("_")}
