"""Files that are well, and files that are not."""

import zlib
from functools import cache
from io import BytesIO
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name, Pdf
from PIL import Image, ImageCms, PngImagePlugin


@cache
def pdf(text: str = "Extrait", pages: int = 1) -> bytes:
    made = Pdf.new()
    for number in range(pages):
        page = made.add_blank_page(page_size=(595, 842))
        page.Contents = made.make_stream(f"BT /F1 24 Tf 72 700 Td ({text} {number}) Tj ET".encode())
    return saved(made)


def saved(document: Pdf, **options: Any) -> bytes:
    out = BytesIO()
    document.save(out, **options)
    return out.getvalue()


def opened(content: bytes | None = None) -> Pdf:
    return pikepdf.open(BytesIO(content or pdf()))


def pdf_with(**root: Any) -> bytes:
    made = opened()
    for key, value in root.items():
        made.Root[f"/{key}"] = value
    return saved(made)


def javascript() -> Dictionary:
    return Dictionary(S=Name.JavaScript, JS=pikepdf.String("app.alert('x')"))


def pdf_with_stream(packed: bytes, filters: Any, **entries: Any) -> bytes:
    """A page whose content is ``packed`` as it stands."""
    made = opened()
    stream = made.make_stream(b"")
    stream.write(packed, filter=filters)
    for key, value in entries.items():
        stream[f"/{key}"] = value
    made.pages[0].Contents = stream
    return saved(made, compress_streams=False, stream_decode_level=pikepdf.StreamDecodeLevel.none)


def bomb(size: int = 300 * 1024 * 1024) -> bytes:
    packer = zlib.compressobj(9, wbits=-15)
    mebibyte = packer.compress(bytes(1024 * 1024)) + packer.flush(zlib.Z_FULL_FLUSH)
    # Blocks end on a byte, so one may be repeated; the checksum of zeros is known without counting.
    times = size // (1024 * 1024)
    checksum = (times * 1024 * 1024 % 65521) << 16 | 1
    return b"\x78\x9c" + mebibyte * times + b"\x03\x00" + checksum.to_bytes(4, "big")


def pdf_with_attachment() -> bytes:
    made = opened()
    made.attachments["secret.txt"] = b"attached"
    return saved(made)


def encrypted_pdf(user: str) -> bytes:
    return saved(opened(), encryption=pikepdf.Encryption(owner="owner", user=user, R=6))


def picture(width: int = 60, height: int = 40, mode: str = "RGB") -> Image.Image:
    return Image.radial_gradient("L").resize((width, height)).convert(mode)


def image(kind: str, one: Image.Image | None = None, **options: Any) -> bytes:
    out = BytesIO()
    (one or picture()).save(out, kind, **options)
    return out.getvalue()


def exif(orientation: int = 1) -> Image.Exif:
    """What a telephone writes: its make, where it was, how it was held."""
    told = Image.Exif()
    told[0x0112] = orientation
    told[0x010F] = "SECRET-MAKE"
    gps = told.get_ifd(0x8825)
    gps[1], gps[2] = "N", (33.0, 34.0, 12.0)
    return told


def telling_jpeg(orientation: int = 1) -> bytes:
    return image("JPEG", exif=exif(orientation), comment=b"SECRET-COMMENT", quality=90)


def telling_png() -> bytes:
    told = PngImagePlugin.PngInfo()
    told.add_text("Author", "SECRET-AUTHOR")
    told.add_itxt("XML:com.adobe.xmp", "SECRET-XMP")
    return image("PNG", pnginfo=told, exif=exif())


def telling_webp() -> bytes:
    return image("WEBP", exif=exif(), xmp=b"SECRET-XMP", lossless=True)


def telling_pdf() -> bytes:
    made = opened()
    with made.open_metadata() as told:
        told["dc:creator"] = ["SECRET-CREATOR"]
    made.docinfo["/Author"] = "SECRET-AUTHOR"
    made.pages[0]["/PieceInfo"] = Dictionary(App=Dictionary(Private=pikepdf.String("SECRET-PIECE")))
    return saved(made)


def profiled_jpeg() -> bytes:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return image("JPEG", icc_profile=profile)


def huge_png(width: int = 100_000, height: int = 100_000) -> bytes:
    """Ten billion pixels that are announced and not there."""
    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x08\x02\x00\x00\x00"
    return (
        b"\x89PNG\r\n\x1a\n"
        + _png_chunk(b"IHDR", header)
        + _png_chunk(b"IDAT", zlib.compress(bytes(1000)))
        + _png_chunk(b"IEND", b"")
    )


def moving_webp() -> bytes:
    return image(
        "WEBP", picture(), save_all=True, append_images=[picture(mode="L").convert("RGB").rotate(90)]
    )


def moving_png() -> bytes:
    return image("PNG", picture(), save_all=True, append_images=[picture().rotate(90)])


def annotated_pdf(annotation: Dictionary) -> bytes:
    made = opened()
    made.pages[0].Annots = Array([made.make_indirect(annotation)])
    return saved(made)


def _png_chunk(name: bytes, content: bytes) -> bytes:
    return len(content).to_bytes(4, "big") + name + content + zlib.crc32(name + content).to_bytes(4, "big")
