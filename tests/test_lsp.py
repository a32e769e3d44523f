"""The language server, driven as an editor drives it: JSON-RPC on its standard input and output."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from queue import Empty, Queue
from typing import Any

import pytest

from scamp_sim.show import editor

TEXT = """\
/// Brighter than the west.
kernel find(n) {
    get_image(A); movx(B, A, west);
    sub(C, A, B);
}
program {
    /* 😀 */ find(1); output edges = C;
}
"""


class Editor:
    """A client that waits for what it asked for, and keeps the last messages about each file."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "scamp_sim", "lsp", "--stdio"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.said: Queue[dict[str, Any]] = Queue()
        self.number = 0
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        out = self.process.stdout
        assert out is not None
        while head := out.readline():
            length = int(head.split(b":")[1]) if head.lower().startswith(b"content-length") else 0
            while out.readline().strip():
                pass
            self.said.put(json.loads(out.read(length)))

    def _send(self, document: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **document}).encode()
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self.process.stdin.flush()

    def tell(self, method: str, **params: Any) -> None:
        self._send({"method": method, "params": params})

    def ask(self, method: str, params: Any = None) -> Any:
        self.number += 1
        self._send({"id": self.number, "method": method, **({} if params is None else {"params": params})})
        return self._wait(lambda m: m.get("id") == self.number)["result"]

    def diagnostics(self, uri: str) -> list[dict[str, Any]]:
        """The next messages about a file."""
        found = self._wait(lambda m: m.get("method") == "textDocument/publishDiagnostics" and m["params"]["uri"] == uri)
        return found["params"]["diagnostics"]  # type: ignore[no-any-return]

    def _wait(self, wanted: Any) -> dict[str, Any]:
        while True:
            try:
                message = self.said.get(timeout=60)
            except Empty:
                self.process.kill()
                assert self.process.stderr is not None
                raise AssertionError(self.process.stderr.read().decode()[-2000:]) from None
            if wanted(message):
                return message

    def end(self) -> int:
        assert self.ask("shutdown") is None
        self.tell("exit")
        self.process.communicate(timeout=60)
        return self.process.returncode


@pytest.fixture(scope="module")
def client() -> Iterator[Editor]:
    pytest.importorskip("pygls")
    found = Editor()
    capabilities = found.ask("initialize", {"processId": None, "rootUri": None, "capabilities": {}})["capabilities"]
    assert {"hoverProvider", "completionProvider", "documentSymbolProvider", "inlayHintProvider"} <= capabilities.keys()
    found.tell("initialized")
    yield found
    assert found.end() == 0


def opened(client: Editor, path: Path, text: str) -> str:
    uri = path.as_uri()
    client.tell("textDocument/didOpen", textDocument={"uri": uri, "languageId": "scamp", "version": 1, "text": text})
    return uri


def test_messages_come_as_one_types(client: Editor, tmp_path: Path) -> None:
    uri = opened(client, tmp_path / "a.scamp", TEXT.replace("output edges = C", "output edges = Q"))
    (wrong,) = client.diagnostics(uri)
    assert (wrong["code"], wrong["severity"], wrong["source"]) == ("S204", 1, "scamp-sim")
    assert "unknown register or name 'Q'" in wrong["message"]
    # the sign in the comment takes two units of an editor's count
    line = TEXT.splitlines()[6].replace("= C", "= Q")
    at = len(line[: line.index("Q")].encode("utf-16-le")) // 2
    assert wrong["range"]["start"] == {"line": 6, "character": at}
    change = {"range": {"start": {"line": 6, "character": at}, "end": {"line": 6, "character": at + 1}}, "text": "C"}
    client.tell("textDocument/didChange", textDocument={"uri": uri, "version": 2}, contentChanges=[change])
    assert client.diagnostics(uri) == []
    client.tell("textDocument/didClose", textDocument={"uri": uri})
    assert client.diagnostics(uri) == []


