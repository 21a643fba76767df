"""Downloads that go on where they stopped. `pooch` names, verifies and places the file; it cannot resume by itself."""

from pathlib import Path

import requests
from tqdm import tqdm

from syrfa.errors import UserError

_CHUNK = 1 << 16  # what a broken connection had of a chunk is lost
_TIMEOUT = 30.0  # seconds without a byte
_ATTEMPTS = 5  # in a row that bring nothing


class DownloadError(UserError, OSError):
    """A file cannot be had, or is not what was asked for."""


class ResumingDownloader:
    """A downloader for `pooch.retrieve` that keeps what it has and asks for the rest.

    What has come so far lies in `part`, also when the process is killed; the next call asks the server for the bytes
    after it. The server's ETag or date is kept beside it, so that a file that changed meanwhile is fetched anew instead
    of being joined to the old one. A server that knows no ranges is read from the start.

    Args:
        part: where the unfinished file lies; in the folder of the finished one.
        limit: bytes at most; a server that sends more is not the one that was meant.
        progress: show a bar, where there is a terminal to show it on.
    """

    def __init__(self, part: Path, limit: int, progress: bool = True) -> None:
        self.part, self.limit, self.progress = part, limit, progress
        self._validator = part.with_name(f"{part.name}.validator")

    def __call__(self, url: str, output_file: str | Path, pooch: object, check_only: bool = False) -> None:
        """Fetches `url` and moves it to `output_file`; the rest of the signature is pooch's.

        Raises:
            DownloadError: the server refuses, sends too much, or five attempts in a row brought nothing; what has come
                is kept.
        """
        del pooch, check_only
        failures = 0
        while failures < _ATTEMPTS:
            before = self._have()
            try:
                if self._fetch_rest(url):
                    self.part.replace(output_file)
                    self._validator.unlink(missing_ok=True)
                    return
                reason = "the connection ended early"
            except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError) as error:
                reason = type(error).__name__
            except requests.RequestException as error:
                raise DownloadError(f"{url}: {type(error).__name__}; is the address right?") from error
            failures = failures + 1 if self._have() <= before else 0
        raise DownloadError(
            f"{url}: {reason}, {self._have():,} bytes have come and are kept; run the same command again to go on"
        )

    def _fetch_rest(self, url: str) -> bool:
        """One request; True when the file is whole."""
        have = self._have()
        with requests.get(url, headers=self._headers(have), stream=True, timeout=_TIMEOUT) as answer:
            if answer.status_code == requests.codes.requested_range_not_satisfiable:
                return self._is_all(answer.headers.get("Content-Range", ""), have)
            if answer.status_code not in (requests.codes.ok, requests.codes.partial_content):
                raise DownloadError(
                    f"{url}: the server answers {answer.status_code} {answer.reason}; try the page by hand"
                )
            resumed = answer.status_code == requests.codes.partial_content
            start = have if resumed else 0
            if resumed and not answer.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
                self.part.unlink()  # another part than was asked for: nothing can be joined to it
                return False
            length = answer.headers.get("Content-Length")
            total = start + int(length) if length and length.isdecimal() else None
            self._remember(answer)
            self._append(answer, start, total)
        return total is None or self._have() == total

    def _headers(self, have: int) -> dict[str, str]:
        headers = {"Accept-Encoding": "identity"}  # bytes as they lie there: ranges and lengths are counted in them
        validator = self._validator.read_text() if self._validator.is_file() else ""
        if have and validator:
            headers |= {"Range": f"bytes={have}-", "If-Range": validator}
        elif have:
            headers["Range"] = f"bytes={have}-"
        return headers

    def _remember(self, answer: requests.Response) -> None:
        tag = answer.headers.get("ETag", "")
        validator = (
            tag if tag.startswith('"') else answer.headers.get("Last-Modified", "")
        )  # If-Range takes no weak tag
        self._validator.write_text(validator)

    def _append(self, answer: requests.Response, start: int, total: int | None) -> None:
        hidden = None if self.progress else True
        bar = tqdm(total=total, initial=start, desc=self.part.stem, unit="B", unit_scale=True, disable=hidden)
        with bar, self.part.open("ab" if start else "wb") as file:
            for chunk in answer.iter_content(_CHUNK):
                if file.tell() + len(chunk) > self.limit:
                    raise DownloadError(f"{answer.url}: more than {self.limit:,} bytes; this is not the released file")
                file.write(chunk)
                bar.update(len(chunk))

    def _is_all(self, content_range: str, have: int) -> bool:
        """After a refused range: whether all had come already; if not, the part is of another file and goes."""
        if have and content_range == f"bytes */{have}":
            return True
        self.part.unlink(missing_ok=True)
        return False

    def _have(self) -> int:
        return self.part.stat().st_size if self.part.is_file() else 0
