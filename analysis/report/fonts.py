"""The fonts of the web pages: Source Sans 3, cut to the signs that reports use."""

import io
import os
from pathlib import Path

from fontTools import subset

WEB_FILES = {400: "SourceSans3_400Regular.ttf", 600: "SourceSans3_600SemiBold.ttf", 700: "SourceSans3_700Bold.ttf"}
# Latin-1, the Latin letters of Nordic and Sami names, Greek, dashes and quotes, thin spaces, arrows, comparison
# signs, and the circles of an evidence grade. Names of offices and sources decide the letters.
SIGNS = (
    (0x0020, 0x007E),
    (0x00A0, 0x017F),
    (0x0370, 0x03FF),
    (0x2009, 0x2009),
    (0x2010, 0x2026),
    (0x202F, 0x2030),
    (0x20AC, 0x20AC),
    (0x2190, 0x2194),
    (0x2212, 0x2212),
    (0x2248, 0x2248),
    (0x2260, 0x2265),
    (0x25CB, 0x25CF),
    (0x2713, 0x2713),
)


def web_fonts(folder: str | os.PathLike) -> dict[int, bytes]:
    """Return weight → WOFF2 bytes for the weights 400, 600 and 700, the same bytes each time.

    `folder` holds the full TrueType files; one that is missing raises FileNotFoundError.
    """
    return {weight: _subset(Path(folder) / name) for weight, name in WEB_FILES.items()}


def _subset(path: Path) -> bytes:
    # The features of the font that browsers use unasked; its figures are of one width without any.
    options = subset.Options(flavor="woff2", recalc_timestamp=False)
    with subset.load_font(str(path), options) as font:
        cutter = subset.Subsetter(options)
        cutter.populate(unicodes=[sign for first, last in SIGNS for sign in range(first, last + 1)])
        cutter.subset(font)
        stream = io.BytesIO()
        subset.save_font(font, stream, options)
    return stream.getvalue()
