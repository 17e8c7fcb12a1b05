"""What the readers of finished files hand over: every text, where it stands, and what they refuse."""

import base64
import io
import json
import pickle
import struct
import zipfile
import zlib

import numpy as np
import pandas as pd
import pikepdf
import pytest
from planted import stata_file

from analysis.filetext import SUFFIXES, Refused, Text, parts

PNG_PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000 1f15c489"
    "0000000d49444154789c63606060600000000500 01a5f64540 0000000049454e44ae426082".replace(" ", "")
)


def texts(suffix: str, content: bytes | str) -> list[str]:
    raw = content.encode() if isinstance(content, str) else content
    return [part.content for part in parts(suffix, raw) if isinstance(part, Text)]


def refused(suffix: str, content: bytes | str) -> list[Refused]:
    raw = content.encode() if isinstance(content, str) else content
    return [part for part in parts(suffix, raw) if isinstance(part, Refused)]


def place(suffix: str, content: bytes | str, wanted: str) -> list[str]:
    raw = content.encode() if isinstance(content, str) else content
    found = [part for part in parts(suffix, raw) if isinstance(part, Text) and wanted in part.content]
    return [part.where(part.content.index(wanted)) for part in found]


def png_with(kind: bytes, body: bytes) -> bytes:
    chunk = struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    end = PNG_PIXEL.index(b"IDAT") - 4
    return PNG_PIXEL[:end] + chunk + PNG_PIXEL[end:]


def archive(members: dict[str, bytes | str]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in members.items():
            target.writestr(name, content)
    return stream.getvalue()


def as_read(markup: str) -> str:
    return texts(".html", markup)[1]


def test_runs_are_joined_and_blocks_kept_apart():
    assert as_read("<p>Kjø<b>nn</b><!-- x -->s</p><p>Alder</p>").split("\x1f") == ["", "Kjønns", "", "Alder", ""]
    assert as_read("<td>12</td><td>34</td>").split("\x1f") == ["", "12", "", "34", ""]
    assert as_read("<p>12<br/>34</p>").strip("\x1f") == "12\n34"
    assert as_read("<SPAN>1</SPAN>\n   <span\n>2</span>") == "1 2"


def test_axis_labels_are_not_one_number_but_the_spans_of_a_label_are():
    assert "01020" not in as_read("<svg><text>0</text><text>10</text><text>20</text></svg>")
    assert "1020" in as_read("<svg><text><tspan>10</tspan><tspan>20</tspan></text></svg>")


def test_runs_of_a_document_are_joined_and_its_cells_kept_apart():
    run = "<w:r><w:rPr><w:b/></w:rPr><w:t>{}</w:t></w:r>"
    body = f"<w:tc><w:p>{run.format(12)}{run.format(34)}</w:p></w:tc><w:tc><w:p>{run.format(56)}</w:p></w:tc>"
    assert [text for text in as_read(body).split("\x1f") if text] == ["1234", "56"]


def test_character_codes_are_written_out():
    assert "1 2" in texts(".html", '<p title="&#49;&#160;2">')[0].replace("\u00a0", " ")
    assert texts(".json", r'{"a": "1\u00a02\u0033"}')[0] == '{"a": "1\u00a023"}'


def test_characters_that_take_no_room_are_taken_away():
    assert texts(".txt", "12\u200b3\u00ad4\ufeff5") == ["12345"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_text_is_read_in_every_encoding_we_meet(encoding):
    assert texts(".csv", "navn;år\næ;1".encode(encoding)) == ["navn;år\næ;1"]


def test_places_are_told_as_a_reader_would_look_for_them():
    assert place(".csv", "a\nb,ordet", "ordet") == ["linje 2"]
    assert place(".svg", '<g>\n<path d="M1" id="ordet"/></g>', "ordet") == ["attributtet id, linje 2"]
    assert place(".html", "<p>\n<!-- om ordet --></p>", "ordet") == ["kommentar, linje 2"]
    assert place(".html", "<p>a</p>\n<p>b</p>\n<p>or<i>det</i></p>", "ordet") == ["linje 3"]
    sheet = {"xl/worksheets/sheet1.xml": '<row><c r="A1"><v>1</v></c><c r="B7" t="str"><v>ordet</v></c></row>'}
    assert set(place(".xlsx", archive(sheet), "ordet")) == {"xl/worksheets/sheet1.xml, celle B7"}


def test_the_comma_is_a_decimal_mark_where_semicolon_or_tab_divides_the_columns():
    marks = [next(parts(".csv", head.encode())).decimal_comma for head in ("a,b", "a;b", "a\tb")]
    assert marks == [False, True, True]


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (b"tEXt", b"Title\0ordet"),
        (b"zTXt", b"Title\0\0" + zlib.compress(b"ordet")),
        (b"iTXt", b"Title\0\0\0nb\0Tittel\0ordet"),
        (b"iTXt", b"Title\0\1\0\0\0" + zlib.compress(b"ordet")),
        (b"eXIf", b"MM\0\x2a\0\0" + "ordet".encode("utf-16-be")),
        (b"prVt", b"ordet"),
    ],
)
def test_every_text_in_a_picture_is_read(kind, body):
    assert place(".png", png_with(kind, body), "ordet") == [f"bildets metadata ({kind.decode()})"]


