"""`syrfa prepare`: builds the tube caches that a config names."""

import time

from syrfa.engine import EngineName
from syrfa.tubes.cache import MANIFEST, TubeCache
from syrfa.tubes.datamodule import TubeDataModule
from syrfa.utils.text_table import Cell, text_table

_COLUMNS = ("dataset", "split", "videos", "frames", "tubes", "kept", "bytes/tube", "tubes/s", "folder")


def prepare(
    data: TubeDataModule, verify: bool = False, engine: EngineName | None = None, workers: int | None = None
) -> None:
    """Builds, or goes on building, every cache of the config and prints one line for each.

    Args:
        data: the `data` part of a config.
        verify: also compare every byte of caches that exist with the hashes in their manifests.
        engine: where videos are worked on, `local` processes or a `ray` cluster; `data.engine` by default.
        workers: videos at a time; `data.prepare_workers` by default.

    Raises:
        UserError: data, labels, boxes or an existing cache are not usable; the message says which.
    """
    data.engine = engine or data.engine
    data.prepare_workers = data.prepare_workers if workers is None else workers
    rows: list[list[Cell]] = []
    for use in data.uses():
        folder = data.folder(use)
        existed = (folder / MANIFEST).exists()
        start = time.perf_counter()
        cache = data.build(use)
        seconds = time.perf_counter() - start
        if verify:
            TubeCache.open(folder, verify=True)
        rows.append(
            [
                use.source.dataset.name,
                use.split,
                f"{len(cache.video_infos):,}",
                f"{cache.manifest['frames']:,}",
                f"{len(cache):,}",
                f"{len(cache.select(use.source.filter)):,}",
                f"{cache.manifest['bytes'] / len(cache):,.0f}",
                "was there" if existed else f"{len(cache) / seconds:,.0f}",
                str(folder),
            ]
        )
    print(text_table(rows, _COLUMNS))
