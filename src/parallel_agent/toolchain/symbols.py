"""Which functions a program takes from shared libraries, and which of theirs it replaces."""

from __future__ import annotations

import functools
import struct
from dataclasses import dataclass
from pathlib import Path

from parallel_agent.toolchain.objectcode import Section, sections

_SHT_DYNAMIC = 6
_SHT_DYNSYM = 11
_SHT_GNU_VERDEF = 0x6FFFFFFD
_SHT_GNU_VERSYM = 0x6FFFFFFF
_DT_NEEDED = 1
_LOCAL = 0
_OF_A_LIBRARY = 2  # the first version index that names another file's version
_SYMBOL = struct.Struct("<IBBHQQ")
_ENTRY = struct.Struct("<QQ")


@dataclass(frozen=True)
class Symbols:
    """The names (as the linker knows them) in a program's or a library's dynamic symbol table.

    ``defined`` leaves out copies of a library's own variables, such as ``std::cout``.
    """

    imported: frozenset[str]
    defined: frozenset[str]
    libraries: tuple[str, ...]


def dynamic_symbols(file: Path) -> Symbols:
    """Read them from an ELF file; ValueError for another one and for one linked statically.

    The layout: "ELF-64 Object File Format", version 1.5, and for the versions the Linux Standard
    Base, "Symbol Versioning".
    """
    image = file.read_bytes()
    table = sections(image, file.name)
    found = {section.kind: section for section in table}
    if _SHT_DYNSYM not in found or _SHT_DYNAMIC not in found:
        raise ValueError(f"{file.name} has no dynamic symbols")
    names, versions = table[found[_SHT_DYNSYM].link], _versions(image, found)
    imported: set[str] = set()
    defined: set[str] = set()
    for index, symbol in enumerate(_SYMBOL.iter_unpack(found[_SHT_DYNSYM].of(image))):
        name, info, _, section, _, _ = symbol
        if info >> 4 == _LOCAL:
            continue
        # What lies here and has another file's version is a copy of a library's variable.
        copied = index < len(versions) and versions[index] & 0x7FFF >= _OF_A_LIBRARY
        (imported if section == 0 or copied else defined).add(_text(image, names, name))
    entries = list(_ENTRY.iter_unpack(found[_SHT_DYNAMIC].of(image)))
    strings = table[found[_SHT_DYNAMIC].link]
    libraries = (_text(image, strings, value) for tag, value in entries if tag == _DT_NEEDED)
    return Symbols(frozenset(imported), frozenset(defined), tuple(libraries))


def _versions(image: bytes, found: dict[int, Section]) -> tuple[int, ...]:
    """The version index of every symbol of a file that defines no versions itself, else none."""
    if _SHT_GNU_VERSYM not in found or _SHT_GNU_VERDEF in found:
        return ()
    return tuple(index for (index,) in struct.iter_unpack("<H", found[_SHT_GNU_VERSYM].of(image)))


@functools.cache
def library_symbols(path: Path) -> frozenset[str]:
    """The names that a shared library defines; remembered."""
    return dynamic_symbols(path).defined


def _text(image: bytes, strings: Section, start: int) -> str:
    begin = strings.offset + start
    return image[begin : image.index(b"\0", begin)].decode(errors="replace")
