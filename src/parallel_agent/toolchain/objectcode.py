"""What a program's machine code is, whatever its source looked like."""

from __future__ import annotations

import hashlib
import struct
from pathlib import Path

_SHT_NOTE = 7
_SHT_NOBITS = 8
_SHF_ALLOC = 2
_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_SECTION = struct.Struct("<IIQQQQIIQQ")


def object_hash(binary: Path) -> str:
    """A hash of what a linked program loads: its code and data, without names and debug data.

    Two sources that differ in comments, layout or the names of locals have the same hash when
    they are built under the same file name and flags. It covers a linked program rather than an
    object file because only there a call names what it calls. Raises ValueError for a file that
    is no 64-bit little-endian ELF (the layout: "ELF-64 Object File Format", version 1.5).
    """
    image = binary.read_bytes()
    digest = hashlib.sha256()
    try:
        for kind, offset, size in _loaded_sections(image):
            digest.update(struct.pack("<IQ", kind, size))
            if kind != _SHT_NOBITS:
                digest.update(image[offset : offset + size])
    except struct.error as error:
        raise ValueError(f"{binary.name} is cut short") from error
    return digest.hexdigest()


def _loaded_sections(image: bytes) -> list[tuple[int, int, int]]:
    """Type, offset and size of each section that is loaded; notes (the build id) left out."""
    header = _HEADER.unpack_from(image)
    if header[0][:6] != b"\x7fELF\x02\x01":
        raise ValueError("not a 64-bit little-endian ELF file")
    table, entry_size, count = header[6], header[11], header[12]
    loaded = []
    for index in range(count):
        section = _SECTION.unpack_from(image, table + index * entry_size)
        _, kind, flags, _, offset, size = section[:6]
        if flags & _SHF_ALLOC and kind != _SHT_NOTE:
            loaded.append((kind, offset, size))
    return loaded
