"""Phase 2, adaptation to the real domain with normal footage only (paper section III-B)."""

from dataclasses import asdict
from typing import Any, ClassVar

from torch import Tensor
from torch.optim import Adam, Optimizer

from syrfa.errors import CheckpointError, ConfigError, WeightsNotFoundError
from syrfa.models import Classifier, TwoStreamExtractor, adapter_movement, build_adapters
from syrfa.models.adapters import NO_ADAPTER
from syrfa.modules.base import OURS, AnomalyModule, Batch, check_not_negative
from syrfa.modules.checkpoint import build_module, checkpoint_settings, load_weights, read_checkpoint
from syrfa.modules.presets import ADAPTATION, Preset, choose
from syrfa.modules.synth_knowledge import SynthKnowledgeModule
from syrfa.utils.class_path import class_path


class RealAdaptModule(AnomalyModule):
    """Trains the adapters and the temporal head; extractor, classifier and consistency head stay as phase 1 left them.

    The extractor runs in eval mode throughout, so no dropout is active in phase 2 unless `adapt_dropout` asks for it.

    Args:
        knowledge_ckpt: the phase-1 checkpoint to start from, of `SynthKnowledgeModule` or a subclass of it. Not needed
            to continue or score a phase-2 checkpoint.
        preset: decides `adapter`, `adapter_args` and `adapt_dropout` where they are None: `paper` (RAP), or
            `released`, what the published script does (AP of five layers, dropout).
        adapter: `rap` (Eq. 16), `ap`, `none`, or the class path of an `Adapter`.
        adapter_args: arguments of the adapter, as `{depth: 5}` of an AP.
        adapt_dropout: keep the extractor's dropout while the adapters train; the paper does not say.
        lambda_cont: weight of L_cont (Eq. 19).
        lambda_aux: weight of L_aux.
        lr_adapter: Adam's learning rate for the adapters. At the paper's 1e-6 a weight moves about 1e-6 a step.
        lr_temporal: Adam's learning rate for the temporal head.
        train_consistency_head: also train f_c, the other reading of Eq. 17, with `lr_adapter`.
        train_temporal_head: train the temporal head; else L_aux reaches the adapters through the head of phase 1.
        score_with_adapters: let the score (Eq. 20) run through the adapters; else it is phase 1's. A verb that scores a
            checkpoint takes the configured value, not the stored one.
        knowledge: class and settings of the phase-1 module, `{class_path: ..., init_args: {...}}`; read from
            `knowledge_ckpt`, and kept in our checkpoints.
        seed: of the random choices in training.

    Raises:
        ConfigError: a setting is out of range.
        WeightsNotFoundError: `knowledge_ckpt` is not there.
        CheckpointError: `knowledge_ckpt` is not a phase-1 checkpoint.
    """

    scoring_settings: ClassVar[frozenset[str]] = frozenset({"score_with_adapters"})
    learns_from: ClassVar[tuple[str, ...]] = ("target",)
    learns_why: ClassVar[str] = "phase 2 adapts to the target"

    def __init__(
        self,
        knowledge_ckpt: str | None = None,
        preset: Preset = "paper",
        adapter: str | None = None,
        adapter_args: dict[str, Any] | None = None,
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
        origin = knowledge_ckpt or "the checkpoint"
        checkpoint = read_checkpoint(knowledge_ckpt) if knowledge_ckpt else None
        kind, settings = class_path(SynthKnowledgeModule), dict[str, Any]()
        if checkpoint:
            kind, settings = checkpoint_settings(checkpoint)
        elif knowledge:
            kind, settings = str(knowledge["class_path"]), dict(knowledge["init_args"])
        phase1 = build_module(kind, settings, origin)
        if not isinstance(phase1, SynthKnowledgeModule) or phase1.scores_through_adapters:
            raise CheckpointError(f"{origin} holds a {kind}; phase 2 starts from a SynthKnowledgeModule checkpoint")
        if checkpoint:
            load_weights(phase1, checkpoint, origin)
            self.trained_on = list(checkpoint[OURS]["trained_on"])
        self.has_weights = checkpoint is not None
        self.knowledge = {"class_path": kind, "init_args": phase1.settings()}
        phase1.network.adapters = build_adapters(
            self.options.adapter, phase1.extractor.block_shapes, **self.options.adapter_args
        )
        self.phase1 = phase1
        self.weights = (lambda_cont, lambda_aux)
        self.lr_adapter, self.lr_temporal = lr_adapter, lr_temporal
        # a weight that no loss reaches is frozen: DistributedDataParallel would wait for its gradient
        self.train_consistency_head = train_consistency_head and lambda_cont > 0
        self.train_temporal_head = train_temporal_head and lambda_aux > 0
        self.score_with_adapters = score_with_adapters
        self.phase1.requires_grad_(False)
        self.network.adapters.requires_grad_(True)
        self.phase1.consistency.requires_grad_(self.train_consistency_head)
        self.phase1.temporal.requires_grad_(self.train_temporal_head)
        self.train()

    @property
    def network(self) -> TwoStreamExtractor:
        """Phase 1's, with adapters."""
        return self.phase1.network

    @property
    def classifier(self) -> Classifier:
        """Phase 1's."""
        return self.phase1.classifier

    @classmethod
    def resolved(cls, settings: dict[str, Any]) -> dict[str, Any]:
        """See `AnomalyModule.resolved`."""
        return {**settings, **asdict(choose(ADAPTATION, settings))}

    @classmethod
    def complete(cls, settings: dict[str, Any]) -> bool:
        """See `AnomalyModule.complete`: phase 1's weights are all there is without an adapter, and only then."""
        return bool(settings.get("knowledge_ckpt")) and settings.get("adapter") == NO_ADAPTER

    def train(self, mode: bool = True) -> "RealAdaptModule":
        """Sets the mode of everything; the extractor, frozen, stays in eval mode unless its dropout is wanted."""
        super().train(mode)
        self.network.extractor.train(mode and self.options.adapt_dropout)
        return self

    def setup(self, stage: str) -> None:
        """See `AnomalyModule.setup`; also refuses a fit that would train nothing."""
        super().setup(stage)
        if stage == "fit" and not any(self.weights):
            raise ConfigError("model.init_args: lambda_cont and lambda_aux are both 0, so phase 2 would learn nothing")
        if stage == "fit" and not any(p.requires_grad for p in self.network.adapters.parameters()):
            raise ConfigError("adapter is 'none', so phase 2 has nothing to adapt; choose rap or ap, or test phase 1")

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Notes that a phase-2 checkpoint brings its own weights."""
        super().on_load_checkpoint(checkpoint)
        self.has_weights = True

    def on_fit_start(self) -> None:
        """Refuses weights that were never learnt; a checkpoint is loaded only after `setup`."""
        if not self.has_weights:
            raise WeightsNotFoundError(
                "a RealAdaptModule needs weights: set model.init_args.knowledge_ckpt to the phase-1 checkpoint, or "
                "--ckpt_path to a phase-2 one"
            )

    on_validation_start = on_test_start = on_predict_start = on_fit_start

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """L_phase2 = lambda_cont L_cont + lambda_aux L_aux on normal real tubes (Eq. 19)."""
        del batch_idx
        lambda_cont, lambda_aux = self.weights
        x, puzzle = self.to_input(batch["normal"]), self.to_input(batch["puzzle"])
        l_cont, l_aux = self.phase1.adaptation_terms(x, puzzle)
        self.log_dict({"train/cont": l_cont, "train/aux": l_aux}, prog_bar=True)
        self.log_dict({f"adapter/{k}": v for k, v in adapter_movement(self.network.adapters).items()})
        return lambda_cont * l_cont + lambda_aux * l_aux

    @property
    def scores_through_adapters(self) -> bool:
        """See `AnomalyModule.scores_through_adapters`."""
        return self.score_with_adapters and self.options.adapter != NO_ADAPTER

    def adapter_report(self) -> dict[str, Any]:
        """See `AnomalyModule.adapter_report`."""
        return {"name": self.options.adapter, "lr": self.lr_adapter, **adapter_movement(self.network.adapters)}

    def configure_optimizers(self) -> Optimizer:
        """Adam on the adapters and the temporal head (and f_c, if asked for)."""
        adapting = [*self.network.adapters.parameters()]
        if self.train_consistency_head:
            adapting += self.phase1.consistency.parameters()
        groups = [
            {"params": adapting, "lr": self.lr_adapter},
            {"params": list(self.phase1.temporal.parameters()), "lr": self.lr_temporal},
        ]
        return Adam(groups, betas=(0.9, 0.999))

    def settings(self) -> dict[str, Any]:
        """The constructor's arguments, with phase 1's settings in place of the path to its checkpoint."""
        return {**super().settings(), "knowledge_ckpt": None, "knowledge": self.knowledge}
