"""The data that options describe, on this machine."""

import warnings
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from syrfa.errors import ConfigError, UserError, in_one_line
from syrfa.tubes.datamodule import TubeDataModule
from syrfa.utils.files import sha256_json
from syrfa.utils.parser import ArgumentParser


def open_data(options: dict[str, Any]) -> TubeDataModule:
    """The tubes that the options of a config's `data` describe; ConfigError where they describe none."""
    parser = ArgumentParser()
    parser.parser_mode = "omegaconf"
    parser.add_class_arguments(TubeDataModule, "data")
    try:
        data: TubeDataModule = parser.instantiate(parser.parse_object({"data": options})).data
    except UserError:
        raise
    except (TypeError, ValueError, LookupError, AttributeError, ImportError) as error:  # of a damaged run record
        raise ConfigError(f"the options of the data describe none: {in_one_line(error)}") from error
    return data


@dataclass(frozen=True)
class DataAtHand:
    """What config files describe of source and target."""

    files: Sequence[Path]
    options: Sequence[str]  # `--data.key=value` over the files
    generated: Collection[str]  # names of folders of worlds, which are generated where they are absent

    def copy_tested(self) -> str | None:
        """A hash of the videos, labels and boxes of the target's test split; None where they are not here."""
        try:
            target = self._open().domains["target"]
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of clips that are missing, which the table names
                known = target and [target.dataset.manifest_hash(target.test_split), target.detector.identity()]
        except (UserError, OSError, ImportError):
            return None
        return sha256_json(known) if known else None

    def check(self) -> None:
        """Raises DataNotFoundError, before hours of training, where a data set that is not generated has no videos."""
        for source in self._open().domains.values():
            if source and source.dataset.root.name not in self.generated:
                for split in (source.train_split, source.test_split):
                    source.dataset.videos(split)

    def _open(self) -> TubeDataModule:
        overrides = OmegaConf.from_dotlist([option[2:] for option in self.options])
        config = OmegaConf.merge({"data": {}}, *(OmegaConf.load(file) for file in self.files), overrides)
        content: Any = OmegaConf.to_container(config.data, resolve=True)
        return open_data(content)
