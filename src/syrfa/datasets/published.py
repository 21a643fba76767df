"""What is published of every data set: counts, terms, citation, and where it is to be had.

Numbers of videos, and counts of frames of test splits, are those that the readers go by; all else is only here.
Counts are the authors' own, or of `syrfa.datasets.published_videos`; what neither says is None. The SHA-256 of an
archive is what two unrelated projects that downloaded it report; nobody recomputed it for this file.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from syrfa.datasets import Avenue, ShanghaiTech, UBnormal, UCSDPed1, UCSDPed2
from syrfa.datasets.published_videos import AVENUE_TEST, PED2_TEST, PED2_TRAIN, SHANGHAITECH_TEST, VideoFacts
from syrfa.datasets.released import ReleasedDataset


@dataclass(frozen=True)
class SplitFacts:
    """The published counts of a split; None where nobody published one.

    Attributes:
        videos: their number.
        frames: of all videos.
        abnormal_frames: of all videos; None for a split without labels.
        per_video: by `video_key`, where known.
        other_labels: other annotations that circulate: their sum of abnormal frames, and what they are.
    """

    videos: int
    frames: int | None = None
    abnormal_frames: int | None = None
    per_video: Mapping[str, VideoFacts] = field(default_factory=dict)
    other_labels: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Archive:
    """A file of a release that a script may download.

    Attributes:
        url: where it lies.
        file: the name it is kept under.
        size: in bytes.
        sha256: as published by those who downloaded it.
        folder: what it unpacks to.
    """

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
        sizes: the released frame sizes as (width, height); empty where they differ or are not known.
        fetched: where the data set is below the folder it was fetched to.
        archives: what `syrfa data fetch` may download; empty where a person has to.
        config: the file in `lightning_config/data`.
    """

    title: str
    reader: str
    page: str
    obtain: str
    terms: str
    citation: str
    splits: Mapping[str, SplitFacts] = field(default_factory=dict)
    frames: int | None = None
    sizes: tuple[tuple[int, int], ...] = ()
    fetched: str = ""
    archives: tuple[Archive, ...] = ()
    config: str | None = None


_UCSD = Archive(
    url="http://www.svcl.ucsd.edu/projects/anomaly/UCSD_Anomaly_Dataset.tar.gz",
    file="UCSD_Anomaly_Dataset.tar.gz",
    size=740_306_953,
    sha256="2329af326951f5097fdd114c50e853957d3e569493a49d22fc082a9fd791915b",
    folder="UCSD_Anomaly_Dataset.v1p2",
)
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
_UCSD_PAGE = "http://www.svcl.ucsd.edu/projects/anomaly/dataset.htm"
_UCSD_CITATION = 'Mahadevan, Li, Bhalodia, Vasconcelos, "Anomaly Detection in Crowded Scenes", CVPR 2010'


def _test(reader: type[ReleasedDataset], per_video: Mapping[str, VideoFacts], *others: str) -> SplitFacts:
    """The test split as its reader knows it; `others` name the annotations of its further counts."""
    counts = reader.published.abnormal
    named = dict(zip(counts[1:], others, strict=True))
    return SplitFacts(reader.released["test"], reader.published.frames, counts[0] if counts else None, per_video, named)


PUBLISHED: dict[str, Published] = {
    "ped1": Published(
        title="UCSD Ped1",
        reader="UCSDPed1",
        page=_UCSD_PAGE,
        obtain="syrfa data fetch ped1 --out DIR",
        terms="none stated; research use",
        citation=_UCSD_CITATION,
        splits={"train": SplitFacts(UCSDPed1.released["train"], 6_800), "test": _test(UCSDPed1, {})},
        sizes=((238, 158),),
        fetched=_UCSD.folder,
        archives=(_UCSD,),
        config="ped1.yaml",
    ),
    "ped2": Published(
        title="UCSD Ped2",
        reader="UCSDPed2",
        page=_UCSD_PAGE,
        obtain="syrfa data fetch ped2 --out DIR",
        terms="none stated; research use",
        citation=_UCSD_CITATION,
        splits={
            "train": SplitFacts(UCSDPed2.released["train"], 2_550, per_video=PED2_TRAIN),
            "test": _test(UCSDPed2, PED2_TEST),
        },
        sizes=((360, 240),),
        fetched=_UCSD.folder,
        archives=(_UCSD,),
        config="ped2.yaml",
    ),
    "shanghaitech": Published(
        title="ShanghaiTech Campus",
        reader="ShanghaiTech",
        page="https://svip-lab.github.io/dataset/campus_dataset.html",
        obtain="follow a link on https://svip-lab.github.io/dataset/campus_dataset.html",
        terms="research use",
        citation='Luo, Liu, Gao, "A Revisit of Sparse Coding Based Anomaly Detection in Stacked RNN Framework", '
        'ICCV 2017; split of Liu, Luo, Lian, Gao, "Future Frame Prediction for Anomaly Detection: A New Baseline", '
        "CVPR 2018",
        splits={
            "train": SplitFacts(ShanghaiTech.released["train"]),
            "test": _test(ShanghaiTech, SHANGHAITECH_TEST),
        },
        sizes=((856, 480),),
        config="shanghaitech.yaml",
    ),
    "avenue": Published(
        title="CUHK Avenue",
        reader="Avenue",
        page="http://www.cse.cuhk.edu.hk/leojia/projects/detectabnormal/dataset.html",
        obtain="syrfa data fetch avenue --out DIR",
        terms="the ground truth is for non-commercial use",
        citation='Lu, Shi, Jia, "Abnormal Event Detection at 150 FPS in MATLAB", ICCV 2013',
        splits={
            "train": SplitFacts(Avenue.released["train"], 15_328),
            "test": _test(Avenue, AVENUE_TEST, "avenue.mat"),
        },
        sizes=((640, 360),),
        archives=(_AVENUE_VIDEOS, _AVENUE_LABELS),
        config="avenue.yaml",
    ),
    "ubnormal": Published(
        title="UBnormal",
        reader="UBnormal",
        page="https://github.com/lilygeorgescu/UBnormal",
        obtain="follow the download link on https://github.com/lilygeorgescu/UBnormal; scripts/ is in that repository",
        terms="CC BY-NC-ND 4.0; the circulating frame vectors of the test split CC BY-NC 4.0",
        citation="Acsintoae, Florescu, Georgescu, Mare, Sumedrea, Ionescu, Khan, Shah, "
        '"UBnormal: New Benchmark for Supervised Open-Set Video Anomaly Detection", CVPR 2022',
        splits={split: SplitFacts(videos) for split, videos in UBnormal.released.items()},
        frames=236_902,
        config="ubnormal.yaml",
    ),
    "folder": Published(
        title="folder of videos",
        reader="VideoFolder",
        page="-",
        obtain="put videos of your own there",
        terms="your own",
        citation="none",
        config="folder.yaml",
    ),
}


def video_key(dataset: str, name: str) -> str:
    """The name under which `SplitFacts.per_video` has a video: `Test001`, `001` and `1` are all `01`.

    ShanghaiTech's names are the same in every copy and stay as they are.
    """
    digits = name[len(name.rstrip("0123456789")) :]
    return name if dataset == "shanghaitech" or not digits else f"{int(digits):02d}"
