"""What a program's machine code is, whatever its source looked like."""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass
from pathlib import Path

_SHT_NOTE = 7
_SHT_NOBITS = 8
_SHF_ALLOC = 2
_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_SECTION = struct.Struct("<IIQQQQIIQQ")


@dataclass(frozen=True)
class Section:
    """A section of an ELF file: where it lies, and the index of the section it refers to."""

    kind: int
    flags: int
    offset: int
    size: int
    link: int

    def of(self, image: bytes) -> bytes:
        """Its content."""
        return image[self.offset : self.offset + self.size]


def object_hash(binary: Path) -> str:
    """A hash of what a linked program loads: its code and data, without names and debug data.

    Two sources that differ in comments, layout or the names of locals have the same hash when
    they are built under the same file name and flags. It covers a linked program rather than an
    object file because only there a call names what it calls. Raises ValueError for a file that
    is no 64-bit little-endian ELF (the layout: "ELF-64 Object File Format", version 1.5).
    """
    image = binary.read_bytes()
    digest = hashlib.sha256()
    for section in sections(image, binary.name):
        if section.flags & _SHF_ALLOC and section.kind != _SHT_NOTE:
            digest.update(struct.pack("<IQ", section.kind, section.size))
            if section.kind != _SHT_NOBITS:
                digest.update(section.of(image))
    return digest.hexdigest()


def sections(image: bytes, name: str) -> list[Section]:
    """All sections of an ELF file, in order; ValueError where it is none or is cut short."""
    try:
        header = _HEADER.unpack_from(image)
        if header[0][:6] != b"\x7fELF\x02\x01":
            raise ValueError("not a 64-bit little-endian ELF file")
        table, entry_size, count = header[6], header[11], header[12]
        found = (_SECTION.unpack_from(image, table + i * entry_size) for i in range(count))
        return [
            Section(kind, flags, at, size, link) for _, kind, flags, _, at, size, link, *_ in found
        ]
    except struct.error as error:
        raise ValueError(f"{name} is cut short") from error
