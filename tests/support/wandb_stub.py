"""A loopback stand-in for W&B's server: what `wandb sweep`, `wandb agent`, `wandb sync` and the runs ask of it.

A request that it does not know gets an error and is listed in `unknown`, so that a client which asks for more than it
used to is noticed.
"""

import gzip
import json
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

import yaml

ENTITY, API_KEY = "nobody", "0" * 40
Answer = dict[str, Any]


@dataclass
class RunRecord:
    """What the server was told of a run.

    Attributes:
        config: the keys of the run's config, W&B's own left out.
        history: one entry per logged step.
        summary: the last value of each key.
        files: the names of the uploaded files.
        exit_code: as the client reported it; None while the run is going on.
        sweep: the id of the sweep it belongs to.
        group: its group.
    """

    config: dict[str, Any] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)
    summary: dict[str, Any] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)
    exit_code: int | None = None
    sweep: str | None = None
    group: str | None = None


class WandbStub(ThreadingHTTPServer):
    """The server.

    Attributes:
        points: what the sweep's agents get, in order, each a parameter's value by its name; then they are told to exit.
        sweeps: the config of every sweep that was made, by id.
        runs: what became of each run, by id.
        unknown: operations that were not answered.
    """

    def __init__(self, points: list[dict[str, Any]]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.points = points
        self.sweeps: dict[str, dict[str, Any]] = {}
        self.runs: dict[str, RunRecord] = {}
        self.unknown: list[str] = []
        self.lock = threading.Lock()
        self._given = 0

    def handle_error(self, request: object, client_address: object) -> None:
        """As http.server, but for a client that leaves without a word, as W&B's do when they end."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def run(self, name: str) -> RunRecord:
        return self.runs.setdefault(name, RunRecord())

    def answer(self, operation: str, variables: Answer) -> Answer | None:
        """The data of a GraphQL answer; None for an operation that is not known."""
        method = getattr(self, f"_{operation}", None)
        return None if method is None else method(variables)

    def _Viewer(self, variables: Answer) -> Answer:
        return {
            "viewer": {
                "id": "viewer",
                "entity": ENTITY,
                "username": ENTITY,
                "email": "",
                "flags": "{}",
                "teams": {"edges": []},
            }
        }

    def _ServerFeaturesQuery(self, variables: Answer) -> Answer:
        return {"serverInfo": {"features": []}}

    def _UpsertSweep(self, variables: Answer) -> Answer:
        name = f"sweep{len(self.sweeps) + 1}"
        self.sweeps[name] = yaml.safe_load(variables["config"])
        return {
            "upsertSweep": {
                "sweep": {"name": name, "project": self._project(variables)},
                "configValidationWarnings": [],
            }
        }

    def _SweepWithRuns(self, variables: Answer) -> Answer:
        config = yaml.safe_dump(self.sweeps[variables["sweep"]])
        sweep = {"id": "id", "name": variables["sweep"], "state": "RUNNING", "config": config, "runs": {"edges": []}}
        return {"project": {"sweep": sweep}}

    def _CreateAgent(self, variables: Answer) -> Answer:
        self.agent_sweep = variables["sweep"]
        return {"createAgent": {"agent": {"id": "agent"}}}

    def _Heartbeat(self, variables: Answer) -> Answer:
        commands: list[Answer] = []
        if not json.loads(variables["runState"] or "{}"):
            if self._given < len(self.points):
                point = self.points[self._given]
                self._given += 1
                args = {name: {"value": value} for name, value in point.items()}
                program = self.sweeps[self.agent_sweep]["program"]
                commands = [{"type": "run", "run_id": f"run{self._given}", "program": program, "args": args}]
            else:
                commands = [{"type": "exit"}]
        return {"agentHeartbeat": {"agent": {"id": "agent"}, "commands": json.dumps(commands)}}

    def _RunResumeStatus(self, variables: Answer) -> Answer:
        return {
            "model": {
                "id": "project",
                "name": variables["project"],
                "entity": {"id": "e", "name": ENTITY},
                "bucket": None,
            }
        }

    def _UpsertBucket(self, variables: Answer) -> Answer:
        name = variables["name"]
        run = self.run(name)
        if variables.get("config"):
            config = json.loads(variables["config"])
            run.config = {key: entry["value"] for key, entry in config.items() if key != "_wandb"}
        run.sweep, run.group = variables.get("sweep") or run.sweep, variables.get("groupName") or run.group
        bucket = {
            "id": f"bucket-{name}",
            "name": name,
            "displayName": variables.get("displayName") or name,
            "description": "",
            "config": variables.get("config") or "{}",
            "sweepName": variables.get("sweep"),
            "historyLineCount": 0,
            "project": self._project({"projectName": variables["project"]}),
        }
        return {"upsertBucket": {"bucket": bucket, "inserted": True}}

    def _CreateRunFiles(self, variables: Answer) -> Answer:
        files = [
            {"name": name, "uploadUrl": f"{self.url}/upload/{variables['run']}/{name}"} for name in variables["files"]
        ]
        return {"createRunFiles": {"runID": variables["run"], "uploadHeaders": [], "files": files}}

    def _OrganizationCoreWeaveOrganizationID(self, variables: Answer) -> Answer:
        return {"entity": {"organization": None}}

    def _project(self, variables: Answer) -> Answer:
        return {"id": "project", "name": variables.get("projectName"), "entity": {"id": "e", "name": ENTITY}}

    def stream(self, name: str, body: Answer) -> None:
        """Takes a part of a run's file stream."""
        run = self.run(name)
        for file, chunk in (body.get("files") or {}).items():
            if file == "wandb-history.jsonl":
                run.history[chunk["offset"] :] = [json.loads(line) for line in chunk["content"]]
            elif file == "wandb-summary.json":
                run.summary = json.loads(chunk["content"][-1])
        if body.get("complete"):
            run.exit_code = body["exitcode"]


class _Handler(BaseHTTPRequestHandler):
    server: WandbStub
    protocol_version = "HTTP/1.1"

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") == "chunked":
            parts = []
            while size := int(self.rfile.readline(), 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            body = b"".join(parts)
        else:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        return gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body

    def _send(self, content: Answer) -> None:
        text = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def do_POST(self) -> None:
        body = self._body()
        path = unquote(self.path)
        with self.server.lock:
            if path == "/graphql":
                request = json.loads(body)
                found = re.search(r"\b(?:query|mutation)\s+(\w+)", request["query"])
                operation = found[1] if found else request["query"]
                data = self.server.answer(operation, request.get("variables") or {})
                if data is None:
                    self.server.unknown.append(operation)
                self._send({"data": data} if data is not None else {"errors": [{"message": f"unknown: {operation}"}]})
            elif match := re.fullmatch(r"/files/[^/]+/[^/]+/([^/]+)/file_stream", path):
                self.server.stream(match[1], json.loads(body))
                self._send({"exitcode": None, "limits": {}})
            else:
                self.server.unknown.append(f"POST {path}")
                self._send({})

    def do_PUT(self) -> None:
        self._body()
        with self.server.lock:
            _, _, run, name = unquote(self.path).split("/", 3)
            self.server.run(run).files.append(name)
        self._send({})

    def do_GET(self) -> None:
        self.server.unknown.append(f"GET {self.path}")
        self._send({})

    def log_message(self, *_: object) -> None:
        """Keeps quiet."""


@contextmanager
def wandb_stub(points: list[dict[str, Any]]) -> Iterator[WandbStub]:
    """A running server whose sweeps hand out `points`."""
    server = WandbStub(points)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
