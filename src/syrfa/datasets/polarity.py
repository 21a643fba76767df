"""What 1 means in a vector of frame labels: decided by the published counts, or by the user, never by a guess."""

from pathlib import Path
from typing import Literal, NamedTuple

from syrfa.errors import LabelError

Meaning = Literal["abnormal", "normal"]


class Published(NamedTuple):
    """What was published of a test split.

    Attributes:
        frames: in all its videos.
        abnormal: how many of them are abnormal; more than one number where several annotations are published.
    """

    frames: int
    abnormal: tuple[int, ...]


class Polarity(NamedTuple):
    """What 1 means.

    Attributes:
        meaning: of a 1.
        reason: in words.
        surprising: whether it is the other way round than in the release, so that a user should hear of it.
    """

    meaning: Meaning
    reason: str
    surprising: bool = False


def decide_polarity(place: Path, ones: int, frames: int, published: Published, told: Meaning | None) -> Polarity:
    """What 1 means in the labels of a whole test split.

    Args:
        place: the file or folder of the labels.
        ones: how many labels are 1.
        frames: how many labels there are.
        published: the counts to compare them with.
        told: what the user says 1 means; nothing is compared then.

    Raises:
        LabelError: the counts are those of neither way round; the message names the option that settles it.
    """
    counted = f"{ones:,} of {frames:,} frames are 1"
    if told is not None:
        return Polarity(told, f"1 = {told}, as one_means says; {counted}")
    if frames == published.frames and ones in published.abnormal:
        return Polarity("abnormal", f"1 = abnormal, proved: {counted}, as published")
    if frames == published.frames and frames - ones in published.abnormal:
        reason = (
            f"1 = normal, so the labels are inverted, proved: {counted} and {frames - ones:,} abnormal were published"
        )
        return Polarity("normal", reason, surprising=True)
    known = " or ".join(f"{abnormal:,}" for abnormal in published.abnormal) or "an unknown number"
    raise LabelError(
        f"{place}: {counted}, and {known} of {published.frames:,} were published as abnormal; labels of another "
        "release, or shifted by a frame? To take them as they are, say what 1 means: one_means=abnormal or "
        "one_means=normal"
    )
