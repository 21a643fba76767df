"""Which tubes a training batch is drawn from."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from syrfa.errors import LabelError
from syrfa.tubes.batches import Group
from syrfa.tubes.cache import TubeCache
from syrfa.tubes.labels import ABNORMAL, NORMAL
from syrfa.tubes.spec import TubeFilter

ClassBalance = Literal["equal", "natural"]


def labelled_groups(cache: TubeCache, rule: TubeFilter, balance: ClassBalance) -> dict[str, Group]:
    """Groups of a split whose labels are known; `puzzle` holds normal tubes, and stands last.

    Args:
        cache: of the split.
        rule: which tubes are used, and what makes one abnormal. A tube of unknown label is never drawn.
        balance: `equal` gives `normal` and `abnormal`, equally many; `natural` gives `labelled`, twice as many tubes,
            both kinds as often as they occur.

    Raises:
        LabelError: there is no normal or no abnormal tube.
    """
    rows = cache.select(rule)
    labels = cache.labels(rows, rule)
    normal, abnormal = rows[labels == NORMAL], rows[labels == ABNORMAL]
    _check(normal, "normal ", cache)
    _check(abnormal, "abnormal ", cache)
    puzzle = {"puzzle": Group(cache, normal)}
    if balance == "natural":
        known = rows[(labels == NORMAL) | (labels == ABNORMAL)]
        return {"labelled": Group(cache, known, share=2, label_rule=rule), **puzzle}
    return {"normal": Group(cache, normal), "abnormal": Group(cache, abnormal), **puzzle}


def normal_groups(cache: TubeCache, rule: TubeFilter, name: str, puzzle: str) -> dict[str, Group]:
    """Groups of a split that is normal by definition, so that no label is looked at.

    Args:
        cache: of the split.
        rule: which tubes are used.
        name: of the group of tubes as they are.
        puzzle: of the group to permute.

    Raises:
        LabelError: no tube is used.
    """
    rows = cache.select(rule)
    _check(rows, "", cache)
    return {name: Group(cache, rows), puzzle: Group(cache, rows)}


def _check(rows: NDArray[np.int64], kind: str, cache: TubeCache) -> None:
    if len(rows) == 0:
        raise LabelError(
            f"{cache.folder}: none of {len(cache)} tubes is a usable {kind}one to train on; check the tracks and "
            "masks of the data set, and data.*.filter"
        )
