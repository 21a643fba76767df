"""Phase 1, learning on synthetic knowledge (paper section III-A)."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, ClassVar, cast

import torch
from lightning.pytorch.core.optimizer import LightningOptimizer
from torch import Tensor
from torch.nn import functional as F
from torch.optim import Adam, Optimizer

from syrfa.errors import ConfigError
from syrfa.losses import (
    classification_loss,
    consistency_head_gradient,
    consistency_loss,
    difference_jvp,
    gradient_cosine,
    stream_difference,
)
from syrfa.losses.alignment import AlignOver, Normalise
from syrfa.losses.objectives import ConsistencyInput, ConsistencyNorm
from syrfa.models import (
    Classifier,
    ConsistencyHead,
    Extractor,
    JointBatch,
    StreamDraw,
    StyleAugmentation,
    TemporalHead,
    Trace,
    TwoStreamExtractor,
)
from syrfa.models.style import SensorAugmentation, StyleMix, StyleStats
from syrfa.modules.base import AnomalyModule, Batch, check_not_negative
from syrfa.modules.checkpoint import fingerprint, load_extractor
from syrfa.modules.presets import KNOWLEDGE, Preset, choose
from syrfa.modules.steps import RateSchedule, average_over_ranks, joint_batch, labelled_tubes, puzzle_term, rate_factor

Term = tuple[float, Tensor, list[Tensor]]  # weight, loss, the parameters it depends on
Supervised = tuple[Tensor, Tensor, Tensor]  # what f_c scales, L_cls, L_cont


class SynthKnowledgeModule(AnomalyModule):
    """Learns extractor, classifier and heads on labelled synthetic tubes; the defaults are the paper's.

    Options that default to None are those in which the paper's text and the published script differ: one that is given
    wins over the `preset` (see `syrfa.modules.presets`).

    Args:
        width: channels of the extractor's first block; 32 is the paper's.
        frames: T, frames in a tube; odd.
        size: side of the network's input in pixels; stored tubes of another size are resampled. 64 is the paper's.
        lambda_cls: weight of L_cls (Eq. 18).
        lambda_cont: weight of L_cont.
        lambda_aux: weight of L_aux.
        lr: Adam's learning rate for extractor, classifier and temporal head.
        lr_consistency: Adam's learning rate for the consistency head.
        lr_schedule: `cosine` lets `lr` fall to 0 over the run; the paper names no schedule.
        preset: `paper`, the literal reading of its text, or `released`, what the published script does.
        style_blocks: blocks behind which the augmented stream is restyled.
        style_mix: `swap` or `beta`.
        style_stats: `spatiotemporal` or `spatial`.
        style_one_of: restyle behind one of the blocks, drawn each step.
        style_alpha: parameter of the Beta distribution of `style_mix: beta`.
        consistency_depth: layers of f_c.
        consistency_bias: give f_c an offset.
        consistency_relu: put a ReLU between f_c's layers.
        consistency_norm: `l2` or `mse` (Eq. 5).
        consistency_input: what f_c scales: `clean_minus_restyled` (O - O') or `restyled_minus_clean`.
        normalise: `unit`, `standardise` or `standardise_fixed`: how the gradients of Eq. 8 are normalised.
        align_over: the part of theta whose gradients are aligned: all of the `extractor`, or its `last_block`, which
            is what makes O of O_2 (Eq. 3): block 3 and the neck.
        recompute: take the gradients of Eq. 6-8 anew after the update of theta, from a second forward pass.
        train_temporal_head: let phase 1 train the temporal head too; else L_aux reaches only theta, through the head as
            it was initialised.
        align_every: take the alignment step every so many batches; 0 never. A batch without it needs one backward pass
            instead of three and no forward-mode pass.
        augment: also flip, gamma, blur and noise (`SensorAugmentation`); the paper names none.
        clean_only: train on the clean stream alone, L_cls = CE(f_phi(O), y), in half the time: what remains of phase 1
            without the paper's style augmentation. Needs `lambda_cont` 0 and `align_every` 0.
        pretrained: a file with the extractor to start from, as the paper does: a published Jigsaw-VAD state dict or a
            checkpoint of `JigsawModule`. None starts from random weights.
        pretrained_from: name and SHA-256 of that file; filled in from `pretrained`, and kept in our checkpoints.
        seed: of the random choices in training.

    Raises:
        ConfigError: a setting is out of range.
        WeightsNotFoundError: `pretrained` is not there.
        CheckpointError: `pretrained` does not fit.
    """

    learns_from: ClassVar[tuple[str, ...]] = ("source",)
    learns_why: ClassVar[str] = "phase 1 learns from labels, and from nothing else"
    network: TwoStreamExtractor
    classifier: Classifier

    def __init__(
        self,
        width: int = 32,
        frames: int = 7,
        size: int = 64,
        lambda_cls: float = 1.0,
        lambda_cont: float = 1.0,
        lambda_aux: float = 0.05,
        lr: float = 1e-5,
        lr_consistency: float = 1e-6,
        lr_schedule: RateSchedule = "constant",
        preset: Preset = "paper",
        style_blocks: tuple[int, ...] | None = None,
        style_mix: StyleMix | None = None,
        style_stats: StyleStats | None = None,
        style_one_of: bool | None = None,
        style_alpha: float = 0.1,
        consistency_depth: int | None = None,
        consistency_bias: bool | None = None,
        consistency_relu: bool | None = None,
        consistency_norm: ConsistencyNorm | None = None,
        consistency_input: ConsistencyInput | None = None,
        normalise: Normalise | None = None,
        align_over: AlignOver | None = None,
        recompute: bool | None = None,
        train_temporal_head: bool | None = None,
        align_every: int = 1,
        augment: bool = False,
        clean_only: bool = False,
        pretrained: str | None = None,
        pretrained_from: str | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__(seed)
        check_not_negative(lambda_cls=lambda_cls, lambda_cont=lambda_cont, lambda_aux=lambda_aux)
        check_not_negative(lr=lr, lr_consistency=lr_consistency, align_every=align_every)
        if clean_only and (lambda_cont or align_every):
            raise ConfigError(
                f"clean_only with lambda_cont={lambda_cont} and align_every={align_every}: "
                "there is no restyled stream to agree with; set both to 0"
            )
        self.save_hyperparameters(logger=False)
        self.preset: Preset = preset
        self.options = options = choose(KNOWLEDGE, self.hparams)
        self.hparams.update(asdict(options))
        self.automatic_optimization = False
        style = StyleAugmentation(
            options.style_blocks, options.style_mix, options.style_stats, options.style_one_of, style_alpha
        )
        self.network = TwoStreamExtractor(Extractor(width, frames, size), style)
        self.pretrained_from = pretrained_from
        if pretrained:
            self.trained_on = load_extractor(pretrained, self.extractor)
            self.pretrained_from = fingerprint(pretrained)
        features = self.extractor.features
        self.classifier = Classifier(features)
        self.temporal = TemporalHead(features, frames)
        self.consistency = ConsistencyHead(
            features, options.consistency_depth, options.consistency_bias, options.consistency_relu
        )
        self.augmentation = SensorAugmentation() if augment else None
        self.weights = (lambda_cls, lambda_cont, lambda_aux)
        self.lr, self.lr_consistency = lr, lr_consistency
        self.lr_schedule: RateSchedule = lr_schedule
        self.align_every = align_every
        self.clean_only = clean_only

    @classmethod
    def resolved(cls, settings: dict[str, Any]) -> dict[str, Any]:
        """See `AnomalyModule.resolved`."""
        options = asdict(choose(KNOWLEDGE, settings))
        return {**settings, **options, "style_blocks": list(options["style_blocks"])}

    def classification_loss(self, logits: Tensor, augmented_logits: Tensor, labels: Tensor) -> Tensor:
        """L_cls of both streams (Eq. 4); a subclass may override it."""
        return classification_loss(logits, augmented_logits, labels)

    def consistency_loss(self, scaled_difference: Tensor) -> Tensor:
        """L_cont of f_c(O - O'), (B, features) (Eq. 5); overridden, it holds for the alignment and phase 2 too."""
        return consistency_loss(scaled_difference, self.options.consistency_norm)

    def training_step(self, batch: Batch, batch_idx: int) -> None:
        """One forward pass; the gradients; the update of theta, phi and f_t; the alignment step of f_c."""
        del batch_idx  # it starts again with every epoch; global_step does not
        lambda_cls, lambda_cont, lambda_aux = self.weights
        tubes, labels, joint = labelled_tubes(batch)
        x = self._augment(self.to_input(tubes), joint)
        theta: list[Tensor] = [*self.extractor.parameters()]
        phi, f_t = [*self.classifier.parameters()], [*self.temporal.parameters()]
        if not self.options.train_temporal_head:
            f_t = []
        aligning = bool(self.align_every) and self.global_step % self.align_every == 0
        trace = Trace() if aligning and not self.options.recompute else None

        terms: dict[str, Term] = {}  # Eq. 18
        if self.clean_only:
            logits = self.classifier(self.network.clean(x, joint, adapted=False))
            terms["cls"] = (lambda_cls, F.cross_entropy(logits, labels), [*theta, *phi])
        else:
            draw = self.network.draw(x, joint, adapted=False)
            difference, l_cls, l_cont = self._supervised(x, draw, labels, trace)
            terms["cls"], terms["cont"] = (lambda_cls, l_cls, [*theta, *phi]), (lambda_cont, l_cont, theta)
        if lambda_aux:
            puzzle = self._augment(self.to_input(batch["puzzle"]), joint_batch(len(batch["puzzle"])))
            l_aux = puzzle_term(self.network, self.temporal, puzzle, adapted=False)  # Eq. 9
            terms["aux"] = (lambda_aux, l_aux, [*theta, *f_t])

        for parameter in (*theta, *phi, *f_t):
            parameter.grad = None
        if trace is not None:
            g_cls, g_sub = self._apart([*terms.values()])
            self._align(x, draw, trace, difference, g_cls, g_sub)
        else:
            self._together([*terms.values()])
        self._update()
        if aligning and self.options.recompute:
            self._align_again(x, labels, joint)
        self.log_dict({f"train/{name}": loss.detach() for name, (_, loss, _) in terms.items()}, prog_bar=True)

    def _augment(self, x: Tensor, joint: JointBatch) -> Tensor:
        return x if self.augmentation is None else cast(Tensor, self.augmentation(x, joint))

    def _supervised(self, x: Tensor, draw: StreamDraw, labels: Tensor, trace: Trace | None = None) -> Supervised:
        """The forward pass of both streams (Eq. 1-3): what f_c scales, and what it costs (Eq. 4 and 5)."""
        clean, augmented = self.network(x, draw, trace)
        l_cls = self.classification_loss(self.classifier(clean), self.classifier(augmented), labels)
        difference = stream_difference(clean, augmented, self.options.consistency_input)
        return difference, l_cls, self.consistency_loss(self.consistency(difference))

    def adaptation_terms(self, x: Tensor, puzzle: Tensor) -> tuple[Tensor, Tensor]:
        """L_cont and L_aux of phase 2, on normal real tubes, through the adapters (Eq. 12-15 and 19)."""
        clean, augmented = self.network(x, self.network.draw(x, joint_batch(len(x))))
        order = self.options.consistency_input
        l_cont = self.consistency_loss(self.consistency(stream_difference(clean, augmented, order)))
        return l_cont, puzzle_term(self.network, self.temporal, puzzle, adapted=True)

    @staticmethod
    def _apart(terms: list[Term]) -> tuple[list[Tensor], list[Tensor]]:
        """The gradients of L_cls (Eq. 6) and of L_cont (Eq. 7); the weighted sum of all is left in `.grad`."""
        found: list[list[Tensor]] = []
        for weight, loss, parameters in terms:
            # the first two share a graph; the puzzle has one of its own
            gradients = average_over_ranks(torch.autograd.grad(loss, parameters, retain_graph=not found))
            found.append(gradients)
            for parameter, gradient in zip(parameters, gradients, strict=True):
                scaled = weight * gradient
                parameter.grad = scaled if parameter.grad is None else parameter.grad + scaled
        return found[0], found[1]

    @staticmethod
    def _together(terms: list[Term]) -> None:
        """One backward pass of the weighted sum; its gradient is left in `.grad`."""
        parameters = list(dict.fromkeys(parameter for _, _, own in terms for parameter in own))
        total = sum(weight * loss for weight, loss, _ in terms)
        gradients = average_over_ranks(torch.autograd.grad(cast(Tensor, total), parameters))
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.grad = gradient

    def _aligned(self) -> slice:
        """Which of the extractor's parameters the alignment compares gradients of."""
        if self.options.align_over == "extractor":
            return slice(None)
        return slice(sum(1 for block in self.extractor.blocks[:2] for _ in block.parameters()), None)

    def _align(
        self,
        x: Tensor,
        draw: StreamDraw,
        trace: Trace,
        difference: Tensor,
        g_cls: Sequence[Tensor],
        g_sub: Sequence[Tensor],
    ) -> None:
        """The alignment step: Adam on f_c along the gradient of L_c (Eq. 8 and 11).

        All arguments are of one pass; `g_cls` may go on behind theta.
        """
        aligned, count = self._aligned(), len(g_sub)
        names = [f"extractor.{name}" for name, _ in self.extractor.named_parameters()][aligned]
        loss, gradients = consistency_head_gradient(
            self.consistency,
            difference,
            lambda u: difference_jvp(self.network, names, x, draw, u, trace, self.options.consistency_input),
            g_cls[:count][aligned],
            g_sub[aligned],
            self.options.normalise,
            self.consistency_loss,
        )
        for parameter, gradient in zip(self.consistency.parameters(), average_over_ranks(gradients), strict=True):
            parameter.grad = gradient
        # the bare optimiser: Lightning's wrapper would count this as a second global step of the same batch
        self._optimisers()[1].optimizer.step()
        self.log("train/align", loss)
        self.log("train/gradient_cosine", gradient_cosine(g_cls[:count][aligned], g_sub[aligned]))

    def _align_again(self, x: Tensor, labels: Tensor, joint: JointBatch) -> None:
        """The alignment step at the updated theta, from a forward pass with choices of its own."""
        draw = self.network.draw(x, joint, adapted=False)
        trace = Trace()
        difference, l_cls, l_cont = self._supervised(x, draw, labels, trace)
        theta = [*self.extractor.parameters()]
        g_cls = average_over_ranks(torch.autograd.grad(l_cls, theta, retain_graph=True))
        g_sub = average_over_ranks(torch.autograd.grad(l_cont, theta))
        self._align(x, draw, trace, difference, g_cls, g_sub)

    def _update(self) -> None:
        """Adam on theta, phi and f_t along `.grad`."""
        knowledge = self._optimisers()[0]
        for group in knowledge.param_groups:
            group["lr"] = self.lr * rate_factor(self.trainer, self.lr_schedule)
        knowledge.step()

    def _optimisers(self) -> list[LightningOptimizer]:
        return cast(list[LightningOptimizer], self.optimizers())

    def configure_optimizers(self) -> list[Optimizer]:
        """Two Adams: one for theta, phi and f_t, one for f_c."""
        knowledge = [*self.extractor.parameters(), *self.classifier.parameters()]
        if self.options.train_temporal_head:
            knowledge += self.temporal.parameters()
        return [
            Adam(knowledge, lr=self.lr, betas=(0.9, 0.999)),
            Adam(self.consistency.parameters(), lr=self.lr_consistency, betas=(0.9, 0.999)),
        ]

    def settings(self) -> dict[str, Any]:
        """See `AnomalyModule.settings`; the preset's options are written out."""
        return self.resolved(super().settings())
