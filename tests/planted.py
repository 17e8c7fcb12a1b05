"""Leaks planted in every kind of file: what the file holds, and the place where a scan must say that it stands.

The numbers are Tenor numbers, of nobody; the id is made like those of the made-up persons.
"""

import base64
import csv
import io
import json
import pickle
import struct
import zipfile
import zlib
from pathlib import Path

import pandas as pd
import pikepdf
import typst

VECTORS = Path(__file__).parent / "reference" / "nationalid" / "fnr_tenor_vectors.csv"
TENOR_RULE = "syntetisk fødselsnummer (Tenor)"


def planted(wanted: str = "fnr-tenor", source: str = "generert 1964") -> str:
    with VECTORS.open(encoding="utf-8") as stream:
        rows = csv.DictReader(stream, delimiter=";")
        return next(row["nummer"] for row in rows if row["type"] == wanted and row["kilde"] == source)


NUMBER = planted()
DATE, LAST_FIVE = NUMBER[:6], NUMBER[6:]


def zipped(name: str, xml: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr(name, xml)
    return stream.getvalue()


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(title: str) -> bytes:
    text = png_chunk(b"tEXt", b"Title\0" + title.encode())
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", bytes(13)) + text + png_chunk(b"IEND", b"")


def saved(document: pikepdf.Pdf) -> bytes:
    stream = io.BytesIO()
    document.save(stream, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    return stream.getvalue()


def pdf_with_title(title: str) -> bytes:
    document = pikepdf.new()
    document.add_blank_page()
    document.docinfo["/Title"] = title
    return saved(document)


def pdf_with_attachment(content: str) -> bytes:
    document = pikepdf.new()
    document.add_blank_page()
    document.attachments["tabell.csv"] = content.encode()
    return saved(document)


def printed(source: str) -> bytes:
    return typst.compile(source.encode())


def sheet(value: str) -> bytes:
    cell = f'<row r="2"><c r="B2"><v>{value}</v></c></row>'
    return zipped("xl/worksheets/sheet1.xml", f"<worksheet><sheetData>{cell}</sheetData></worksheet>")


def split_document() -> bytes:
    runs = "".join(f"<w:r><w:rPr><w:b/></w:rPr><w:t>{part}</w:t></w:r>" for part in (DATE, LAST_FIVE))
    return zipped("word/document.xml", f"<w:document><w:p>{runs}</w:p></w:document>")


def notebook() -> bytes:
    output = {"data": {"text/html": [f"<td><b>{DATE}</b>", f"{LAST_FIVE}</td>"]}}
    return json.dumps({"cells": [{"source": [], "outputs": [output]}]}).encode()


def bundle(members: dict[str, str | bytes]) -> bytes:
    """A zip archive of these members."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def stata_file(value: object = 7, **options: object) -> bytes:
    """A Stata file of one column, with a planted value or with one in its labels."""
    stream = io.BytesIO()
    frame = pd.DataFrame({"a": [1, 2], "b": [value, value]})
    frame.to_stata(stream, write_index=False, version=118, **options)
    return stream.getvalue()


LEAKS = {
    "text of a page": ("a.html", f"<p>Saken til {NUMBER}.</p>", "linje 1"),
    "two spans": ("a.html", f"<p>\n<span>{NUMBER[:4]}</span><span>{NUMBER[4:]}</span></p>", "linje 2"),
    "two spans, two lines": ("a.html", f"<p><b>{DATE}</b>\n   <b>{LAST_FIVE}</b></p>", "linje 1"),
    "nbsp as a code": ("a.html", f"<p>{DATE}&nbsp;{LAST_FIVE}</p>", "linje 1"),
    "narrow nbsp": ("a.html", f"<p>{DATE}\u202f{LAST_FIVE}</p>", "linje 1"),
    "script": ("a.html", f'<script>x = "{DATE}\\u00a0{LAST_FIVE}"</script>', "linje 1"),
    "comment": ("a.html", f"<!-- {NUMBER} -->", "kommentar, linje 1"),
    "attribute": ("a.svg", f'<svg>\n<path d="M0" id="p-{NUMBER}"/></svg>', "attributtet id, linje 2"),
    "spans of a label": ("a.svg", f"<text><tspan>{DATE}</tspan><tspan>{LAST_FIVE}</tspan></text>", "linje 1"),
    "csv": ("a.csv", f"n,id\n1,{NUMBER}\n", "linje 2"),
    "csv, float": ("a.csv", f"n,id\n1,{NUMBER}.0\n", "linje 2"),
    "csv with semicolons": ("a.csv", f"n;id\n1,5;{NUMBER}\n", "linje 2"),
    "json": ("a.json", json.dumps({"a": [1, int(NUMBER)]}), "linje 1"),
    "json escape": ("a.json", json.dumps({"a": f"{DATE}\u00a0{LAST_FIVE}"}), "linje 1"),
    "text over two lines": ("a.txt", f"Saken til {NUMBER[:3]}\n{NUMBER[3:]}", "linje 1"),
    "markdown": ("a.md", f"| {DATE}-{LAST_FIVE} |", "linje 1"),
    "tex": ("a.tex", f"% {NUMBER}", "linje 1"),
    "tex, two commands": ("a.tex", f"\n\\textbf{{{DATE}}}\\-\\emph{{{LAST_FIVE}}}", "linje 2"),
    "utf-16": ("a.csv", f"id\n{NUMBER}".encode("utf-16"), "linje 2"),
    "notebook": ("a.ipynb", notebook(), "celle 1, linje 1"),
    "worksheet": ("a.xlsx", sheet(NUMBER), "xl/worksheets/sheet1.xml, celle B2"),
    "worksheet, float": ("a.xlsx", sheet(f"{NUMBER}.0"), "xl/worksheets/sheet1.xml, celle B2"),
    "workbook properties": (
        "a.xlsx",
        zipped("docProps/core.xml", f"<dc:x>{NUMBER}</dc:x>"),
        "docProps/core.xml, linje 1",
    ),
    "archive, table": ("a.zip", bundle({"tables/a.csv": f"n,id\n1,{NUMBER}\n"}), "tables/a.csv, linje 2"),
    "archive, latex": ("a.zip", bundle({"a.tex": f"x & {DATE}~{LAST_FIVE}"}), "a.tex, linje 1"),
    "archive, text": ("a.zip", bundle({"LES-MEG.txt": f"Saken til {NUMBER}"}), "LES-MEG.txt, linje 1"),
    "archive, drawing": ("a.zip", bundle({"a.svg": f"<svg><title>{NUMBER}</title></svg>"}), "a.svg, linje 1"),
    "archive, picture": ("a.zip", bundle({"a.png": png(NUMBER)}), "a.png, bildets metadata (tEXt)"),
    "archive, stata": ("a.zip", bundle({"data/a.dta": stata_file(int(NUMBER))}), "data/a.dta, radene"),
    "stata, number": ("a.dta", stata_file(float(NUMBER)), "radene"),
    "stata, text": ("a.dta", stata_file(NUMBER), "radene"),
    "stata, title": ("a.dta", stata_file(data_label=f"Om {NUMBER}"), "navn og merkelapper"),
    "stata, label": ("a.dta", stata_file(variable_labels={"b": NUMBER}), "navn og merkelapper"),
    "stata, label of a value": ("a.dta", stata_file(value_labels={"b": {7: NUMBER}}), "navn og merkelapper"),
    "document": ("a.docx", split_document(), "word/document.xml, linje 1"),
    "picture": ("a.png", png(f"Figur {NUMBER}"), "bildets metadata (tEXt)"),
    "pdf title": ("a.pdf", pdf_with_title(f"Rapport {NUMBER}"), "metadata (Title)"),
    "pdf attachment": ("a.pdf", pdf_with_attachment(f"id\n{NUMBER}"), "vedlegget «tabell.csv», linje 2"),
    "pdf page": ("a.pdf", printed(f"#pagebreak()\nSaken til {NUMBER}"), "side 2"),
    "pdf spans": ("a.pdf", printed(f"{NUMBER[:5]}#strong[{NUMBER[5:]}]"), "side 1"),
    "pdf lines": ("a.pdf", printed(f"Saken til {NUMBER[:5]} \\ {NUMBER[5:]}"), "side 1"),
    "pdf nbsp": ("a.pdf", printed(f"Saken til {DATE}~{LAST_FIVE}"), "side 1"),
}


def written(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def archived(members: dict[str, str | bytes]) -> bytes:
    """An Office file of these members."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {"[Content_Types].xml": "<Types/>", **members}.items():
            archive.writestr(name, content)
    return stream.getvalue()


def paragraph(text: str) -> str:
    return f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"


def document(member: str, element: str) -> bytes:
    """A Word document whose body is clean, with a number in another of its parts."""
    body = f"<w:document><w:body>{paragraph('Rapport')}</w:body></w:document>"
    return archived({"word/document.xml": body, member: f"<{element}>{paragraph(f'Se {NUMBER}')}</{element}>"})


def workbook(member: str, xml: str, state: str = "visible") -> bytes:
    sheets = f'<sheet name="Tall" sheetId="1"/><sheet name="Personer" sheetId="2" state="{state}"/>'
    clean = '<worksheet><sheetData><row r="1"><c r="A1"><v>7</v></c></row></sheetData></worksheet>'
    first = {"xl/workbook.xml": f"<workbook><sheets>{sheets}</sheets></workbook>", "xl/worksheets/sheet1.xml": clean}
    return archived(first | {member: xml})


def cells(*values: str) -> str:
    rows = (f'<row r="{n}"><c r="A{n}"><v>{value}</v></c></row>' for n, value in enumerate(values, start=1))
    return f"<worksheet><sheetData>{''.join(rows)}</sheetData></worksheet>"


def pdf_with(change) -> bytes:
    """A PDF of one blank page, changed by `change`."""
    made = pikepdf.new()
    made.add_blank_page()
    change(made)
    return saved(made)


def annotated(made: pikepdf.Pdf) -> None:
    note = pikepdf.Dictionary(Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Text, Rect=[0, 0, 9, 9], Contents=NUMBER)
    made.pages[0].Annots = pikepdf.Array([note])


def scripted(made: pikepdf.Pdf) -> None:
    made.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert(1)")


def in_xmp(made: pikepdf.Pdf) -> None:
    with made.open_metadata() as metadata:
        metadata["dc:description"] = f"Om {NUMBER}"


def notebook_of(cell: dict) -> bytes:
    return json.dumps({"cells": [{"cell_type": "code", "source": []}, cell]}).encode()


PICTURE = base64.b64encode(png(f"Figur {NUMBER}")).decode()
DRAWING = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>'
LATER, LATER_D = planted("fnr-tenor", "generert 2032"), planted("dnr-tenor", "generert 2032")
HIDDEN = LEAKS | {
    "number of 2032, spans": ("a.html", f"<p><i>{LATER[:6]}</i>-<i>{LATER[6:]}</i></p>", "linje 1"),
    "d-number of 2032": ("a.csv", f"id\n{LATER_D[:6]} {LATER_D[6:]}\n", "linje 2"),
    "dotted date": ("a.txt", f"{NUMBER[:2]}.{NUMBER[2:4]}.{NUMBER[4:6]} {LAST_FIVE}", "linje 1"),
    "json key": ("a.json", json.dumps({"persons": {NUMBER: 1}}), "linje 1"),
    "alt text": ("a.html", f'<p>\n<img src="f.png" alt="Figur for {NUMBER}"></p>', "attributtet alt, linje 2"),
    "alt text of a pdf": (
        "a.pdf",
        printed(f'#image(bytes({json.dumps(DRAWING)}), format: "svg", alt: "Figur for {NUMBER}")'),
        "objekt",
    ),
    "title of a drawing": ("a.svg", f"<svg><title>Kontor {NUMBER}</title></svg>", "linje 1"),
    "picture in a page": ("a.html", f'<img src="data:image/png;base64,{PICTURE}">', "innebygd innhold på linje 1"),
    "script of a page": ("a.html", f"<script>\nconst p = {{{NUMBER}: 3}}</script>", "linje 2"),
    "comment of a document": ("a.docx", document("word/comments.xml", "w:comments"), "word/comments.xml"),
    "header": ("a.docx", document("word/header1.xml", "w:hdr"), "word/header1.xml"),
    "footnote": ("a.docx", document("word/footnotes.xml", "w:footnotes"), "word/footnotes.xml"),
    "properties of a document": (
        "a.docx",
        archived({"word/document.xml": paragraph("x"), "docProps/custom.xml": f"<vt:lpwstr>{NUMBER}</vt:lpwstr>"}),
        "docProps/custom.xml",
    ),
    "deleted text": (
        "a.docx",
        archived({"word/document.xml": f"<w:p><w:del><w:r><w:delText>{NUMBER}</w:delText></w:r></w:del></w:p>"}),
        "word/document.xml",
    ),
    "picture of a document": (
        "a.docx",
        archived({"word/document.xml": paragraph("x"), "word/media/image1.png": png(f"Figur {NUMBER}")}),
        "word/media/image1.png, bildets metadata (tEXt)",
    ),
    "hidden sheet": (
        "a.xlsx",
        workbook("xl/worksheets/sheet2.xml", cells("1", NUMBER), "veryHidden"),
        "xl/worksheets/sheet2.xml, celle A2",
    ),
    "shared string": (
        "a.xlsx",
        workbook("xl/sharedStrings.xml", f"<sst><si><r><t>{DATE}</t></r><r><t>{LAST_FIVE}</t></r></si></sst>"),
        "xl/sharedStrings.xml",
    ),
    "comment of a cell": (
        "a.xlsx",
        workbook("xl/comments1.xml", f"<comments><text><t>{NUMBER}</t></text></comments>"),
        "xl/comments1.xml",
    ),
    "output of a notebook": (
        "a.ipynb",
        notebook_of({"outputs": [{"output_type": "stream", "text": [f"{NUMBER}\n"]}]}),
        "linje 1",
    ),
    "attachment of a notebook": (
        "a.ipynb",
        notebook_of({"cell_type": "markdown", "attachments": {"a.png": {"image/png": PICTURE}}}),
        "celle 2, bildets metadata (tEXt)",
    ),
    "pdf note": ("a.pdf", pdf_with(annotated), "objekt"),
    "pdf xmp": ("a.pdf", pdf_with(in_xmp), "XMP"),
}
"""Where nobody looks: a leak by name, its file, content, and the beginning of the place."""


def data_frame() -> pd.DataFrame:
    return pd.DataFrame({"person_id": [f"kvp-{n:08x}" for n in range(40)], "work": [n % 2 for n in range(40)]})


def parquet() -> bytes:
    stream = io.BytesIO()
    data_frame().to_parquet(stream)
    return stream.getvalue()


def pickled() -> str:
    return base64.b64encode(pickle.dumps(data_frame())).decode()


FRAMES = {
    "pickle under another name": ("a.json", pickle.dumps(data_frame()), "hele fila"),
    "parquet under another name": ("a.csv", parquet(), "hele fila"),
    "pickle in a page": ("a.html", f"<p>\n<script>const m = '{pickled()}'</script>", "linje 2"),
    "pickle in json": ("a.json", json.dumps({"model": pickled()}), "linje 1"),
    "frame in a page": ("a.html", f"<script>\nlet d = {data_frame().to_json(orient='split')}</script>", "linje 2"),
    "frame with types": ("a.json", data_frame().to_json(orient="table"), "linje 1"),
    "plot with its data": ("a.html", "<script>Plotly.newPlot('a', [{x: [1]}])</script>", "linje 1"),
    "parquet in a pdf": (
        "a.pdf",
        pdf_with(lambda made: made.attachments.__setitem__("tall.parquet", parquet())),
        "vedlegget «tall.parquet»",
    ),
    "script in a pdf": (
        "a.pdf",
        pdf_with(scripted),
        "objekt",
    ),
    "pickle in an archive": ("a.zip", bundle({"a.csv": pickle.dumps(data_frame())}), "a.csv"),
    "parquet in an archive": ("a.zip", bundle({"data/a.parquet": parquet()}), "data/a.parquet"),
    "archive in an archive": ("a.zip", bundle({"a.zip": bundle({"a.csv": "a"})}), "a.zip"),
    "workbook in an archive": ("a.zip", bundle({"a.xlsx": sheet("1")}), "a.xlsx"),
    "stata in a document": (
        "a.docx",
        archived({"word/document.xml": paragraph("x"), "word/embeddings/a.dta": stata_file()}),
        "word/embeddings/a.dta",
    ),
    "stata in a pdf": (
        "a.pdf",
        pdf_with(lambda made: made.attachments.__setitem__("a.dta", stata_file())),
        "vedlegget «a.dta»",
    ),
    "stata among the numbers": ("a.dta", stata_file(), "hele fila"),
    "archive among the numbers": ("a.zip", bundle({"a.csv": "a"}), "hele fila"),
    "workbook in a document": (
        "a.docx",
        archived({"word/document.xml": paragraph("x"), "word/embeddings/Ark1.xlsx": sheet("1")}),
        "word/embeddings/Ark1.xlsx",
    ),
}
"""Files that can carry a whole data set, with no number in them that identifies anyone."""
