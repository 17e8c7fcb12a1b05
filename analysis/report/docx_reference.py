"""The reference document of the Word reports: pandoc's own with our styles, our page and nothing in it.

``python -m analysis.report.docx_reference`` writes it; pandoc takes from it all but the text.
"""

import datetime as dt
import re
from pathlib import Path

from analysis.files import write_bytes
from analysis.report.docx_package import packed, unpacked
from analysis.report.docx_pandoc import default_reference
from analysis.report.docx_styles import NAMESPACE, styles_xml

REFERENCE = Path(__file__).parents[2] / "reports" / "_shared" / "reference.docx"
MADE = dt.date(2026, 11, 22)
# A4 with the margins of the PDF: 24 mm at the sides and at the foot, 26 mm at the head.
PAGE = (
    '<w:sectPr><w:pgSz w:w="11906" w:h="16838"/><w:pgMar w:top="1474" w:right="1361" w:bottom="1361" w:left="1361" '
    'w:header="680" w:footer="624" w:gutter="0"/><w:titlePg/></w:sectPr>'
)
# Long words are divided at the end of a line, and Word shows the file as one of its own time.
SETTINGS = '<w:autoHyphenation w:val="1"/><w:consecutiveHyphenLimit w:val="2"/>'
MODE = (
    '<w:compat><w:compatSetting w:name="compatibilityMode" w:uri="http://schemas.microsoft.com/office/word" '
    'w:val="15"/></w:compat>'
)
# Pandoc's counts words that nobody has counted, and names a program that has not made the file.
PROGRAM = (
    '<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/extended-properties">'
    "<Application>Tiltakseffekt</Application></Properties>"
)


def reference_document() -> bytes:
    """Return the reference document, the same bytes for the same version of pandoc."""
    members = unpacked(default_reference())
    settings = members["word/settings.xml"].decode("utf-8")
    settings = re.sub(r"(<w:defaultTabStop [^>]*/>)", rf"\1{SETTINGS}", settings)
    settings = re.sub(r"(<w:rsids>)", rf"{MODE}\1", settings)
    body = f"<w:document {NAMESPACE}><w:body><w:p/>{PAGE}</w:body></w:document>"
    own = {
        "docProps/app.xml": PROGRAM,
        "word/document.xml": body,
        "word/settings.xml": settings,
        "word/styles.xml": styles_xml(),
    }
    return packed({**members, **{name: text.encode("utf-8") for name, text in own.items()}}, MADE)


if __name__ == "__main__":
    write_bytes(REFERENCE, reference_document())
