"""What is published of every data set: counts, terms, citation, and where it is to be had.

Counts are the authors' own, or counted on released label files. The SHA-256 of an archive is what two unrelated
projects that downloaded it report; nobody recomputed it for this file.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources

from syrfa.datasets import Avenue, ShanghaiTech, UBnormal, UCSDPed1, UCSDPed2, VideoDataset, VideoFolder
from syrfa.datasets.released import ReleasedDataset
from syrfa.datasets.ucsd import UCSD


@dataclass(frozen=True)
class VideoFacts:
    """Frames of one released video, how many are abnormal, and the first of these, from 0; -1 where there is none."""

    frames: int
    abnormal: int
    first: int


@dataclass(frozen=True)
class SplitFacts:
    """The published counts of a split; None where nobody published one. `per_video` goes by `video_key`.

    `other_labels` are other annotations that circulate: their sum of abnormal frames, and what they are.
    """

    videos: int
    frames: int | None = None
    abnormal_frames: int | None = None
    per_video: Mapping[str, VideoFacts] = field(default_factory=dict)
    other_labels: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Archive:
    """A file of a release that a script may download: its name here, size in bytes, and the folder it unpacks to."""

    url: str
    file: str
    size: int
    sha256: str
    folder: str


@dataclass(frozen=True)
class Published:
    """A data set as its authors released it.

    Attributes:
        title: its name in the literature.
        reader: the class in `syrfa.datasets`.
        page: where a person gets it.
        obtain: what to do there.
        terms: licence, or what is said in its place.
        citation: the paper to cite.
        splits: counts of each split.
        frames: of the whole data set, where the splits are not published singly.
        size: of the released frames (width, height); None where they differ or it is not known.
        fetched: where the data set is below the folder it was fetched to.
        archives: what `syrfa data fetch` may download; empty where a person has to.
    """

    title: str
    reader: type[VideoDataset]
    page: str
    obtain: str
    terms: str
    citation: str
    splits: Mapping[str, SplitFacts] = field(default_factory=dict)
    frames: int | None = None
    size: tuple[int, int] | None = None
    fetched: str = ""
    archives: tuple[Archive, ...] = ()


_AVENUE = "https://www.cse.cuhk.edu.hk/~leojia/projects/detectabnormal"
_AVENUE_VIDEOS = Archive(
    url=f"{_AVENUE}/Avenue_Dataset.zip",
    file="Avenue_Dataset.zip",
    size=813_227_845,
    sha256="fc9cb8432a11ca79c18aa180c72524011411b69d3b0ff27c8816e41c0de61531",
    folder="Avenue Dataset",
)
_AVENUE_LABELS = Archive(
    url=f"{_AVENUE}/ground_truth_demo.zip",
    file="ground_truth_demo.zip",
    size=931_269,
    sha256="60fec1728ec8f73a58aad3aeb5729d70a805a47e0b8eb4bf91ab67ef06386d77",
    folder="ground_truth_demo",
)


def _videos(name: str) -> dict[str, VideoFacts]:
    """The table `videos/<name>.csv`: frames, abnormal frames and the first abnormal one from 0, -1 where there is none.

    Ped2: the frames of the repack and the intervals of `ped2.mat`, which are those of `UCSDped2.m`. ShanghaiTech: the
    107 frame masks. Avenue: the 21 volumes `N_label.mat`, a frame is abnormal where any pixel is.
    """
    table = (resources.files("syrfa.datasets") / "videos" / f"{name}.csv").read_text(encoding="utf-8")
    rows = [row.split(",") for row in table.splitlines()[1:]]
    return {video: VideoFacts(int(frames), int(abnormal), int(first)) for video, frames, abnormal, first in rows}


def _test(reader: type[ReleasedDataset], per_video: Mapping[str, VideoFacts], *others: str) -> SplitFacts:
    """The test split as its reader knows it; `others` name the annotations of its further counts."""
    counts = reader.published.abnormal
    named = dict(zip(counts[1:], others, strict=True))
    return SplitFacts(reader.released["test"], reader.published.frames, counts[0] if counts else None, per_video, named)


def _ucsd(reader: type[UCSD], size: tuple[int, int], train: SplitFacts, test: Mapping[str, VideoFacts]) -> Published:
    folder = "UCSD_Anomaly_Dataset.v1p2"
    archive = Archive(
        url="http://www.svcl.ucsd.edu/projects/anomaly/UCSD_Anomaly_Dataset.tar.gz",
        file="UCSD_Anomaly_Dataset.tar.gz",
        size=740_306_953,
        sha256="2329af326951f5097fdd114c50e853957d3e569493a49d22fc082a9fd791915b",
        folder=folder,
    )
    return Published(
        title=f"UCSD Ped{reader.number}",
        reader=reader,
        page="http://www.svcl.ucsd.edu/projects/anomaly/dataset.htm",
        obtain=f"syrfa data fetch {reader.name} --out DIR",
        terms="none stated; research use",
        citation='Mahadevan, Li, Bhalodia, Vasconcelos, "Anomaly Detection in Crowded Scenes", CVPR 2010',
        splits={"train": train, "test": _test(reader, test)},
        size=size,
        fetched=folder,
        archives=(archive,),
    )


PUBLISHED: dict[str, Published] = {
    "ped1": _ucsd(UCSDPed1, (238, 158), SplitFacts(UCSDPed1.released["train"], 6_800), {}),
    "ped2": _ucsd(
        UCSDPed2,
        (360, 240),
        SplitFacts(UCSDPed2.released["train"], 2_550, per_video=_videos("ped2_train")),
        _videos("ped2_test"),
    ),
    "shanghaitech": Published(
        title="ShanghaiTech Campus",
        reader=ShanghaiTech,
        page="https://svip-lab.github.io/dataset/campus_dataset.html",
        obtain="follow a link on https://svip-lab.github.io/dataset/campus_dataset.html",
        terms="research use",
        citation='Luo, Liu, Gao, "A Revisit of Sparse Coding Based Anomaly Detection in Stacked RNN Framework", '
        'ICCV 2017; split of Liu, Luo, Lian, Gao, "Future Frame Prediction for Anomaly Detection: A New Baseline", '
        "CVPR 2018",
        splits={
            "train": SplitFacts(ShanghaiTech.released["train"]),
            "test": _test(ShanghaiTech, _videos("shanghaitech_test")),
        },
        size=(856, 480),
    ),
    "avenue": Published(
        title="CUHK Avenue",
        reader=Avenue,
        page="http://www.cse.cuhk.edu.hk/leojia/projects/detectabnormal/dataset.html",
        obtain="syrfa data fetch avenue --out DIR",
        terms="the ground truth is for non-commercial use",
        citation='Lu, Shi, Jia, "Abnormal Event Detection at 150 FPS in MATLAB", ICCV 2013',
        splits={
            "train": SplitFacts(Avenue.released["train"], 15_328),
            "test": _test(Avenue, _videos("avenue_test"), "avenue.mat"),
        },
        size=(640, 360),
        archives=(_AVENUE_VIDEOS, _AVENUE_LABELS),
    ),
    "ubnormal": Published(
        title="UBnormal",
        reader=UBnormal,
        page="https://github.com/lilygeorgescu/UBnormal",
        obtain="follow the download link on https://github.com/lilygeorgescu/UBnormal; scripts/ is in that repository",
        terms="CC BY-NC-ND 4.0; the circulating frame vectors of the test split CC BY-NC 4.0",
        citation="Acsintoae, Florescu, Georgescu, Mare, Sumedrea, Ionescu, Khan, Shah, "
        '"UBnormal: New Benchmark for Supervised Open-Set Video Anomaly Detection", CVPR 2022',
        splits={split: SplitFacts(videos) for split, videos in UBnormal.released.items()},
        frames=236_902,
    ),
    "folder": Published(
        title="folder of videos",
        reader=VideoFolder,
        page="-",
        obtain="put videos of your own there",
        terms="your own",
        citation="none",
    ),
}


def video_key(dataset: str, name: str) -> str:
    """The name under which `SplitFacts.per_video` has a video: `Test001`, `001` and `1` are all `01`.

    ShanghaiTech's names are the same in every copy and stay as they are.
    """
    digits = name[len(name.rstrip("0123456789")) :]
    return name if dataset == "shanghaitech" or not digits else f"{int(digits):02d}"