def test_a_plain_picture_has_no_text_and_nothing_to_refuse():
    assert list(parts(".png", PNG_PIXEL)) == []


def test_data_after_the_end_of_a_picture_is_refused():
    assert [part.reason for part in refused(".png", PNG_PIXEL + b"x")] == ["det ligger data etter slutten på bildet"]


def data_files() -> dict[str, bytes]:
    frame = pd.DataFrame({"person_id": np.arange(50)})
    parquet, feather, array = io.BytesIO(), io.BytesIO(), io.BytesIO()
    frame.to_parquet(parquet)
    frame.to_feather(feather)
    np.save(array, frame.to_numpy())
    pickles = {f"pickle{protocol}": pickle.dumps(frame, protocol=protocol) for protocol in range(6)}
    others = {"parquet": parquet, "feather": feather, "numpy": array}
    return pickles | {name: stream.getvalue() for name, stream in others.items()}


@pytest.mark.parametrize("name", sorted(data_files()))
@pytest.mark.parametrize("suffix", [".html", ".csv", ".png", ".pkl", ""])
def test_a_data_file_is_refused_whatever_it_is_called(name, suffix):
    assert [part.place for part in refused(suffix, data_files()[name])] == ["hele fila"]
    assert texts(suffix, data_files()[name]) == []


@pytest.mark.parametrize("name", sorted(data_files()))
def test_a_data_file_written_as_base64_is_refused(name):
    blob = base64.b64encode(data_files()[name]).decode()
    assert refused(".html", f"<script>const rows = '{blob}'</script>")
    assert refused(".html", f'<a href="data:application/octet-stream;base64,{blob}">')
    assert refused(".json", json.dumps({"frame": blob}))


@pytest.mark.parametrize(
    "script",
    [
        'Plotly.newPlot("a", [{"x": [1]}])',
        'vegaEmbed("#a", {"data": {"values": []}})',
        '{"$schema": "https://vega.github.io/schema/vega-lite/v5.json"}',
        'const docs_json = {"a": {}}',
        '<div data-mime="application/vnd.plotly.v1+json">',
    ],
)
def test_a_plot_that_carries_its_data_is_refused(script):
    (only,) = refused(".html", f"<p>\n<script>{script}</script>")
    assert only.place == "linje 2"
    assert "bærer dataene bak figuren" in only.reason


def test_fonts_and_pictures_in_a_page_are_no_reason_to_refuse_it():
    font = base64.b64encode(b"wOF2" + np.random.default_rng(3).bytes(200_000)).decode()
    picture = base64.encodebytes(PNG_PIXEL * 1).decode()
    page = f'<style>src: url("data:font/woff2;base64,{font}")</style><img src="data:image/png;base64,{picture}">'
    assert refused(".html", page) == []
    assert all(font[:200] not in text for text in texts(".html", page))


def test_what_lies_in_a_page_as_base64_is_read_too():
    drawing = base64.b64encode(b'<svg>\n<path id="ordet"/></svg>').decode()
    page = f'<p>\n<img src="data:image/svg+xml;base64,{drawing}">'
    assert set(place(".html", page, "ordet")) == {"innebygd innhold på linje 2, attributtet id, linje 2"}


def test_words_after_a_short_blob_are_not_taken_for_part_of_it():
    assert any("ordet" in text for text in texts(".html", "<p>data:text/plain;base64,AAAA ordet</p>"))


