"""How inputs are spoilt: bytes of any file; values of JSON documents; members of archives and chunks of PNG pictures,
whose checksums are set right again so that what lies behind them is reached."""

from __future__ import annotations

import copy
import io
import json
import random
import struct
import zipfile
import zlib
from contextlib import suppress
from typing import Any

import numpy as np

# fmt: off
WORDS = (
    b"\0", b"\xff", b"(", b")", b"{", b"}", b"[", b"]", b"\"", b"'", b";", b",", b"//", b"/*", b"1e999", b"-1", b"nan",
    b"99999999999999999999", b"kernel", b"for", b"macro", b"param", b"include", b"A", b"R5", b"null", b"true", b"\n",
    b"%s", b"../", b"\xe2\x80\xae", b"PK\x03\x04", b"\x93NUMPY", b"#include \"", b"#define A A A\n", b"template<",
    b"operator", b"k([]{", b"<<", b"?:", b"R\"(", b"*/", b"\\\n",
)
# fmt: on
"""What is put in, beside random bytes: brackets, numbers, words of the languages, marks of formats."""

ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**63, 10**30, 10**400, 0.5, -0.0, 1e-320, 1e308, float("inf"), float("nan"),
    "", "nan", "1e999", "x" * 3000, "\0", "../../x", [], {}, [[]], [None], {"": None}, [1] * 1000, [[[[[[]]]]]],
)  # fmt: skip
"""Values that are put into JSON documents."""


def mutated(data: bytes, draw: random.Random, ending: str) -> bytes:
    """The data with some changes, as its format allows."""
    if draw.random() < (0.9 if ending == ".onnx" else 0.5):  # bytes of a model make none, nearly always
        try:
            if ending == ".json":
                return _json(data, draw)
            if ending == ".onnx":
                return _onnx(data, draw)
            if data[:4] == b"PK\x03\x04":
                return _archive(data, draw)
            if data[:8] == b"\x89PNG\r\n\x1a\n":
                return _png(data, draw)
            if data[:4] in (b"II*\0", b"MM\0*") or data[4:8] == b"ftyp" or data[:4] in (b"\x1aE\xdf\xa3", b"RIFF"):
                return _in_place(data, draw)
        except (ValueError, KeyError, struct.error):
            pass
    return changed(data, draw)


def changed(data: bytes, draw: random.Random) -> bytes:
    """The data with one to eight changes: bytes changed, cut out, doubled, moved, or words put in."""
    found = bytearray(data)
    for _ in range(draw.randint(1, 8)):
        at = draw.randrange(len(found) + 1)
        to = min(len(found), at + draw.choice((1, 2, 8, 64, 512)))
        match draw.randrange(6):
            case 0 if at < len(found):
                found[at] = draw.randrange(256)
            case 1:
                del found[at:to]
            case 2:
                found[at:at] = found[at:to] * draw.choice((1, 2, 50))
            case 3:
                found[at:at] = draw.choice(WORDS) * draw.choice((1, 1, 1, 30))
            case 4:
                piece = bytes(found[at:to])
                del found[at:to]
                there = draw.randrange(len(found) + 1)
                found[there:there] = piece
            case _:
                del found[draw.randrange(len(found) + 1) :]
    return bytes(found)


def _json(data: bytes, draw: random.Random) -> bytes:
    """A document with one to three values, keys or entries changed."""
    document = json.loads(data)
    for _ in range(draw.randint(1, 3)):
        places = list(_places(document))
        if not places:
            return json.dumps(draw.choice(ODD)).encode()
        parent, key = draw.choice(places)
        match draw.randrange(5):
            case 0:
                del parent[key]
            case 1 if isinstance(parent, dict):
                parent[draw.choice(("", "x", "__class__", "name"))] = parent.pop(key)
            case 2 if isinstance(parent, list):
                parent.extend(parent[:] * draw.choice((1, 3)))
            case 3:
                parent[key] = [parent[key]] if draw.random() < 0.5 else {"a": parent[key]}
            case _:
                parent[key] = copy.deepcopy(draw.choice(ODD))  # or what is put in twice would grow at both places
    return json.dumps(document).encode()


