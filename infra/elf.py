"""Shared libraries without what only debuggers read.

Source: System V ABI, "ELF Header" and "Program Header": a loader reads the segments that the program header lists;
section headers, symbol and string tables behind the last of them are for linkers and debuggers.
"""

import struct

_MAGIC = b"\x7fELF\x02\x01"
"""A 64-bit, little-endian ELF file: Lambda's two architectures, and Linux on both."""

_PROGRAM_HEADER_OFFSET, _SECTION_HEADER_OFFSET, _SECTION_HEADER_COUNT = 32, 40, 60
_ENTRY_SIZE, _ENTRY_COUNT = 54, 56


def loadable(content: bytes) -> bytes:
    """The part of a shared library that a loader reads. What is no such file comes back as it is."""
    if not content.startswith(_MAGIC):
        return content
    (table,) = struct.unpack_from("<Q", content, _PROGRAM_HEADER_OFFSET)
    size, count = struct.unpack_from("<HH", content, _ENTRY_SIZE)
    segments = [_segment_end(content, table + index * size) for index in range(count)]
    kept = bytearray(content[: max(table + count * size, *segments)])
    struct.pack_into("<Q", kept, _SECTION_HEADER_OFFSET, 0)
    struct.pack_into("<HH", kept, _SECTION_HEADER_COUNT, 0, 0)
    return bytes(kept)


def _segment_end(content: bytes, entry: int) -> int:
    (offset,) = struct.unpack_from("<Q", content, entry + 8)
    (length,) = struct.unpack_from("<Q", content, entry + 32)
    return offset + length
