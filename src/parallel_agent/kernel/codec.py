"""Values of C++ types as bytes: what travels between us and the process that runs a kernel.

A value in Python is: a numpy scalar for a flat type (a structured one for structs and pairs), a
numpy array for a vector or pointer of flat elements (one byte a bool), ``bytes`` for a string, and
a list for a vector of anything else. Every item starts at a multiple of 8 bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from parallel_agent.kernel.types import (
    Pointer,
    Signature,
    String,
    Type,
    Vector,
    dtype,
    is_flat,
)

ALIGNMENT = 8
_COUNT = np.dtype(np.uint64)
_LEAST = 1 << 12


class Encoder:
    """Appends encoded values to memory: the ``room`` that is given, or its own, which grows.

    Raises ValueError where what was given is full.
    """

    def __init__(self, room: memoryview | None = None) -> None:
        self._given = room is not None
        self._memory = _memory(_LEAST) if room is None else room
        self._length = 0

    def value(self, type_: Type, value: Any) -> None:
        """Append one value of ``type_``."""
        if isinstance(type_, String):
            self._counted(len(value), bytes(value))
        elif is_flat(type_):
            layout = dtype(type_)
            item = np.zeros(layout.shape, layout.base)  # numpy copies members, not what is between
            item[...] = value
            self._raw(item.tobytes())
        elif isinstance(type_, Vector | Pointer) and is_flat(type_.element):
            array = np.ascontiguousarray(value, dtype=dtype(type_.element).base)
            self._counted(len(array), array.reshape(-1).view(np.uint8).data)
        elif isinstance(type_, Vector) and isinstance(type_.element, String):
            self._counted(len(value), _encoded_strings(value))
        elif isinstance(type_, Vector):
            self._counted(len(value), b"")
            for element in value:
                self.value(type_.element, element)
        else:
            raise TypeError(f"cannot encode {type_.spelling}")

    def numbers(self, element: Type, count: int) -> np.ndarray[Any, Any]:
        """Append a vector of ``count`` elements of a flat type: as an array that is to be filled.

        It must be filled before anything else is appended.
        """
        self._raw(np.uint64(count).tobytes())
        return numbers_in(self.block(count * dtype(element).itemsize), element)

    def block(self, size: int) -> memoryview:
        """Append so many bytes, which are to be filled before anything else is appended."""
        start = self._length + -self._length % ALIGNMENT
        end = start + size
        if end > len(self._memory):
            self._grow(end)
        if start > self._length:
            self._memory[self._length : start] = bytes(start - self._length)
        self._length = end
        return self._memory[start:end]

    def take_back(self, size: int) -> None:
        """Remove the last bytes again."""
        self._length -= size

    def arguments(self, signature: Signature, values: list[Any]) -> None:
        """Append one call: the values of all parameters in order."""
        for parameter, value in zip(signature.parameters, values, strict=True):
            self.value(parameter.type, value)

    def payload(self) -> memoryview:
        """Everything appended so far."""
        return self._memory[: self._length]

    def _grow(self, least: int) -> None:
        if self._given:
            raise ValueError(f"{least} bytes of inputs have no room in {len(self._memory)}")
        larger = _memory(2 * least)
        larger[: self._length] = self._memory[: self._length]
        self._memory = larger

    def _raw(self, data: bytes | memoryview) -> None:
        self.block(len(data))[:] = data

    def _counted(self, count: int, data: bytes | memoryview) -> None:
        self._raw(np.uint64(count).tobytes())
        self._raw(data)


def numbers_in(memory: memoryview | np.ndarray[Any, Any], type_: Type) -> np.ndarray[Any, Any]:
    """The memory as elements of a flat type; what lies between their members becomes zero."""
    layout = dtype(type_)
    if layout.base.kind == "V":
        np.frombuffer(memory, dtype=np.uint8)[:] = 0
    # A layout with a shape (std::array) is a subarray dtype: axes more, the same bytes.
    data = np.frombuffer(memory, dtype=layout.base)
    return data.reshape((-1, *layout.shape))


def _memory(size: int) -> memoryview:
    """Memory that nobody wrote to yet: numpy asks for large pages, of which few must be got."""
    return np.empty(size, dtype=np.uint8).data


def _encoded_strings(strings: Sequence[bytes]) -> bytes:
    """Strings one after another, each a count and its bytes padded to the alignment."""
    lengths = np.fromiter(map(len, strings), dtype=np.int64, count=len(strings))
    sizes = _COUNT.itemsize + lengths + -lengths % ALIGNMENT
    ends = np.cumsum(sizes)
    starts = ends - sizes
    padded = int(sizes.sum())
    encoded = np.zeros(padded, dtype=np.uint8)
    encoded.view(_COUNT)[starts // ALIGNMENT] = lengths
    # Each byte's place: where its string's bytes start, and how far into the string it is.
    before = np.cumsum(lengths) - lengths
    places = np.arange(int(lengths.sum())) + np.repeat(starts + _COUNT.itemsize - before, lengths)
    encoded[places] = np.frombuffer(b"".join(strings), dtype=np.uint8)
    unpadded = padded - int(-lengths[-1] % ALIGNMENT) if len(strings) else 0
    return encoded[:unpadded].tobytes()


class Decoder:
    """Reads encoded values one after another; ValueError where the bytes end too early."""

    def __init__(self, data: bytes | bytearray | memoryview) -> None:
        self._data = memoryview(data)
        self._at = 0

    def value(self, type_: Type) -> Any:
        """The next value, which must be of ``type_`` (arrays are views of the bytes read)."""
        if isinstance(type_, String):
            return bytes(self._take(self._count()))
        if is_flat(type_):
            return self._array(type_, 1)[0]
        if isinstance(type_, Vector | Pointer) and is_flat(type_.element):
            return self._array(type_.element, self._count())
        if isinstance(type_, Vector):
            return [self.value(type_.element) for _ in range(self._count())]
        raise TypeError(f"cannot decode {type_.spelling}")

    def outputs(self, signature: Signature) -> Outputs:
        """The results of one call: the returned value, then every parameter after the call."""
        returned = None if signature.returns is None else self.value(signature.returns)
        return Outputs(returned, {p.name: self.value(p.type) for p in signature.parameters})

    def finish(self) -> None:
        """Check that everything was read; ValueError if bytes are left over."""
        if self._at != len(self._data):
            raise ValueError(f"{len(self._data) - self._at} bytes too many in a result")

    def _take(self, size: int) -> memoryview:
        start = self._at + (-self._at % ALIGNMENT)
        if start + size > len(self._data):
            raise ValueError("a result ends too early")
        self._at = start + size
        return self._data[start : self._at]

    def _count(self) -> int:
        return int(np.frombuffer(self._take(8), dtype=_COUNT)[0])

    def _array(self, element: Type, count: int) -> np.ndarray[Any, Any]:
        layout = dtype(element)
        # A layout with a shape (std::array) is a subarray dtype: one axis more, the same bytes.
        data = np.frombuffer(self._take(count * layout.itemsize), dtype=layout.base)
        return data.reshape((count, *layout.shape))


class Outputs:
    """What one call left behind: the returned value and all parameters by name."""

    __slots__ = ("parameters", "returned")

    def __init__(self, returned: Any, parameters: dict[str, Any]) -> None:
        self.returned = returned
        self.parameters = parameters


def encode_calls(signature: Signature, calls: list[list[Any]]) -> memoryview:
    """The payload for several calls, one after another."""
    encoder = Encoder()
    for values in calls:
        encoder.arguments(signature, values)
    return encoder.payload()


def decode_calls(
    signature: Signature, data: bytes | bytearray | memoryview, calls: int
) -> list[Outputs]:
    """The outputs of ``calls`` calls; ValueError if the bytes are not exactly that."""
    decoder = Decoder(data)
    outputs = [decoder.outputs(signature) for _ in range(calls)]
    decoder.finish()
    return outputs
