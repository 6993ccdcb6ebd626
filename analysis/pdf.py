"""The report on paper: the same page, set by WeasyPrint, which may fetch nothing from anywhere."""

import logging
from pathlib import Path

from study_core.errors import ToolMissingError
from study_core.manifest import sha256_bytes, write_bytes

PACKAGES = "libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-noto-core fonts-droid-fallback"
"""What WeasyPrint asks of Debian, and fonts for names in any script."""


def write_pdf(html: str, path: Path) -> None:
    """Write a page as PDF; same page, same bytes.

    Raises
    ------
    ToolMissingError
        If WeasyPrint, or a library that it draws text with, is not installed.
    """
    for name in ("weasyprint", "weasyprint.progress", "fontTools"):  # they speak while imported, too
        logging.getLogger(name).setLevel(logging.ERROR)
    try:
        import weasyprint  # type: ignore[import-untyped]
        from weasyprint.urls import URLFetcher  # type: ignore[import-untyped]
    except (ImportError, OSError) as error:
        raise ToolMissingError(
            f"The PDF cannot be written: {error}. Install (Debian: apt-get install {PACKAGES}), "
            "or leave it out with --no-pdf."
        ) from None
    page = weasyprint.HTML(string=html, url_fetcher=URLFetcher(allowed_protocols=["data"]))
    identifier = sha256_bytes(html.encode()).encode()
    write_bytes(path, page.write_pdf(pdf_identifier=identifier))


def write_beside(page: Path, html: str) -> None:
    """Write the PDF beside its page; where that cannot be, say that the page was written all the same."""
    try:
        write_pdf(html, page.with_suffix(".pdf"))
    except ToolMissingError as error:
        raise ToolMissingError(f"{error}\nThe page was written all the same: {page}") from None
