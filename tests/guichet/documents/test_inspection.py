"""What is let in, and what is left of it."""

import zlib
from io import BytesIO
from typing import Any, cast

import pikepdf
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pikepdf import Array, Dictionary, Name
from PIL import Image, ImageChops

from services.guichet.documents import images, inspection, pdfs
from services.guichet.domain.documents import RefusedFile, type_of_content
from tests.guichet.documents import files

PDF, JPEG, PNG, WEBP = "application/pdf", "image/jpeg", "image/png", "image/webp"


def rewritten(content: bytes, media_type: str) -> bytes:
    """In this process: quick, for what needs no confinement."""
    source, target = BytesIO(content), BytesIO()
    if media_type == PDF:
        pdfs.rewrite(source, target)
    else:
        images.rewrite(source, target, media_type)
    return target.getvalue()


def inspected(content: bytes, media_type: str) -> bytes:
    """As uploads are: in a process of its own."""
    with inspection.temporary_file() as source, inspection.temporary_file() as target:
        source.write(content)
        inspection.inspect(source, target, media_type)
        return target.read()


def reason(content: bytes, media_type: str, *, confined: bool = False) -> str:
    with pytest.raises(RefusedFile) as refusal:
        (inspected if confined else rewritten)(content, media_type)
    return refusal.value.reason


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (files.pdf(), PDF),
        (files.telling_jpeg(), JPEG),
        (files.telling_png(), PNG),
        (files.telling_webp(), WEBP),
    ],
    ids=["pdf", "jpeg", "png", "webp"],
)
def test_each_accepted_type_passes_the_whole_inspection(content: bytes, media_type: str) -> None:
    assert type_of_content(inspected(content, media_type)) == media_type


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (files.telling_jpeg(), JPEG),
        (files.telling_png(), PNG),
        (files.telling_webp(), WEBP),
        (files.telling_pdf(), PDF),
    ],
    ids=["jpeg", "png", "webp", "pdf"],
)
def test_nothing_told_about_people_or_places_is_kept(content: bytes, media_type: str) -> None:
    assert b"SECRET" in content or media_type == PDF
    kept = rewritten(content, media_type)
    assert b"SECRET" not in kept
    if media_type == PDF:
        document = files.opened(kept)
        assert "/Info" not in document.trailer
        assert "/Metadata" not in document.Root
        assert "/PieceInfo" not in document.pages[0]
    else:
        image = Image.open(BytesIO(kept))
        assert not dict(image.getexif())
        assert set(image.info) <= {
            "jfif",
            "jfif_version",
            "jfif_unit",
            "jfif_density",
            "dpi",
            "loop",
            "background",
        }


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_the_picture_looks_the_same(kind: str) -> None:
    content = files.image(kind, files.picture(200, 120), quality=85)
    kept = rewritten(content, f"image/{kind.lower()}")
    before, after = Image.open(BytesIO(content)).convert("RGB"), Image.open(BytesIO(kept)).convert("RGB")
    # Of a picture in one colour it would be one pair.
    extremes = cast("tuple[tuple[int, int], ...]", ImageChops.difference(before, after).getextrema())
    assert max(high for _, high in extremes) <= 6


def test_a_photograph_taken_sideways_is_kept_upright() -> None:
    kept = Image.open(BytesIO(rewritten(files.telling_jpeg(orientation=6), JPEG)))
    assert kept.size == (40, 60)


def test_a_scan_keeps_its_resolution_so_that_it_prints_in_true_size() -> None:
    kept = Image.open(BytesIO(rewritten(files.image("PNG", dpi=(300, 300)), PNG)))
    assert [round(value) for value in kept.info["dpi"]] == [300, 300]


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGBA", "I;16"])
def test_every_way_of_writing_a_png_is_understood(mode: str) -> None:
    picture = Image.new("I;16", (9, 9), 40_000) if mode == "I;16" else files.picture(9, 9).convert(mode)
    assert Image.open(BytesIO(rewritten(files.image("PNG", picture), PNG))).size == (9, 9)


