"""Stage 0, the jigsaw puzzles of [23] that the paper's network is pretrained on (docs/method.md)."""

from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.optim import Adam, Optimizer

from syrfa.errors import ConfigError
from syrfa.losses import (
    blank_border,
    draw_order,
    flip_some,
    is_static,
    jigsaw_losses,
    jigsaw_normality,
    keep_in_order,
    permute_frames,
    permute_patches,
)
from syrfa.models import Extractor, JigsawNetwork
from syrfa.models.jigsaw import PATCHES
from syrfa.modules.base import AnomalyModule, Batch, check_not_negative
from syrfa.modules.checkpoint import fingerprint, load_jigsaw
from syrfa.modules.steps import joint_batch, processes

Puzzles = tuple[Tensor, Tensor, Tensor]  # tubes; orders of the first half's frames; places of the rest's patches


class JigsawModule(AnomalyModule):
    """Learns to put permuted frames and permuted patches of normal tubes back; the defaults are the published ones.

    Of a batch's normal tubes the 1st, 3rd, ... become temporal puzzles and the 2nd, 4th, ... spatial ones. Which tube
    comes where is drawn anew for every batch.

    Args:
        width: channels of the extractor's first block; 32 is the published one.
        frames: T, frames in a tube; odd.
        size: side of the network's input in pixels; 64 is the published one.
        hidden: width of the heads' hidden layer.
        lr: Adam's learning rate.
        flip: probability that a tube is mirrored left to right before it becomes a puzzle.
        static_threshold: a tube none of whose values differs between first and last frame by this much, of 1, keeps
            the order of its frames, and the loss asks for that order. 0 permutes every tube.
        pretrained: a file to start from, or to score with: a published Jigsaw-VAD state dict or a checkpoint of this
            module. Not needed to continue or score a checkpoint.
        pretrained_from: name and SHA-256 of that file; filled in from `pretrained`, and kept in our checkpoints.
        seed: of the random choices in training.

    Raises:
        ConfigError: a setting is out of range.
        WeightsNotFoundError: `pretrained` is not there.
        CheckpointError: `pretrained` does not fit.
    """

    learns_from: ClassVar[tuple[str, ...]] = ("target", "source")
    learns_why: ClassVar[str] = "stage 0 learns from one domain"

    def __init__(
        self,
        width: int = 32,
        frames: int = 7,
        size: int = 64,
        hidden: int = 512,
        lr: float = 1e-4,
        flip: float = 0.5,
        static_threshold: float = 0.2,
        pretrained: str | None = None,
        pretrained_from: str | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__(seed)
        check_not_negative(lr=lr, static_threshold=static_threshold)
        if not 0 <= flip <= 1:
            raise ConfigError(f"model.init_args.flip={flip}: it is a probability, from 0 to 1")
        self.save_hyperparameters(logger=False)
        self.jigsaw = JigsawNetwork(Extractor(width, frames, size), hidden)
        self.pretrained_from = pretrained_from
        if pretrained:
            self.trained_on = load_jigsaw(pretrained, self.jigsaw)
            self.pretrained_from = fingerprint(pretrained)
        self.lr, self.flip, self.static_threshold = lr, flip, static_threshold

    @classmethod
    def complete(cls, settings: dict[str, Any]) -> bool:
        """See `AnomalyModule.complete`."""
        return bool(settings.get("pretrained"))

    @property
    def extractor(self) -> Extractor:
        """f_theta."""
        return self.jigsaw.extractor

    def setup(self, stage: str) -> None:
        """See `AnomalyModule.setup`; also refuses batches without groups of normal tubes."""
        super().setup(stage)
        data = getattr(self.trainer, "datamodule", None)
        labelled = getattr(data, "train_on", None) == "source" and getattr(data, "class_balance", None) == "natural"
        if stage == "fit" and labelled:
            raise ConfigError(
                "data.class_balance=natural: stage 0 learns from normal tubes alone; set data.class_balance to equal"
            )

    def score(self, tubes: Tensor) -> Tensor:
        """Object scores: 1 - normality, float32 (B,) in [0, 1], of uint8 tubes; see `jigsaw_normality`."""
        temporal, spatial = self.jigsaw(blank_border(self.to_input(tubes)))
        return 1 - jigsaw_normality(temporal.float(), spatial.float())

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """The sum of both puzzles' cross-entropies on normal tubes."""
        del batch_idx
        x, order, places = self._puzzles(batch["normal"])
        temporal, spatial = self.jigsaw(x, self._dropout(x))
        l_temporal, l_spatial = jigsaw_losses(temporal[: len(order)], order, spatial[len(order) :], places)
        self.log_dict({"train/temporal": l_temporal, "train/spatial": l_spatial}, prog_bar=True)
        return l_temporal + l_spatial

    def _puzzles(self, tubes: Tensor) -> Puzzles:
        """Temporal puzzles, then spatial ones."""
        if len(tubes) < 2:
            raise ConfigError("data.batch_size=1: stage 0 needs a temporal and a spatial puzzle; give at least 2")
        if len(tubes) % 2 and processes() > 1:
            raise ConfigError(
                f"data.batch_size={len(tubes)}: with several processes stage 0 needs as many temporal "
                "as spatial puzzles in each; give an even number"
            )
        x, joint = self.to_input(tubes), joint_batch(len(tubes))
        x = flip_some(x, joint.part(torch.rand(joint.size, device=x.device)) < self.flip)
        in_time, in_space = blank_border(x[::2]), x[1::2]
        static = is_static(in_time, self.static_threshold)
        order = keep_in_order(joint.part(draw_order(joint.size, x.shape[2], x.device))[::2], static)
        places = joint.part(draw_order(joint.size, PATCHES, x.device))[1::2]
        self.log("train/static", static.float().mean())
        return torch.cat([permute_frames(in_time, order), permute_patches(in_space, places)]), order, places

    def _dropout(self, x: Tensor) -> Tensor | None:
        """This process' part of the dropout mask of the joint batch, in the order of `_puzzles`."""
        joint = joint_batch(len(x))
        mask = self.extractor.neck.draw_mask(joint.size, x)
        if mask is None:
            return None
        tubes = torch.arange(joint.size, device=x.device)
        by_tube = torch.empty_like(mask)
        by_tube[torch.cat([tubes[::2], tubes[1::2]])] = mask
        mine = joint.part(by_tube)
        return torch.cat([mine[::2], mine[1::2]])

    def configure_optimizers(self) -> Optimizer:
        """Adam on everything."""
        return Adam(self.jigsaw.parameters(), lr=self.lr, betas=(0.9, 0.999))