def test_outputs_of_a_notebook_are_read_in_their_own_format():
    outputs = [
        {"data": {"text/html": ["<td>or", "<b>det</b></td>"]}},
        {"data": {"image/png": base64.b64encode(png_with(b"tEXt", b"Title\0bildeord")).decode()}},
    ]
    notebook = json.dumps({"cells": [{"cell_type": "markdown"}, {"outputs": outputs}]})
    assert place(".ipynb", notebook, "ordet") == ["celle 2, linje 1"]
    assert place(".ipynb", notebook, "bildeord") == ["celle 2, bildets metadata (tEXt)"]
    assert refused(".ipynb", notebook) == []


def test_a_notebook_with_an_interactive_plot_is_refused():
    plot = {"data": {"application/vnd.vegalite.v5+json": {"data": {"values": []}}}}
    assert [part.place for part in refused(".ipynb", json.dumps({"cells": [{"outputs": [plot]}]}))] == ["celle 1"]


def test_files_inside_a_document_are_read_or_refused():
    members = {
        "word/document.xml": "<w:t>tekst</w:t>",
        "docProps/core.xml": "<dc:title>tittelord</dc:title>",
        "word/media/image1.png": png_with(b"tEXt", b"Title\0bildeord"),
        "word/embeddings/Ark.xlsx": archive({"xl/workbook.xml": "<a/>"}),
        "word/embeddings/ole.bin": b"\xd0\xcf\x11\xe0",
    }
    content = archive(members)
    assert set(place(".docx", content, "tittelord")) == {"docProps/core.xml, linje 1"}
    assert place(".docx", content, "bildeord") == ["word/media/image1.png, bildets metadata (tEXt)"]
    assert {part.place for part in refused(".docx", content)} == {"word/embeddings/Ark.xlsx", "word/embeddings/ole.bin"}


def test_every_file_of_an_archive_is_read_or_refused():
    members = {
        "LES-MEG.txt": "tekstord",
        "tables/a.csv": "a\ntabellord",
        "figures/a.png": png_with(b"tEXt", b"Title\0bildeord"),
        "data/a.dta": stata_file("radord"),
        "data/a.parquet": b"PAR1",
        "rapport.xlsx": archive({"xl/workbook.xml": "<a/>"}),
        "mer.zip": archive({"a.csv": "a"}),
        "mappe/": "innhold i en mappe",
        "uten_type": "tekst",
    }
    content = archive(members)
    assert place(".zip", content, "tekstord") == ["LES-MEG.txt, linje 1"]
    assert place(".zip", content, "tabellord") == ["tables/a.csv, linje 2"]
    assert place(".zip", content, "bildeord") == ["figures/a.png, bildets metadata (tEXt)"]
    assert place(".zip", content, "radord") == ["data/a.dta, fila byte for byte", "data/a.dta, radene"]
    assert {part.place for part in refused(".zip", content)} == set(list(members)[4:])


def test_names_and_comments_of_an_archive_are_read():
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as target:
        entry = zipfile.ZipInfo("navneord.csv")
        entry.comment, entry.extra = b"merknadsord", b"\x99\x99\x04\0ekst"
        target.writestr(entry, "a")
        target.comment = b"sluttord"
    for word in ("navneord", "merknadsord", "sluttord", "ekst"):
        assert "navn og merknader i arkivet" in place(".zip", stream.getvalue(), word)


@pytest.mark.parametrize("suffix", [".zip", ".xlsx", ".docx"])
def test_an_archive_that_would_fill_the_machine_is_refused_unread(suffix):
    bombs = (
        archive(dict.fromkeys(map("{}.csv".format, range(11)), b"0" * 20_000_000)),
        archive({f"{n}.csv": "" for n in range(2001)}),
    )
    for bomb in bombs:
        assert [part.reason for part in refused(suffix, bomb)] == ["arkivet er for stort til å kontrolleres"]
        assert len(texts(suffix, bomb)) == 1


@pytest.mark.parametrize("hide", ["before", "between", "after"])
def test_data_beside_the_members_of_an_archive_are_refused(hide):
    content = archive({"a.csv": "a", "b.csv": "b"})
    second = content.index(b"PK\3\4", 4)
    hidden = {"before": b"x" + content, "between": content[:second] + b"x" + content[second:], "after": content + b"x"}
    assert refused(".zip", hidden[hide])
    assert refused(".zip", content) == []