def _places(value: Any) -> Any:
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield value, key
        yield from _places(value[key])


def _npy(value: Any) -> bytes:
    memory = io.BytesIO()
    np.save(memory, np.array(value))
    return memory.getvalue()


def _document(content: bytes) -> bytes | None:
    """The JSON in an array that is one text."""
    array = np.load(io.BytesIO(content))
    return str(array).encode() if array.dtype.kind == "U" and not array.shape and str(array)[:1] in "{[" else None


def _archive(data: bytes, draw: random.Random) -> bytes:
    """An archive with one member changed, renamed, left out or doubled, and every checksum right."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = [(info.filename, archive.read(info)) for info in archive.infolist()]
    at = draw.randrange(len(members))
    name, content = members[at]
    texts = [(n, found) for n, (_, held) in enumerate(members) if (found := _document(held))]
    kind = draw.randrange(5)
    if texts and draw.random() < 0.5:
        (at, document), kind = texts[0], -1
        members[at] = (members[at][0], _npy(_json(document, draw).decode()))
    match kind:
        case -1:
            pass
        case 0:
            del members[at]
        case 1:
            members[at] = (draw.choice(("x.npy", name.upper(), ".npy", name + "/", members[0][0])), content)
        case 2:
            head = content[:128]
            members[at] = (name, changed(head, draw) + content[128:])
        case _:
            members[at] = (name, changed(content, draw))
    out = io.BytesIO()
    kind = draw.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
    import warnings

    with warnings.catch_warnings(), zipfile.ZipFile(out, "w", kind) as archive:
        warnings.simplefilter("ignore")  # names that are there twice
        for name, content in members:
            archive.writestr(name, content)
    return out.getvalue()


def _in_place(data: bytes, draw: random.Random) -> bytes:
    """The data with one to eight bytes changed and nothing moved: tables of such formats say where everything lies."""
    found = bytearray(data)
    for _ in range(draw.randint(1, 8)):
        found[draw.randrange(len(found))] = draw.choice((0, 1, 0x7F, 0x80, 0xFF, draw.randrange(256)))
    return bytes(found)


def _onnx(data: bytes, draw: random.Random) -> bytes:
    """A model with one to three values, names or nodes changed; its bytes, where a dozen attempts make none."""
    import onnx
    from google.protobuf import json_format

    document = json.dumps(json_format.MessageToDict(onnx.load_from_string(data))).encode()
    for _ in range(12):
        with suppress(json_format.ParseError, ValueError, TypeError, AttributeError, OverflowError, RecursionError):
            model = json_format.ParseDict(json.loads(_json(document, draw)), onnx.ModelProto())
            return bytes(model.SerializeToString())
    return changed(data, draw)


def _png(data: bytes, draw: random.Random) -> bytes:
    """A picture with one chunk changed, left out or doubled, and every checksum right."""
    chunks, at = [], 8
    while at + 8 <= len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        chunks.append((data[at + 4 : at + 8], data[at + 8 : at + 8 + length]))
        at += 12 + length
    n = draw.randrange(len(chunks))
    kind, content = chunks[n]
    match draw.randrange(4):
        case 0:
            del chunks[n]
        case 1:
            chunks.insert(draw.randrange(len(chunks) + 1), (kind, content))
        case 2 if kind == b"IHDR":
            size = draw.choice((0, 1, 65, 2**15, 2**31 - 1)), draw.choice((0, 1, 65, 2**15, 2**31 - 1))
            depth = bytes((draw.choice((1, 2, 4, 8, 16)), draw.choice((0, 2, 3, 4, 6)), 0, 0, draw.choice((0, 1))))
            chunks[n] = (kind, struct.pack(">II", *size) + depth)
        case _:
            chunks[n] = (kind, changed(content, draw))
    return data[:8] + b"".join(
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in chunks
    )
