"""What a user can get wrong. Every error tells what is wrong, where, and how to fix it, on one line.

The command line turns a `UserError` into that line on stderr and exit code 2; any other exception is an internal
error (exit code 1).
"""


class UserError(Exception):
    """The input is wrong, not the program."""


class DataNotFoundError(UserError, FileNotFoundError):
    """A folder or file of a data set is missing."""


class VideoError(UserError, ValueError):
    """A video has no frames, is truncated, or cannot be decoded."""


class LabelError(UserError, ValueError):
    """Labels are malformed, or do not fit the video they belong to."""


class DetectionError(UserError, ValueError):
    """Boxes are malformed, lie outside the frame, or are missing for a whole split."""


class CacheError(UserError, RuntimeError):
    """A tube cache is stale, damaged, of another schema, or cannot be written."""


class WeightsNotFoundError(UserError, FileNotFoundError):
    """A detector's weights or a checkpoint are not at the given place."""


class CheckpointError(UserError, ValueError):
    """A checkpoint was made by something else, or with settings that do not fit."""


class ConfigError(UserError, ValueError):
    """A setting is unknown, out of range, or contradicts another."""


class EngineError(UserError, RuntimeError):
    """Worker processes died again and again, or a cluster cannot be reached."""


def in_one_line(error: Exception) -> str:
    """The text of an error, without the line breaks that a library put into it."""
    return " ".join(str(error).split())
