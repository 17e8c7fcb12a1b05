"""The first sheet of the workbook: what it is, what lies where, and where the numbers come from."""

from collections.abc import Iterable, Sequence

from analysis.report.sheets import Sheet, provenance
from analysis.report.workbook_page import Page

TERMS, TEXTS = 42, 100


def write(page: Page, held: Sequence[Sheet]) -> None:
    """Write the first sheet; `held`: the sheets that it links to."""
    page.sheet.set_column(0, 0, TERMS)
    page.sheet.set_column(1, 1, TEXTS)
    row = page.write_top(page.report["title"], page.styles.title) + 1
    row = _pairs(page, row, _about(page)) + 1
    row = _contents(page, row, held) + 1
    row = _heading(page, row, page.words["report"])
    row = _pairs(page, row, ((pair["term"], pair["text"]) for pair in page.report["meta"])) + 1
    title, sentences, pairs = provenance(page.report)
    row = _heading(page, row, title)
    row = _pairs(page, row, (("", sentence) for sentence in sentences))
    _pairs(page, row, pairs)


def _about(page: Page) -> Iterable[tuple[str, str]]:
    """What the workbook is, by term."""
    for entry in page.words["workbook"].values():
        yield entry["term"], entry["text"].format(title=page.report["title"], sheet=page.words["last_sheet"])


def _heading(page: Page, row: int, *texts: str) -> int:
    for place, text in enumerate((*texts, "")[:2]):
        page.sheet.write_string(row, place, text, page.styles.heading)
    return row + 1


def _pairs(page: Page, row: int, pairs: Iterable[tuple[str, str]]) -> int:
    for term, text in pairs:
        page.sheet.write_string(row, 0, term, page.styles.term)
        page.sheet.write_string(row, 1, text, page.styles.text)
        page.set_height(row, (term, text), (TERMS, TEXTS))
        row += 1
    return row


def _contents(page: Page, row: int, held: Sequence[Sheet]) -> int:
    """A link to each sheet with what it holds."""
    row = _heading(page, row, page.words["sheet"], page.words["content"])
    last = page.words["last_sheet"]
    for name, text in [*((sheet.name, sheet.caption) for sheet in held), (last, page.words["numeric_columns"])]:
        page.write_link(row, name, name)
        page.sheet.write_string(row, 1, text, page.styles.text)
        page.set_height(row, (name, text), (TERMS, TEXTS))
        row += 1
    return row