def test_a_locked_archive_is_refused():
    content = bytearray(archive({"a.csv": "a"}))
    content[6] |= 1
    content[content.index(b"PK\1\2") + 8] |= 1
    assert [part.place for part in refused(".zip", bytes(content))] == ["a.csv"]


def test_every_text_of_a_stata_file_is_read():
    labels = {"data_label": "titelord", "variable_labels": {"b": "kolonneord"}, "value_labels": {"b": {7: "verdiord"}}}
    content = stata_file(**labels)
    for word in ("titelord", "kolonneord", "verdiord"):
        assert place(".dta", content, word) == ["fila byte for byte", "navn og merkelapper"]
    assert place(".dta", stata_file("radord"), "radord") == ["fila byte for byte", "radene"]
    assert place(".dta", stata_file("x" * 3000 + "langord", convert_strl=["b"]), "langord")[0] == "fila byte for byte"
    assert refused(".dta", content) == []


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (stata_file() + b"mer", "det ligger data etter slutten på tabellen"),
        (b"\x72\x02\x01\0" + bytes(200), "formatet er eldre enn Stata 13 og er derfor ikke kontrollert"),
        (b"<stata_dta></stata_dta>", "innholdet kan ikke leses som .dta og er derfor ikke kontrollert"),
        (stata_file()[:300], "det ligger data etter slutten på tabellen"),
    ],
)
def test_a_stata_file_that_cannot_be_read_to_its_end_is_refused(content, reason):
    assert reason in [part.reason for part in refused(".dta", content)]


def test_a_data_file_is_refused_under_the_name_of_another():
    assert refused(".zip", stata_file())
    assert refused(".dta", archive({"a.csv": "a"}))
    assert refused(".csv", stata_file())


def test_every_string_of_a_pdf_is_read():
    document = pikepdf.new()
    document.add_blank_page()
    with document.open_metadata() as metadata:
        metadata["dc:title"] = "tittelord"
    document.docinfo["/Subject"] = "emneord"
    document.attachments["tabell.csv"] = b"a,b\n1,vedleggsord"
    document.Root["/Outlines"] = pikepdf.Dictionary(Title=pikepdf.String("bokmerkeord æ"))
    stream = io.BytesIO()
    document.save(stream, object_stream_mode=pikepdf.ObjectStreamMode.generate, compress_streams=True)
    content = stream.getvalue()
    assert "metadata (Subject)" in place(".pdf", content, "emneord")
    assert any(found.startswith("XMP, ") for found in place(".pdf", content, "tittelord"))
    assert place(".pdf", content, "vedleggsord") == ["vedlegget «tabell.csv», linje 2"]
    assert place(".pdf", content, "bokmerkeord")


def test_a_data_file_attached_to_a_pdf_is_refused():
    document = pikepdf.new()
    document.add_blank_page()
    document.attachments["modell.pkl"] = pickle.dumps({"a": 1})
    stream = io.BytesIO()
    document.save(stream)
    assert [part.place for part in refused(".pdf", stream.getvalue())] == ["vedlegget «modell.pkl»"]


@pytest.mark.parametrize(
    ("suffix", "content"),
    [
        (".pdf", b"%PDF-1.7 og ikke mer"),
        (".png", b"GIF89a"),
        (".png", PNG_PIXEL[:40]),
        (".xlsx", b"a;b\n1;2"),
        (".docx", archive({"word/document.xml": "x" * 1000})[:100]),
        (".ipynb", b'{"cells": ['),
        (".ipynb", b"[]"),
    ],
)
def test_a_file_that_breaks_its_own_format_is_refused(suffix, content):
    assert [part.reason for part in refused(suffix, content)] == [
        f"innholdet kan ikke leses som {suffix} og er derfor ikke kontrollert"
    ]


def test_a_document_with_a_password_is_refused():
    document = pikepdf.new()
    document.add_blank_page()
    stream = io.BytesIO()
    document.save(stream, encryption=pikepdf.Encryption(owner="eier", user="leser"))
    assert refused(".pdf", stream.getvalue())


def test_binary_data_in_a_text_file_are_refused():
    assert [part.reason for part in refused(".txt", b"a\0b")] == ["det er binære data i en tekstfil"]


def test_a_type_nobody_can_read_is_refused():
    assert ".parquet" not in SUFFIXES
    assert [part.reason for part in refused(".doc", b"abc")] == [
        "filtypen kan ikke kontrolleres og skal ikke slippes ut"
    ]
