"""A loopback web server that breaks connections, for downloads that have to go on."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class BrokenServer:
    """Serves one file.

    Attributes:
        content: the file.
        break_after: bytes after which each of the first `breaks` connections is cut.
        breaks: how many connections are cut.
        ranges: whether the server knows ranges.
        tag: the ETag.
        requests: the Range header of every request, or None.
    """

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.break_after, self.breaks = len(content), 0
        self.ranges, self.tag, self.status = True, '"one"', 200
        self.requests: list[str | None] = []
        self.url = ""

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        wanted = handler.headers.get("Range")
        self.requests.append(wanted)
        start, total = 0, len(self.content)
        fresh = handler.headers.get("If-Range", self.tag) == self.tag
        if self.status != 200:
            handler.send_error(self.status)
            return
        if wanted and self.ranges and fresh:
            start = int(wanted.removeprefix("bytes=").rstrip("-"))
            if start >= total:
                handler.send_response(416)
                handler.send_header("Content-Range", f"bytes */{total}")
                handler.send_header("Content-Length", "0")
                handler.end_headers()
                return
            handler.send_response(206)
            handler.send_header("Content-Range", f"bytes {start}-{total - 1}/{total}")
        else:
            handler.send_response(200)
        handler.send_header("Content-Length", str(total - start))
        handler.send_header("ETag", self.tag)
        handler.end_headers()
        body = self.content[start:]
        if self.breaks:
            self.breaks -= 1
            body = body[: self.break_after]
        handler.wfile.write(body)
        handler.wfile.flush()
        handler.close_connection = True


@contextmanager
def serve(content: bytes) -> Iterator[BrokenServer]:
    """Serves `content` on a free port of the loopback interface."""
    state = BrokenServer(content)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.answer(self)

        def log_message(self, *arguments: object) -> None:
            del arguments

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_port}/archive"
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
