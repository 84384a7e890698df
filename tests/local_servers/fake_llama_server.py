"""A small server of OpenAI's protocol that takes the flags of ``llama-server``, and misbehaves.

As ``ollama serve`` it takes its address from ``OLLAMA_HOST``, and lists the model ``tiny:latest``.

What it does is in the JSON file that ``FAKE_SERVER`` names, beside which it notes each start:
``answers`` (texts, one a request, the last again and again), ``says`` (printed at the start),
``exits`` (status, at once), ``hangs`` (is never healthy), ``crashes`` (numbers of the starts that end
at the first question), ``grows`` (bytes taken at the question number ``grows_at``, from 0, which is not answered then),
``stubborn`` (ignores SIGTERM, and starts a process in a session of its own).
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


class Handler(BaseHTTPRequestHandler):
    told: dict[str, Any] = {}
    start = 0
    asked = 0
    held: list[bytearray] = []
    guard = threading.Lock()

    def do_GET(self) -> None:
        listed = {"object": "list", "data": [{"id": "tiny:latest"}], "status": "ok"}
        self.reply(listed, 503 if self.told.get("hangs") else 200)

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.start in self.told.get("crashes", []):
            os.kill(os.getpid(), signal.SIGKILL)
        with self.guard:
            number, Handler.asked = self.asked, self.asked + 1
        if self.told.get("grows") and number >= self.told.get("grows_at", 0):
            self.held.append(bytearray(b"x") * self.told["grows"])
            time.sleep(60)
        answers = self.told.get("answers", ["ready"])
        text = answers[min(number, len(answers) - 1)]
        note("requests", {"max_tokens": body["max_tokens"], "model": body["model"]})
        choice = {"index": 0, "message": {"role": "assistant", "content": text}}
        usage = {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12}
        self.reply(
            {
                "id": "c1", "object": "chat.completion", "created": 1, "model": body["model"],
                "choices": [{**choice, "finish_reason": "stop"}], "usage": usage,
            }
        )  # fmt: skip

    def reply(self, body: Any, status: int = 200) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *words: Any) -> None:
        """Keep quiet."""


def note(what: str, line: Any) -> int:
    """Append to a file beside the script; the number of lines in it."""
    path = Path(os.environ["FAKE_SERVER"]).with_name(what)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
    return len(path.read_text(encoding="utf-8").splitlines())


def flags_of(arguments: list[str]) -> dict[str, str]:
    if arguments == ["serve"]:
        host, _, port = os.environ["OLLAMA_HOST"].partition(":")
        return {"host": host, "port": port}
    parser = argparse.ArgumentParser()
    for flag in ("--model", "--alias", "--host", "--port", "--ctx-size", "--parallel"):
        parser.add_argument(flag, required=True)
    return vars(parser.parse_args(arguments))


def main() -> None:
    flags = flags_of(sys.argv[1:])
    told = json.loads(Path(os.environ["FAKE_SERVER"]).read_text(encoding="utf-8"))
    children = []
    if told.get("stubborn"):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        children.append(subprocess.Popen(["sleep", "600"], start_new_session=True).pid)
    Handler.told = told
    Handler.start = note(
        "starts",
        {
            "pids": [os.getpid(), *children],
            "environ": dict(os.environ),
            "flags": flags,
        },
    )
    sys.stdout.write(told.get("says", "loading") + "\n")
    if "exits" in told:
        sys.exit(told["exits"])
    sys.stdout.flush()
    ThreadingHTTPServer((flags["host"], int(flags["port"])), Handler).serve_forever()


if __name__ == "__main__":
    main()
