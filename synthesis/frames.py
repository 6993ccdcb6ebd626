"""What an audio file shows without being decoded: its frames, and whatever lies around them."""

from dataclasses import dataclass

_MPEG1_KBPS = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_MPEG2_KBPS = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_MPEG1_HZ = (44100, 48000, 32000)
_SYNC = 0xFFE00000
_MPEG1, _MPEG2, _LAYER_3 = 3, 2, 1
_HEADER_BYTES = 4
OPUS_HZ = 48000
"""Sample rate at which Opus is decoded, whatever it was made from."""
_OPUS_HEADERS, _OPUS_FRAME_MS = 2, 20
_PAGE_BYTES, _FULL_SEGMENT = 27, 255
_NO_RATES = (0, 15)  # free format, and forbidden


@dataclass(frozen=True, slots=True)
class Frames:
    """The frames of an audio file and the bytes outside of them, which hold tags."""

    sample_rate_hz: int
    """0 where there is no frame."""
    kbps: frozenset[int]
    n_frames: int
    tags: bytes


def read_mp3_frames(data: bytes) -> Frames:
    """Return what the frame headers of an MP3 file say (ISO 11172-3, section 2.4.1.3)."""
    rates: set[int] = set()
    rate_hz, n_frames, place, tags = 0, 0, 0, bytearray()
    while place < len(data):
        header = _read_header(data[place : place + _HEADER_BYTES])
        if header is not None and place + header.n_bytes <= len(data):
            rates.add(header.kbps)
            rate_hz = header.sample_rate_hz
            n_frames += 1
            place += header.n_bytes
        else:
            tags.append(data[place])
            place += 1
    return Frames(rate_hz, frozenset(rates), n_frames, bytes(tags))


def read_opus_frames(data: bytes) -> Frames:
    """Return what the packets of an Ogg Opus file say; its two header packets count as tags (RFC 7845)."""
    packets = _read_packets(data)
    head, audio = packets[:_OPUS_HEADERS], packets[_OPUS_HEADERS:]
    if not audio or not head[0].startswith(b"OpusHead"):
        return Frames(0, frozenset(), 0, data)
    kbps = frozenset(round(8 * len(packet) / _OPUS_FRAME_MS) for packet in audio)
    return Frames(OPUS_HZ, kbps, len(audio), b"".join(head))


@dataclass(frozen=True, slots=True)
class _Header:
    sample_rate_hz: int
    kbps: int
    n_bytes: int


def _read_header(header: bytes) -> _Header | None:
    """Return what four bytes say; nothing where no frame of layer III starts."""
    bits = int.from_bytes(header, "big")
    version, layer = bits >> 19 & 3, bits >> 17 & 3
    rate_index, frequency_index, padding = bits >> 12 & 15, bits >> 10 & 3, bits >> 9 & 1
    is_sync = len(header) == _HEADER_BYTES and bits & _SYNC == _SYNC
    if not is_sync or layer != _LAYER_3 or version not in (_MPEG1, _MPEG2):
        return None
    if rate_index in _NO_RATES or frequency_index == len(_MPEG1_HZ):
        return None
    is_mpeg1 = version == _MPEG1
    kbps = (_MPEG1_KBPS if is_mpeg1 else _MPEG2_KBPS)[rate_index]
    rate_hz = _MPEG1_HZ[frequency_index] // (1 if is_mpeg1 else 2)
    return _Header(rate_hz, kbps, (144_000 if is_mpeg1 else 72_000) * kbps // rate_hz + padding)


def _read_packets(data: bytes) -> list[bytes]:
    """Return the packets of an Ogg file of one stream (RFC 3533, section 6)."""
    packets, packet, place = list[bytes](), b"", 0
    while data[place : place + 4] == b"OggS" and place + _PAGE_BYTES <= len(data):
        start = place + _PAGE_BYTES
        segments = data[start : start + data[start - 1]]
        place = start + len(segments)
        for n_bytes in segments:
            packet += data[place : place + n_bytes]
            place += n_bytes
            if n_bytes < _FULL_SEGMENT:
                packets.append(packet)
                packet = b""
    return packets