def test_colours_in_a_profile_and_for_printing_are_understood() -> None:
    assert Image.open(BytesIO(rewritten(files.profiled_jpeg(), JPEG))).info.get("icc_profile") is None
    cmyk = files.image("JPEG", files.picture(mode="CMYK"))
    assert Image.open(BytesIO(rewritten(cmyk, JPEG))).size == (60, 40)


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", PNG),
        (b"<html><script>alert(1)</script>", JPEG),
        (b"PK\x03\x04" + bytes(100), PDF),
        (b"MZ" + bytes(100), PDF),
        (b"GIF89a" + bytes(100), PNG),
        (b"\x00", WEBP),
        (b"   " + files.pdf(), PDF),
        (b"PK\x03\x04" + files.pdf(), PDF),
    ],
    ids=["svg", "html", "zip", "program", "gif", "nul", "pdf after spaces", "zip before a pdf"],
)
def test_a_file_that_is_not_what_it_says_is_refused_unread(content: bytes, media_type: str) -> None:
    assert reason(content, media_type, confined=True) == "not_what_it_says"


def test_one_accepted_type_under_the_name_of_another_is_refused_with_both_names() -> None:
    with pytest.raises(RefusedFile) as refusal:
        inspected(files.image("PNG"), JPEG)
    assert refusal.value.params == {"declared": "JPEG", "found": "PNG"}


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (files.pdf(), PDF),
        (files.image("JPEG", files.picture(300, 300)), JPEG),
        (files.image("PNG", files.picture(300, 300)), PNG),
        (files.image("WEBP", files.picture(300, 300), lossless=True), WEBP),
    ],
    ids=["pdf", "jpeg", "png", "webp"],
)
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_file_cut_short_is_damaged(content: bytes, media_type: str, share: float) -> None:
    assert reason(content[: int(len(content) * share)], media_type) == "damaged"


@pytest.mark.parametrize(
    ("tail", "name"),
    [
        (b"PK\x03\x04 zip", "zip"),
        (b"<?php system($_GET['c']); ?>", "php"),
        (b"<script>alert(1)</script>", "html"),
    ],
)
def test_what_hangs_on_after_the_end_of_a_file_is_not_kept(tail: bytes, name: str) -> None:
    for content, media_type in (
        (files.pdf() + b"\n" + tail, PDF),
        (files.image("JPEG") + tail, JPEG),
        (files.image("PNG") + tail, PNG),
    ):
        assert tail not in rewritten(content, media_type)


def test_an_image_of_too_many_pixels_is_refused_before_it_is_decoded() -> None:
    assert reason(files.huge_png(), PNG, confined=True) == "too_many_pixels"


@pytest.mark.parametrize(("content", "media_type"), [(files.moving_webp(), WEBP), (files.moving_png(), PNG)])
def test_moving_images_are_refused(content: bytes, media_type: str) -> None:
    assert reason(content, media_type) == "animated"


@pytest.mark.parametrize("user", ["", "secret"])
def test_a_protected_pdf_is_refused_even_when_anybody_may_open_it(user: str) -> None:
    assert reason(files.encrypted_pdf(user), PDF) == "encrypted"


def attached() -> bytes:
    return files.pdf_with_attachment()


def attached_to_a_page() -> bytes:
    made = files.opened()
    spec = Dictionary(Type=Name.Filespec, F="x", EF=Dictionary(F=made.make_stream(b"x")))
    made.pages[0].Annots = Array([Dictionary(Type=Name.Annot, Subtype=Name.FileAttachment, FS=spec)])
    return files.saved(made)


@pytest.mark.parametrize("make", [attached, attached_to_a_page])
def test_a_pdf_that_holds_other_files_is_refused(make: Any) -> None:
    assert reason(make(), PDF) == "attachments"


LAUNCH = Dictionary(S=Name.Launch, F="cmd.exe")
ACTIVE = {
    "opens with a script": lambda: files.pdf_with(OpenAction=files.javascript()),
    "scripts by name": lambda: files.pdf_with(
        Names=Dictionary(JavaScript=Dictionary(Names=Array(["a", files.javascript()])))
    ),
    "closes with a script": lambda: files.pdf_with(AA=Dictionary(WC=files.javascript())),
    "starts a program": lambda: files.annotated_pdf(
        Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=[0, 0, 9, 9], A=LAUNCH)
    ),
    "a field with a script": lambda: files.annotated_pdf(
        Dictionary(Subtype=Name.Widget, Rect=[0, 0, 9, 9], FT=Name.Tx, AA=Dictionary(K=files.javascript()))
    ),
    "film": lambda: files.annotated_pdf(Dictionary(Subtype=Name.RichMedia, Rect=[0, 0, 9, 9])),
    "a form in XML": lambda: files.pdf_with(AcroForm=Dictionary(Fields=Array(), XFA="<xdp/>")),
    "a script after another action": lambda: files.pdf_with(
        OpenAction=Dictionary(S=Name.GoTo, D=Array(), Next=Array([files.javascript()]))
    ),
}


