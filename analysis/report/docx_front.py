"""The first page of a report in Word: banner, title, fields and a table of contents."""

from collections.abc import Iterator

from analysis.report.docx_pandoc import Node, link, node, paragraph, span, word_block, word_run, words

TAB = word_run("<w:r><w:tab/></w:r>")
# Word knows the list as its own table of contents, and writes page numbers into it when the reader asks for that.
CONTENTS_BEGIN = word_block(
    '<w:sdt><w:sdtPr><w:docPartObj><w:docPartGallery w:val="Table of Contents"/><w:docPartUnique/></w:docPartObj>'
    "</w:sdtPr><w:sdtContent>"
)
CONTENTS_END = word_block("</w:sdtContent></w:sdt>")
FIELD_BEGIN = word_run(
    '<w:r><w:fldChar w:fldCharType="begin"/></w:r>'
    '<w:r><w:instrText xml:space="preserve"> TOC \\o "1-2" \\h \\z \\u </w:instrText></w:r>'
    '<w:r><w:fldChar w:fldCharType="separate"/></w:r>'
)
FIELD_END = word_run('<w:r><w:fldChar w:fldCharType="end"/></w:r>')


def front(report: dict) -> Iterator[Node]:
    """What stands before the first section."""
    banner = report["banner"]
    if banner:
        heading = node("Strong", [words(banner["heading"])])
        yield paragraph([heading, node("LineBreak"), words(banner["text"])], "Banner")
    yield paragraph([words(report["title"])], "Title")
    yield paragraph([words(report["subtitle"])], "Subtitle")
    for field in report["meta"]:
        yield paragraph([span([words(field["term"])], style="Meta Term"), TAB, words(field["text"])], "Meta")
    yield from _contents(report["sections"], report["labels"]["contents"])


def _contents(sections: list[dict], heading: str) -> Iterator[Node]:
    """Links to the sections, inside a field that Word can make anew."""
    entries = [[link([words(section["title"])], f"#{section['id']}")] for section in sections]
    entries[0] = [FIELD_BEGIN, *entries[0]]
    entries[-1] = [*entries[-1], FIELD_END]
    yield CONTENTS_BEGIN
    yield paragraph([words(heading)], "TOC Heading")
    for section, entry in zip(sections, entries, strict=True):
        yield paragraph(entry, f"toc {section['level']}")
    yield CONTENTS_END
