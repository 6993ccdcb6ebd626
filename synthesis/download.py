"""A soundfont out of its Debian package, fetched from Debian's archive."""

import io
import logging
import lzma
import tarfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from study_core.errors import StimulusError
from study_core.manifest import sha256_bytes, write_bytes

_TIMEOUT_S = 30
_MAGIC = b"!<arch>\n"
_HEADER_BYTES, _NAME, _SIZE = 60, slice(0, 16), slice(48, 58)

logger = logging.getLogger(__name__)


def download_soundfont(address: str, file_name: str, sha256: str, folder: Path) -> Path:
    """Fetch a Debian package, put the soundfont in it into a folder, and return its path.

    Raises
    ------
    StimulusError
        If it cannot be fetched, holds no such file or another content, or the folder cannot be written: why,
        in words that end a sentence.
    """
    import httpx

    logger.info("Fetching the soundfont %s from %s ...", file_name, address)
    try:
        reply = httpx.get(address, follow_redirects=True, timeout=_TIMEOUT_S).raise_for_status()
        soundfont = _unpack(reply.content, file_name)
        if sha256_bytes(soundfont) != sha256:
            raise StimulusError(f"{address} holds another {file_name} than soundfonts.yaml lists")
        write_bytes(folder / file_name, soundfont)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise StimulusError(f"{address} cannot be fetched ({error})") from None
    except (tarfile.TarError, EOFError, lzma.LZMAError, ValueError) as error:
        raise StimulusError(f"the package fetched is damaged ({error})") from None
    except OSError as error:
        raise StimulusError(f"{folder} cannot be written ({error.strerror})") from None
    return folder / file_name


def _unpack(package: bytes, file_name: str) -> bytes:
    """Return a file of a Debian package: an ar archive, whose member data.tar.* holds the files."""
    for name, member in _list_members(package):
        if name.startswith("data.tar"):
            with tarfile.open(fileobj=io.BytesIO(member)) as files:
                wanted = [entry for entry in files if PurePosixPath(entry.name).name == file_name]
                content = files.extractfile(wanted[0]) if wanted else None
                if content is not None:
                    return content.read()
    raise StimulusError(f"the package fetched holds no {file_name}")


def _list_members(package: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of each member of an ar archive."""
    place = len(_MAGIC)
    while package.startswith(_MAGIC) and place + _HEADER_BYTES <= len(package):
        header = package[place : place + _HEADER_BYTES]
        size = int(header[_SIZE])
        start = place + _HEADER_BYTES
        yield header[_NAME].decode().strip().rstrip("/"), package[start : start + size]
        place = start + size + size % 2  # members start at even places