@pytest.mark.parametrize("make", ACTIVE.values(), ids=ACTIVE)
def test_whatever_acts_in_a_pdf_is_taken_out(make: Any) -> None:
    kept = rewritten(make(), PDF)
    document = files.opened(kept)
    assert len(document.pages) == 1
    things = [one for one in document.objects if not isinstance(one, pikepdf.Stream)]
    whole = b"".join(one.unparse(resolved=True) for one in things)
    for trace in (b"/JavaScript", b"/Launch", b"app.alert", b"/AA", b"/RichMedia", b"/XFA", b"cmd.exe"):
        assert trace not in whole, trace


def test_links_to_pages_of_the_web_stay() -> None:
    link = Dictionary(S=Name.URI, URI="https://ompic.example/")
    content = files.annotated_pdf(Dictionary(Subtype=Name.Link, Rect=[0, 0, 9, 9], A=link))
    document = files.opened(rewritten(content, PDF))
    assert str(document.pages[0].Annots[0].A.URI) == "https://ompic.example/"


def signed(**root: Any) -> bytes:
    made = files.opened()
    signature = Dictionary(Type=Name.Sig, Contents=b"\x00" * 20, ByteRange=[0, 1, 2, 3])
    made.Root.AcroForm = Dictionary(SigFlags=3, Fields=Array([Dictionary(FT=Name.Sig, V=signature)]))
    for key, value in root.items():
        made.Root[f"/{key}"] = value
    return files.saved(made)


def test_a_signed_pdf_is_kept_byte_for_byte() -> None:
    sent = signed()
    assert rewritten(sent, PDF) == sent


def test_a_signed_pdf_with_a_script_is_refused() -> None:
    assert reason(signed(OpenAction=files.javascript()), PDF) == "signed_and_active"


def test_a_stream_that_unpacks_beyond_measure_is_refused() -> None:
    content = files.pdf_with_stream(files.bomb(), Name.FlateDecode)
    assert len(content) < 1_000_000
    assert reason(content, PDF, confined=True) == "bomb"


def test_compression_within_compression_is_refused() -> None:
    twice = zlib.compress(zlib.compress(b"x" * 1000))
    assert reason(files.pdf_with_stream(twice, Array([Name.FlateDecode, Name.FlateDecode])), PDF) == "bomb"


def test_a_bomb_among_the_objects_themselves_ends_with_its_process() -> None:
    # An object stream is unpacked by the library as it opens the file: only the process's limits hold it.
    packed = files.bomb(1900 * 1024 * 1024)
    stored = b"1 0 obj\n<</Type/ObjStm/N 1/First 4/Filter/FlateDecode/Length %d>>\nstream\n" % len(packed)
    body = b"%PDF-1.5\n" + stored + packed + b"\nendstream\nendobj\n"
    free, first, second = b"\0\0\0\0\xff", b"\x01\0\0\x09\0", b"\x02\0\0\x01\0"
    places = free + first + second + b"\x01" + len(body).to_bytes(3, "big") + b"\0"
    table = b"3 0 obj\n<</Type/XRef/Size 4/W[1 3 1]/Root 2 0 R/Length %d>>\nstream\n" % len(places)
    ending = b"\nendstream\nendobj\nstartxref\n" + str(len(body)).encode() + b"\n%%EOF"
    content = body + table + places + ending
    assert reason(content, PDF, confined=True) in {"bomb", "damaged", "unreadable"}


def test_a_page_image_of_too_many_pixels_is_refused() -> None:
    content = files.pdf_with_stream(
        zlib.compress(b"x"), Name.FlateDecode, Subtype=Name.Image, Width=60_000, Height=60_000
    )
    assert reason(content, PDF) == "too_many_pixels"


def test_a_pdf_of_too_many_pages_is_refused() -> None:
    assert reason(files.pdf(pages=501), PDF) == "too_many_pages"


def test_a_pdf_without_pages_is_damaged() -> None:
    assert reason(files.saved(pikepdf.Pdf.new()), PDF) == "damaged"


@given(st.data())
def test_no_damage_to_a_file_does_more_than_have_it_refused(data: st.DataObject) -> None:
    media_type, content = data.draw(
        st.sampled_from(
            [
                (PDF, files.telling_pdf()),
                (JPEG, files.telling_jpeg()),
                (PNG, files.telling_png()),
                (WEBP, files.telling_webp()),
            ]
        )
    )
    changed = bytearray(content)
    for _ in range(data.draw(st.integers(1, 8))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    try:
        kept = rewritten(bytes(changed), media_type)
    except RefusedFile:
        return
    assert type_of_content(kept) == media_type
