"""What is published of every data set: counts, terms, citation, and where it is to be had.

Counts are the authors' own, or counted on released label files. The SHA-256 of an archive is what two unrelated
projects that downloaded it report; nobody recomputed it for this file.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

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


# A row is: name, frames, abnormal frames, first abnormal frame from 0 (-1 where there is none). Ped2: the frames of the
# repack and the intervals of `ped2.mat`, which are those of `UCSDped2.m`. ShanghaiTech: the 107 frame masks. Avenue:
# the 21 volumes `N_label.mat`, a frame is abnormal where any pixel is.
_PED2_TRAIN = """
01 120 0 -1; 02 150 0 -1; 03 150 0 -1; 04 180 0 -1; 05 180 0 -1; 06 150 0 -1; 07 150 0 -1; 08 120 0 -1; 09 180 0 -1;
10 180 0 -1; 11 180 0 -1; 12 180 0 -1; 13 180 0 -1; 14 150 0 -1; 15 150 0 -1; 16 150 0 -1
"""
_PED2_TEST = """
01 180 120 60; 02 180 86 94; 03 150 146 0; 04 180 150 30; 05 150 129 0; 06 180 159 0; 07 180 135 45; 08 180 180 0;
09 120 120 0; 10 150 150 0; 11 180 180 0; 12 180 93 87
"""
_AVENUE_TEST = """
01 1439 408 77; 02 1211 89 272; 03 923 87 294; 04 947 93 379; 05 1007 318 468; 06 1283 429 344; 07 605 123 299;
08 36 36 0; 09 1175 289 135; 10 841 133 570; 11 472 144 12; 12 1271 190 538; 13 549 75 258; 14 507 74 398;
15 1001 90 497; 16 740 109 631; 17 426 384 0; 18 294 294 0; 19 248 140 108; 20 273 154 64; 21 76 53 13
"""
_SHANGHAITECH_TEST = """
01_0014 265 76 154; 01_0015 433 288 86; 01_0016 337 91 188; 01_0025 601 55 148; 01_0026 505 120 278;
01_0027 409 74 77; 01_0028 457 64 266; 01_0029 313 113 133; 01_0030 409 200 149; 01_0051 337 170 98;
01_0052 337 89 119; 01_0053 457 235 80; 01_0054 577 293 145; 01_0055 313 245 68; 01_0056 529 135 263;
01_0063 193 71 80; 01_0064 289 213 76; 01_0073 289 91 171; 01_0076 265 229 0; 01_0129 241 98 47; 01_0130 337 94 127;
01_0131 289 97 68; 01_0132 265 87 116; 01_0133 217 216 0; 01_0134 433 185 90; 01_0135 409 189 167;
01_0136 529 311 133; 01_0138 313 120 115; 01_0139 217 107 85; 01_0140 241 73 119; 01_0141 313 146 78;
01_0162 193 104 57; 01_0163 265 120 101; 01_0177 317 85 106; 02_0128 457 252 94; 02_0161 337 220 68;
02_0164 361 190 103; 03_0031 529 60 327; 03_0032 409 120 144; 03_0033 313 115 51; 03_0035 385 106 60;
03_0036 457 216 191; 03_0039 481 211 223; 03_0041 457 106 85; 03_0059 433 147 131; 03_0060 385 84 187;
03_0061 241 47 18; 04_0001 553 290 0; 04_0003 937 226 406; 04_0004 865 130 426; 04_0010 505 108 228;
04_0011 313 313 0; 04_0012 361 343 0; 04_0013 361 210 61; 04_0046 529 170 161; 04_0050 337 84 135;
05_0017 433 133 283; 05_0018 481 66 154; 05_0019 649 160 244; 05_0020 649 56 424; 05_0021 409 81 149;
05_0022 337 107 226; 05_0023 769 278 171; 05_0024 433 135 57; 06_0144 241 140 59; 06_0145 217 165 0;
06_0147 265 76 140; 06_0150 265 156 33; 06_0153 217 69 112; 06_0155 265 96 98; 07_0005 409 66 135;
07_0006 385 103 159; 07_0007 481 93 129; 07_0008 457 186 177; 07_0009 313 82 118; 07_0047 601 204 171;
07_0048 241 52 189; 07_0049 481 100 237; 08_0044 313 152 132; 08_0058 337 231 0; 08_0077 457 320 34;
08_0078 217 151 0; 08_0079 241 95 63; 08_0080 289 174 9; 08_0156 337 90 104; 08_0157 313 141 138; 08_0158 337 164 92;
08_0159 265 131 100; 08_0178 265 132 46; 08_0179 337 211 29; 09_0057 361 84 143; 10_0037 433 309 123;
10_0038 241 227 0; 10_0042 433 364 0; 10_0074 601 539 47; 10_0075 505 100 184; 11_0176 337 141 127;
12_0142 601 519 74; 12_0143 265 177 63; 12_0148 313 177 81; 12_0149 241 130 101; 12_0151 289 213 0;
12_0152 361 305 49; 12_0154 385 296 89; 12_0173 217 116 51; 12_0174 337 244 93; 12_0175 265 157 102
"""


def _rows(table: str) -> dict[str, VideoFacts]:
    rows = [row.split() for row in table.split(";")]
    return {name: VideoFacts(int(frames), int(abnormal), int(first)) for name, frames, abnormal, first in rows}


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
        SplitFacts(UCSDPed2.released["train"], 2_550, per_video=_rows(_PED2_TRAIN)),
        _rows(_PED2_TEST),
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
            "test": _test(ShanghaiTech, _rows(_SHANGHAITECH_TEST)),
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
            "test": _test(Avenue, _rows(_AVENUE_TEST), "avenue.mat"),
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
