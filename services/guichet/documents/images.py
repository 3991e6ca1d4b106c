"""Images: looked at before they are decoded, then written anew without anything but their pixels."""

from io import BytesIO
from typing import BinaryIO

from PIL import Image, ImageCms, ImageFile, ImageOps, UnidentifiedImageError

from services.guichet.domain.documents import MOST_PIXELS, RefusedFile

_FORMATS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}
#: how telephones keep a photograph with its preview: the first picture is an ordinary JPEG
_SEVERAL_PICTURES = "MPO"
_ORIENTATION = 0x0112
_FAULTS = (OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, OverflowError)


def rewrite(source: BinaryIO, target: BinaryIO, media_type: str) -> None:
    """Write the image of ``source`` to ``target``: same pixels upright, no metadata, nothing after its end.

    Raises:
        RefusedFile: it is not an image that can be kept.
    """
    # We decide by the number of pixels before decoding; Pillow's own limit would only warn.
    Image.MAX_IMAGE_PIXELS = None
    # Whoever prints in the same process has told Pillow to make up what a file lacks.
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    lossless = media_type == "image/webp" and b"VP8L" in _webp_chunks(source)
    try:
        with Image.open(source, formats=[_FORMATS[media_type]]) as image:
            _check(image)
            image.load()
            turned = _orientation(image) not in (0, 1)
            plain = _in_common_colours(ImageOps.exif_transpose(image) if turned else image)
            if media_type == "image/jpeg":
                _write_jpeg(plain, target, untouched=plain is image and image.format == "JPEG")
            elif media_type == "image/png":
                _bare(plain).save(target, "PNG", dpi=_resolution(plain) if "dpi" in plain.info else None)
            else:
                kept = plain if plain.mode in ("RGB", "RGBA") else plain.convert("RGBA")
                _bare(kept).save(target, "WEBP", lossless=lossless, quality=95, method=2)
    except RefusedFile:
        raise
    except UnidentifiedImageError as error:
        raise RefusedFile("damaged") from error
    except _FAULTS as error:
        raise RefusedFile("damaged") from error


def _check(image: Image.Image) -> None:
    width, height = image.size
    if width * height > MOST_PIXELS:
        raise RefusedFile("too_many_pixels", limit=MOST_PIXELS // 1_000_000)
    if image.format != _SEVERAL_PICTURES and getattr(image, "n_frames", 1) > 1:
        raise RefusedFile("animated")


def _write_jpeg(image: Image.Image, target: BinaryIO, *, untouched: bool) -> None:
    resolution = _resolution(image)
    if untouched and image.mode in ("L", "RGB", "CMYK"):
        # The same quantisation again: what is lost in writing anew cannot be seen.
        image.info.clear()
        image.save(target, "JPEG", quality="keep", dpi=resolution)
    else:
        plain = image if image.mode in ("L", "RGB") else image.convert("RGB")
        _bare(plain).save(target, "JPEG", quality=95, subsampling=0, dpi=resolution)


def _bare(image: Image.Image) -> Image.Image:
    """The pixels, with what their meaning needs (palette, transparency) and nothing else."""
    copy = image.copy()
    transparency = copy.info.get("transparency")
    copy.info.clear()
    if transparency is not None:
        copy.info["transparency"] = transparency
    return copy


def _in_common_colours(image: Image.Image) -> Image.Image:
    """Apply an embedded colour profile, which may itself carry anything, and drop it."""
    profile = image.info.get("icc_profile")
    if not profile or image.mode not in ("RGB", "RGBA", "CMYK"):
        return image
    opaque = image.convert("RGB") if image.mode == "RGBA" else image
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        converted = ImageCms.profileToProfile(
            opaque, source, ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image.convert("RGB") if image.mode == "CMYK" else image
    if converted is None:
        return image
    if image.mode == "RGBA":
        converted.putalpha(image.getchannel("A"))
    return converted


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except Exception:
        # Metadata nobody can read says nothing about the picture.
        return 1


def _resolution(image: Image.Image) -> tuple[int, int]:
    """Dots per inch, so that a scan prints in its true size; (0, 0) says nothing."""
    try:
        across, down = (round(float(value)) for value in image.info["dpi"])
    except (KeyError, TypeError, ValueError, OverflowError, ZeroDivisionError):
        return 0, 0
    return (across, down) if 0 < across < 10_000 and 0 < down < 10_000 else (0, 0)


def _webp_chunks(source: BinaryIO) -> list[bytes]:
    """The names of the file's parts: ``VP8L`` holds pixels without loss, ``VP8 `` with."""
    source.seek(12)
    names: list[bytes] = []
    while len(names) < 16 and len(head := source.read(8)) == 8:
        names.append(head[:4])
        length = int.from_bytes(head[4:], "little")
        source.seek(length + length % 2, 1)
    source.seek(0)
    return names
