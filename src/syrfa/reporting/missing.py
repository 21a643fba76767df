"""What of a data set's files is not there, so that its runs cannot be made."""

import re
import warnings
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from syrfa import datasets
from syrfa.datasets import VideoDataset
from syrfa.errors import UserError
from syrfa.reporting.spec import DataSetSpec

_VARIABLE = re.compile(r"\$\{oc\.env:(\w+),[^}]*\}")


def missing_data(dataset: DataSetSpec, root: Path) -> str | None:
    """What is missing, as `no training videos in $SYRFA_DATA/Avenue`; None where all is there.

    Worlds that are generated are not looked for. Places are named as the config file has them.

    Args:
        dataset: as in `tables.yaml`.
        root: the folder that its file names start from.
    """
    config = OmegaConf.merge(*(OmegaConf.load(root / file) for file in dataset.data))
    found: list[str] = []
    for domain in ("source", "target"):
        part = OmegaConf.select(config, f"data.{domain}")
        if part is not None and Path(part.dataset.init_args.root).name not in dataset.worlds:
            found += [*_videos(part, dataset.title), *_boxes(part)]
    return "; ".join(found) or None


def _videos(part: DictConfig, title: str) -> list[str]:
    """Videos of both splits, and the labels of the test split."""
    place = _place(part.dataset.init_args, "root")
    arguments: Any = OmegaConf.to_container(part.dataset.init_args, resolve=True)
    reader: VideoDataset = getattr(datasets, part.dataset.class_path.rsplit(".", 1)[-1])(**arguments)
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the very clips that are counted here
        for split, words in (("train", "training"), ("test", "test")):
            released = reader.videos_released(split)
            try:
                records = reader.videos(split)
            except UserError:
                found.append(f"no {words} videos of {title} in {place}")
                continue
            if released is not None and len(records) < released:
                found.append(f"{released - len(records)} of {released} {words} videos of {title} are missing")
            elif split == "test":
                try:
                    reader.frame_labels(records[0])
                except UserError:
                    found.append(f"no labels of the test videos of {title} in {place}")
    return found


def _boxes(part: DictConfig) -> list[str]:
    """Box files and weights that the detector is given."""
    arguments = part.detector.get("init_args", {})
    found = []
    for key, what in (("path", "boxes"), ("weights", "detector weights")):
        if key in arguments:
            files = {str(arguments[key]).replace("{split}", split) for split in ("train", "test")}
            if not all(Path(file).exists() for file in files):
                found.append(f"no {what} at {_place(arguments, key)}")
    return found


def _place(arguments: DictConfig, key: str) -> str:
    """A path as the config file has it, `$NAME` for a variable of the environment: the same text on every machine."""
    plain: Any = OmegaConf.to_container(arguments, resolve=False)
    return _VARIABLE.sub(lambda match: f"${match[1]}", str(plain[key]))