def test_meanings_costs_and_names(client: Editor, tmp_path: Path) -> None:
    uri = opened(client, tmp_path / "b.scamp", TEXT)
    assert client.diagnostics(uri) == []

    def at(line: int, character: int) -> dict[str, Any]:
        return {"textDocument": {"uri": uri}, "position": {"line": line, "character": character}}

    text = client.ask("textDocument/hover", at(2, 20))["contents"]["value"]
    assert "movx(y, x, dir)" in text
    assert "2 words" in text
    assert "This line, in one run: 7 words, 0.7 us" in text
    assert client.ask("textDocument/hover", at(0, 5)) is None
    call = TEXT.splitlines()[6].index("find") + 2  # the sign before it counts twice
    assert "Brighter than the west." in client.ask("textDocument/hover", at(6, call))["contents"]["value"]
    assert client.ask("textDocument/definition", at(6, call))["range"]["start"]["line"] == 1
    names = {item["label"]: item for item in client.ask("textDocument/completion", at(3, 4))}
    assert {"find", "movx", "scamp5_in", "R5", "north", "kernel"} <= names.keys()
    assert names["movx"]["detail"] == "movx(y, x, dir)"
    symbols = client.ask("textDocument/documentSymbol", {"textDocument": {"uri": uri}})
    assert [(s["name"], s["range"]["start"]["line"]) for s in symbols] == [("find", 1)]
    whole = {"start": {"line": 0, "character": 0}, "end": {"line": 9, "character": 0}}
    hints = client.ask("textDocument/inlayHint", {"textDocument": {"uri": uri}, "range": whole})
    assert [(h["position"]["line"], h["label"]) for h in hints][:2] == [(2, "7 words, 0.7 us"), (3, "2 words, 0.2 us")]


def test_includes_and_hostile_texts(client: Editor, tmp_path: Path) -> None:
    base = tmp_path / "base.scamp"
    base.write_text("const N = 1;\nmacro twice(y: areg) { nosuch(y); }\n")
    uri = opened(client, tmp_path / "c.scamp", 'include "base.scamp";\nkernel k { twice(A); }\n')
    (found,) = client.diagnostics(base.as_uri())
    assert "unknown instruction 'nosuch'" in found["message"]
    base.write_text("macro twice(y: areg) { bus(y, A); }\n")
    client.tell("textDocument/didSave", textDocument={"uri": uri})
    assert client.diagnostics(base.as_uri()) == []
    for name, text in (
        ("untitled:Untitled-1", "res(A);\noutput a = A;"),
        ("file:///no/such/folder/%F0%9F%98%80.scamp", "}{" * 300),
        (f"file://{tmp_path.as_posix()}/e.scamp", ""),
        (f"file://{tmp_path.as_posix()}/f.scamp", 'include "/etc/passwd"; \x00 kernel'),
        (f"file://{tmp_path.as_posix()}/g.scamp", "for i in 0..100000 { for j in 0..100000 { mov(B, A); } }"),
        (f"file://{tmp_path.as_posix()}/h.scamp", "mov(B, A);\r\nmov(C, Q);\r\n"),
    ):
        client.tell(
            "textDocument/didOpen", textDocument={"uri": name, "languageId": "scamp", "version": 1, "text": text}
        )
        assert bool(client.diagnostics(name)) == (not name.startswith("untitled"))
        where = {"textDocument": {"uri": name}, "position": {"line": 40, "character": 7}}
        assert client.ask("textDocument/hover", where) is None
        assert client.ask("textDocument/completion", where)


def test_words_under_the_cursor() -> None:
    text = "mov(B, A); // mov\nR5"
    assert [editor.word_at(text, 1, c) for c in (1, 4, 5, 6, 15)] == ["mov", "mov", "B", "B", ""]
    assert editor.word_at(text, 2, 3) == "R5"
    assert editor.word_at(text, 9, 1) == ""
