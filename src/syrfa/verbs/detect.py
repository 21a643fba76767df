"""`syrfa detect`: writes the boxes of a config's detector to a file."""

import time
from pathlib import Path

from syrfa.detection.box_file import read_boxes
from syrfa.engine import EngineName
from syrfa.errors import ConfigError
from syrfa.tubes.boxes import detect_split
from syrfa.tubes.datamodule import TubeDataModule
from syrfa.tubes.source import Domain
from syrfa.utils.text_table import text_table

_COLUMNS = ("dataset", "split", "videos", "frames", "boxes", "boxes/frame", "frames/s", "file")


def detect(
    data: TubeDataModule,
    out: Path,
    split: str | None = None,
    domain: Domain | None = None,
    engine: EngineName | None = None,
    workers: int | None = None,
    overwrite: bool = False,
) -> None:
    """Finds the objects of a data set and writes their boxes to a file, which FileDetector reads on any machine.

    Tubes cut from the file are the same to the byte as tubes cut with the detector. A killed run is resumed by the
    same command and has lost the videos it was at; a finished file is left as it is.

    Args:
        data: the `data` part of a config.
        out: the .npz file to write; `{split}` in it is replaced by the split.
        split: one split; those that the config uses when not given.
        domain: `source` or `target`; the one that the config describes, or the target where it describes both.
        engine: where videos are worked on, `local` processes or a `ray` cluster; `data.engine` by default.
        workers: videos at a time; `data.prepare_workers` by default.
        overwrite: replace a file of other boxes.

    Raises:
        UserError: data, weights or an existing file are not usable; the message says which.
    """
    domain = domain or ("source" if data.domains["target"] is None else "target")
    source = data.domains[domain]
    if source is None:
        raise ConfigError(f"the config describes no data.{domain}; add --config with a file that does")
    splits = [split] if split else [use.split for use in data.uses() if use.domain == domain]
    if out.suffix != ".npz":
        raise ConfigError(f"--out {out}: the file of boxes is an .npz; end its name like that")
    if len(splits) > 1 and "{split}" not in str(out):
        raise ConfigError(f"--out {out}: write {{split}} into it for the splits {', '.join(splits)}, or give --split")
    if workers is not None and workers < 1:
        raise ConfigError(f"workers {workers}: must be at least 1")
    rows = []
    for name in splits:
        path, place = Path(str(out).replace("{split}", name)), engine or data.engine
        start, processes = time.perf_counter(), workers or data.prepare_workers
        made = detect_split(source.dataset, name, source.detector, path, processes, overwrite=overwrite, engine=place)
        seconds = time.perf_counter() - start
        content = read_boxes(path)
        frames = sum(content.frames_per_video)
        rows.append(
            [
                source.dataset.name,
                name,
                f"{len(content.names):,}",
                f"{frames:,}",
                f"{len(content.boxes):,}",
                f"{len(content.boxes) / frames:.2f}",
                f"{frames / seconds:,.1f}" if made else "was there",
                str(path),
            ]
        )
    print(text_table(rows, _COLUMNS))
