"""What the processes of one run share out among themselves, and tell each other."""

from typing import Any, TypeVar

from torch import distributed

T = TypeVar("T")


def own_share(count: int) -> range:
    """Which of `count` things this process does; over all processes each is done once."""
    if distributed.is_available() and distributed.is_initialized():
        return range(distributed.get_rank(), count, distributed.get_world_size())
    return range(count)


def of_every_process(value: T, group: Any = None) -> list[T]:  # noqa: ANN401 - torch's process group has no common type
    """The value that each process gives, by rank; every process must call this, and each gets all of them.

    Args:
        value: of this process; held in memory of the CPU, whatever the backend gathers on.
        group: of the processes; all of them by default.
    """
    if not (distributed.is_available() and distributed.is_initialized()):
        return [value]
    found = [value] * distributed.get_world_size(group)
    distributed.all_gather_object(found, value, group)
    return found
