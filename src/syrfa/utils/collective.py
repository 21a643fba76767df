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
    """The value that each process gives, by rank, in memory of the CPU; every process of the group must call this."""
    if not (distributed.is_available() and distributed.is_initialized()):
        return [value]
    found = [value] * distributed.get_world_size(group)
    distributed.all_gather_object(found, value, group)
    return found
