"""Phase 2, adaptation to the real domain with normal footage only (paper section III-B)."""

import inspect
from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar

from torch import Tensor
from torch.optim import Adam, Optimizer

from syrfa.errors import CheckpointError, ConfigError, WeightsNotFoundError
from syrfa.models import (
    AdapterName,
    Classifier,
    ConsistencyHead,
    Extractor,
    StyleAugmentation,
    TemporalHead,
    TwoStreamExtractor,
    adapter_movement,
)
from syrfa.modules.base import AnomalyModule, Batch, check_not_negative, refuse_float16
from syrfa.modules.checkpoint import SETTINGS, checkpoint_settings, read_checkpoint
from syrfa.modules.presets import ADAPTATION, Preset, choose
from syrfa.modules.steps import adaptation_terms
from syrfa.modules.synth_knowledge import SynthKnowledgeModule
from syrfa.tubes.datamodule import TubeDataModule


class RealAdaptModule(AnomalyModule):
    """Trains the adapters and the temporal head; extractor, classifier and consistency head stay as phase 1 left them.

    The extractor runs in eval mode throughout, so no dropout is active in phase 2 unless `adapt_dropout` says so.

    Args:
        knowledge_ckpt: the phase-1 checkpoint to start from. Not needed to continue or score a phase-2 checkpoint.
        preset: decides `adapter`, `adapter_depth` and `adapt_dropout` where they are None: `paper` (RAP), or
            `released`, what the published script does (AP of five layers, dropout).
        adapter: `rap` (Eq. 16), `ap`, or `none`.
        adapter_depth: layers of an AP.
        adapt_dropout: keep the extractor's dropout while the adapters train; the paper does not say.
        lambda_cont: weight of L_cont (Eq. 19).
        lambda_aux: weight of L_aux.
        lr_adapter: Adam's learning rate for the adapters. At the paper's 1e-6 a weight moves about 1e-6 a step.
        lr_temporal: Adam's learning rate for the temporal head.
        train_consistency_head: also train f_c, the other reading of Eq. 17, with `lr_adapter`.
        train_temporal_head: train the temporal head; else L_aux reaches the adapters through the head of phase 1.
        score_with_adapters: let the score (Eq. 20) run through the adapters; else it is phase 1's. A verb that scores a
            checkpoint takes the configured value, not the stored one.
        knowledge: settings of the phase-1 module; read from `knowledge_ckpt`, and kept in our checkpoints.
        seed: of the random choices in training.

    Raises:
        WeightsNotFoundError: `knowledge_ckpt` is not there.
        CheckpointError: `knowledge_ckpt` is not a phase-1 checkpoint.
    """

    scoring_settings: ClassVar[frozenset[str]] = frozenset({"score_with_adapters"})

    def __init__(
        self,
        knowledge_ckpt: str | None = None,
        preset: Preset = "paper",
        adapter: AdapterName | None = None,
        adapter_depth: int | None = None,
        adapt_dropout: bool | None = None,
        lambda_cont: float = 1.0,
        lambda_aux: float = 0.05,
        lr_adapter: float = 1e-6,
        lr_temporal: float = 1e-6,
        train_consistency_head: bool = False,
        train_temporal_head: bool = True,
        score_with_adapters: bool = True,
        knowledge: dict[str, Any] | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__(seed)
        check_not_negative(lambda_cont=lambda_cont, lambda_aux=lambda_aux)
        check_not_negative(lr_adapter=lr_adapter, lr_temporal=lr_temporal)
        self.save_hyperparameters(logger=False)
        self.options = choose(ADAPTATION, self.hparams)
        self.hparams.update(asdict(self.options))
        checkpoint = _read_knowledge(knowledge_ckpt) if knowledge_ckpt else None
        if checkpoint:
            knowledge = checkpoint_settings(checkpoint)[1]
        self.has_weights = checkpoint is not None
        self.knowledge = _knowledge_settings(knowledge or {}, knowledge_ckpt or "the checkpoint")
        self._build()
        if checkpoint:
            self._load_knowledge(checkpoint["state_dict"], Path(str(knowledge_ckpt)))
            self.trained_on = list(checkpoint[SETTINGS]["trained_on"])
        self.weights = (lambda_cont, lambda_aux)
        self.lr_adapter, self.lr_temporal = lr_adapter, lr_temporal
        # a weight that no loss reaches is frozen: DistributedDataParallel would wait for its gradient
        self.train_consistency_head = train_consistency_head and lambda_cont > 0
        self.train_temporal_head = train_temporal_head and lambda_aux > 0
        self.score_with_adapters = score_with_adapters
        self._freeze()

    @classmethod
    def resolved(cls, settings: dict[str, Any]) -> dict[str, Any]:
        """See `AnomalyModule.resolved`."""
        return {**settings, **asdict(choose(ADAPTATION, settings))}

    @classmethod
    def complete(cls, settings: dict[str, Any]) -> bool:
        """See `AnomalyModule.complete`: phase 1's weights are all there is without an adapter, and only then."""
        return bool(settings.get("knowledge_ckpt")) and settings.get("adapter") == "none"

    def _build(self) -> None:
        """The phase-1 networks with adapters between the blocks."""
        past = self.knowledge
        style = StyleAugmentation(
            past["style_blocks"], past["style_mix"], past["style_stats"], past["style_one_of"], past["style_alpha"]
        )
        extractor = Extractor(past["width"], past["frames"], past["size"])
        self.network = TwoStreamExtractor(extractor, style, self.options.adapter, self.options.adapter_depth)
        self.classifier = Classifier(extractor.features)
        self.temporal = TemporalHead(extractor.features, extractor.frames)
        self.consistency = ConsistencyHead(
            extractor.features, past["consistency_depth"], past["consistency_bias"], past["consistency_relu"]
        )

    def _load_knowledge(self, weights: dict[str, Tensor], path: Path) -> None:
        """Loads every phase-1 weight; only the adapters may be absent."""
        weights = {name: value for name, value in weights.items() if name != "batches_seen"}
        try:
            missing, unexpected = self.load_state_dict(weights, strict=False)
        except RuntimeError as error:
            raise CheckpointError(
                f"{path} is damaged: its weights do not have the shapes that its settings say"
            ) from error
        missing = [name for name in missing if not name.startswith(("network.adapters.", "batches_seen"))]
        if missing or unexpected:
            raise CheckpointError(f"{path} does not fit a phase-1 module: missing {missing}, unexpected {unexpected}")

    def _freeze(self) -> None:
        self.network.extractor.train(self.options.adapt_dropout)  # the Trainer leaves modes as they are
        for part in (self.network.extractor, self.classifier, self.consistency):
            part.requires_grad_(False)
        self.consistency.requires_grad_(self.train_consistency_head)
        self.temporal.requires_grad_(self.train_temporal_head)

    def train(self, mode: bool = True) -> "RealAdaptModule":
        """Sets the mode of everything; the extractor, frozen, stays in eval mode unless its dropout is wanted."""
        super().train(mode)
        self.network.extractor.train(mode and self.options.adapt_dropout)
        return self

    def setup(self, stage: str) -> None:
        """Refuses float16, a fit that would train nothing, and one whose normal tubes are the source's."""
        if stage == "fit":
            refuse_float16(self.trainer.precision)
        if stage == "fit" and not any(self.weights):
            raise ConfigError("model.init_args: lambda_cont and lambda_aux are both 0, so phase 2 would learn nothing")
        if stage == "fit" and not any(p.requires_grad for p in self.network.adapters.parameters()):
            raise ConfigError("adapter is 'none', so phase 2 has nothing to adapt; choose rap or ap, or test phase 1")
        data = getattr(self.trainer, "datamodule", None)
        if stage == "fit" and isinstance(data, TubeDataModule) and data.stage_domain["train"] != "target":
            raise ConfigError(
                f"data.train_on={data.train_on}: phase 2 adapts to the target; set data.train_on to target"
            )

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Notes that a phase-2 checkpoint brings its own weights."""
        super().on_load_checkpoint(checkpoint)
        self.has_weights = True

    def on_fit_start(self) -> None:
        """Refuses to adapt weights that were never learnt; a checkpoint is loaded only after `setup`."""
        self._require_weights("fit")

    def on_validation_start(self) -> None:
        """Refuses to score weights that were never learnt."""
        self._require_weights("validate")

    def on_test_start(self) -> None:
        """See `on_validation_start`."""
        self._require_weights("test")

    def on_predict_start(self) -> None:
        """See `on_validation_start`."""
        self._require_weights("predict")

    def _require_weights(self, verb: str) -> None:
        if not self.has_weights:
            raise WeightsNotFoundError(
                f"{verb} of a RealAdaptModule needs weights: set model.init_args.knowledge_ckpt to the phase-1 "
                "checkpoint, or --ckpt_path to a phase-2 one"
            )

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """L_phase2 = lambda_cont L_cont + lambda_aux L_aux on normal real tubes (Eq. 19)."""
        del batch_idx
        lambda_cont, lambda_aux = self.weights
        x, puzzle = self.to_input(batch["normal"]), self.to_input(batch["puzzle"])
        norm, order = self.knowledge["consistency_norm"], self.knowledge["consistency_input"]
        l_cont, l_aux = adaptation_terms(self.network, self.consistency, self.temporal, x, puzzle, norm, order)
        self.log_dict({"train/cont": l_cont, "train/aux": l_aux}, prog_bar=True)
        self.log_dict({f"adapter/{k}": v for k, v in adapter_movement(self.network.adapters).items()})
        return lambda_cont * l_cont + lambda_aux * l_aux

    @property
    def scores_through_adapters(self) -> bool:
        """See `AnomalyModule.scores_through_adapters`."""
        return self.score_with_adapters and self.options.adapter != "none"

    def adapter_report(self) -> dict[str, Any]:
        """See `AnomalyModule.adapter_report`."""
        return {"name": self.options.adapter, "lr": self.lr_adapter, **adapter_movement(self.network.adapters)}

    def configure_optimizers(self) -> Optimizer:
        """Adam on the adapters and the temporal head (and f_c, if asked for)."""
        adapting = [*self.network.adapters.parameters()]
        if self.train_consistency_head:
            adapting += self.consistency.parameters()
        groups = [
            {"params": adapting, "lr": self.lr_adapter},
            {"params": list(self.temporal.parameters()), "lr": self.lr_temporal},
        ]
        return Adam(groups, betas=(0.9, 0.999))

    def settings(self) -> dict[str, Any]:
        """The constructor's arguments, with phase 1's settings in place of the path to its checkpoint."""
        return {**super().settings(), "knowledge_ckpt": None, "knowledge": self.knowledge}


def _read_knowledge(path: str) -> dict[str, Any]:
    checkpoint = read_checkpoint(path)
    name, _ = checkpoint_settings(checkpoint)
    if name != SynthKnowledgeModule.__name__:
        raise CheckpointError(f"{path} holds a {name}; phase 2 starts from a SynthKnowledgeModule checkpoint")
    return checkpoint


def _knowledge_settings(given: dict[str, Any], origin: str) -> dict[str, Any]:
    """Phase 1's settings as plain values: those given, and its defaults.

    No SynthKnowledgeModule is built to ask for them: within another module's constructor Lightning would mix the
    outer module's arguments into its settings.
    """
    settings = {name: argument.default for name, argument in inspect.signature(SynthKnowledgeModule).parameters.items()}
    unknown = sorted(given.keys() - settings.keys())
    if unknown:
        raise CheckpointError(
            f"{origin} was written by another version of syrfa: phase 1 has no setting {', '.join(unknown)}"
        )
    return SynthKnowledgeModule.resolved({**settings, **given})
