"""The comparison of the paper's Table 5: features aligned by a gradient reversal layer alone."""

from typing import ClassVar, cast

from torch import Tensor
from torch.optim import Adam, Optimizer

from syrfa.losses import classification_loss, domain_accuracy, domain_loss, reversal_coefficient
from syrfa.models import (
    Classifier,
    DomainClassifier,
    Extractor,
    GradientReversal,
    JointBatch,
    StyleAugmentation,
    TwoStreamExtractor,
)
from syrfa.models.style import SensorAugmentation, StyleMix, StyleStats
from syrfa.modules.base import AnomalyModule, Batch, check_not_negative
from syrfa.modules.checkpoint import fingerprint, load_extractor
from syrfa.modules.steps import RateSchedule, joint_batch, labelled_tubes, progress, rate_factor


class GradientReversalModule(AnomalyModule):
    """Phase 1 with a domain classifier in place of L_cont and L_aux; there is no phase 2.

    Classifier and domain classifier descend their losses; the extractor descends L_cls and ascends the domain loss.
    Batches are those of `data.train_on: both`; of the target's tubes only the domain is used.

    The paper gives this method one sentence (section IV-D4) without a coefficient, domain classifier or weight; the
    defaults are those of Ganin and Lempitsky (2015).

    Args:
        width: channels of the extractor's first block; 32 is the paper's.
        frames: T, frames in a tube; odd.
        size: side of the network's input in pixels; stored tubes of another size are resampled. 64 is the paper's.
        alpha: of the reversal's coefficient, see `reversal_coefficient`; final from the start on a run without an end.
        lambda_domain: weight of the domain loss.
        domain_depth: hidden layers of the domain classifier; 0 makes it linear.
        domain_hidden: units of each of them.
        lr: Adam's learning rate, for all parameters.
        lr_schedule: `cosine` lets `lr` fall to 0 over the run; the paper names no schedule.
        style_blocks: blocks behind which the augmented stream is restyled.
        style_mix: `swap` or `beta`.
        style_stats: `spatiotemporal` or `spatial`.
        style_one_of: restyle behind one of the blocks, drawn each step.
        style_alpha: parameter of the Beta distribution of `style_mix: beta`.
        augment: also flip, gamma, blur and noise (`SensorAugmentation`), on the tubes of both domains.
        pretrained: a file with the extractor to start from, as in `SynthKnowledgeModule`.
        pretrained_from: name and SHA-256 of that file; filled in from `pretrained`, and kept in our checkpoints.
        seed: of the random choices in training.

    Raises:
        ConfigError: a setting is out of range.
        WeightsNotFoundError: `pretrained` is not there.
        CheckpointError: `pretrained` does not fit.
    """

    learns_from: ClassVar[tuple[str, ...]] = ("both",)
    learns_why: ClassVar[str] = "gradient reversal compares the domains"
    network: TwoStreamExtractor
    classifier: Classifier

    def __init__(
        self,
        width: int = 32,
        frames: int = 7,
        size: int = 64,
        alpha: float = 10.0,
        lambda_domain: float = 1.0,
        domain_depth: int = 1,
        domain_hidden: int = 100,
        lr: float = 1e-5,
        lr_schedule: RateSchedule = "constant",
        style_blocks: tuple[int, ...] = (1, 2),
        style_mix: StyleMix = "swap",
        style_stats: StyleStats = "spatiotemporal",
        style_one_of: bool = False,
        style_alpha: float = 0.1,
        augment: bool = False,
        pretrained: str | None = None,
        pretrained_from: str | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__(seed)
        check_not_negative(alpha=alpha, lambda_domain=lambda_domain, lr=lr)
        self.save_hyperparameters(logger=False)
        style = StyleAugmentation(style_blocks, style_mix, style_stats, style_one_of, style_alpha)
        self.network = TwoStreamExtractor(Extractor(width, frames, size), style)
        self.pretrained_from = pretrained_from
        if pretrained:
            self.trained_on = load_extractor(pretrained, self.extractor)
            self.pretrained_from = fingerprint(pretrained)
        features = self.extractor.features
        self.classifier = Classifier(features)
        self.reversal = GradientReversal()
        self.domain = DomainClassifier(features, domain_depth, domain_hidden)
        self.augmentation = SensorAugmentation() if augment else None
        self.alpha, self.lambda_domain = alpha, lambda_domain
        self.lr = lr
        self.lr_schedule: RateSchedule = lr_schedule

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """L_cls of the source (Eq. 4), and the domain loss on the clean features of both domains, reversed."""
        del batch_idx
        tubes, labels, joint = labelled_tubes(batch)
        # every random choice of the step, in this order: augmentation, style and dropout of the source; of the target
        # augmentation and dropout
        x = self._augment(self.to_input(tubes), joint)
        clean, augmented = self.network(x, self.network.draw(x, joint))
        joint = joint_batch(len(batch["real"]))
        real = self.network.clean(self._augment(self.to_input(batch["real"]), joint), joint)

        l_cls = classification_loss(self.classifier(clean), self.classifier(augmented), labels)
        coefficient = self._coefficient()
        source_logits, real_logits = (self.domain(self.reversal(o, coefficient)) for o in (clean, real))
        l_domain = domain_loss(source_logits, real_logits)
        self.log_dict({"train/cls": l_cls, "train/domain": l_domain}, prog_bar=True)
        self.log("train/reversal", coefficient)
        self.log("train/domain_accuracy", domain_accuracy(source_logits, real_logits))
        return l_cls + self.lambda_domain * l_domain

    def _augment(self, x: Tensor, joint: JointBatch) -> Tensor:
        return x if self.augmentation is None else cast(Tensor, self.augmentation(x, joint))

    def _coefficient(self) -> float:
        done = progress(self.trainer)
        return reversal_coefficient(1.0 if done is None else done, self.alpha)

    def on_before_optimizer_step(self, optimizer: Optimizer) -> None:
        """Sets the learning rate of this update."""
        for group in optimizer.param_groups:
            group["lr"] = self.lr * rate_factor(self.trainer, self.lr_schedule)

    def configure_optimizers(self) -> Optimizer:
        """One Adam for extractor, classifier and domain classifier."""
        return Adam(self.parameters(), lr=self.lr, betas=(0.9, 0.999))
