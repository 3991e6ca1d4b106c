"""PDF files: read whole, freed of what acts and of what tells about people, and written anew.

Taken out: scripts, actions that open, send or start something, forms' XFA, sound, film and 3D, XMP and
document information, page pieces and thumbnails. Links to web pages stay. Refused: encryption, files
inside the file, content that unpacks beyond measure. A PDF that bears an electronic signature is kept
byte for byte, because anything taken out would break it; it is refused if it holds something active.
"""

import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, Pdf, Stream

from services.guichet.domain.documents import MOST_PIXELS, RefusedFile

MOST_PAGES = 500
MOST_OBJECTS = 300_000
DEEPEST = 60
#: what a stream other than an image, and all streams together, may unpack to
MOST_UNPACKED = 64 * 1024 * 1024
MOST_UNPACKED_IN_ALL = 512 * 1024 * 1024
_TAIL_BYTES = 2048
_PIECE = 64 * 1024

_ACTIVE_ACTIONS = frozenset(
    f"/{kind}"
    for kind in (
        "JavaScript", "Launch", "ImportData", "SubmitForm", "ResetForm", "GoToE", "GoToR", "Rendition",
        "Movie", "Sound", "RichMediaExecute", "SetOCGState", "Trans", "GoTo3DView", "Hide",
    )
)  # fmt: skip
_ACTIVE_ANNOTATIONS = frozenset(f"/{kind}" for kind in ("RichMedia", "Screen", "Movie", "Sound", "3D"))
_ACTIVE_KEYS = ("/OpenAction", "/AA", "/JS", "/XFA", "/RichMediaContent", "/RichMediaSettings")
_PRIVATE_KEYS = ("/Metadata", "/PieceInfo", "/Thumb", "/LastModified")
_FAULTS = (pikepdf.PdfError, ValueError, TypeError, KeyError, RuntimeError, RecursionError, OverflowError)


def rewrite(source: BinaryIO, target: BinaryIO) -> int:
    """Write a harmless copy of ``source`` to ``target`` and return its number of pages.

    Raises:
        RefusedFile: it cannot be kept.
    """
    _check_tail(source)
    try:
        with pikepdf.open(source, suppress_warnings=True) as pdf:
            if pdf.is_encrypted:
                raise RefusedFile("encrypted")
            return _rewrite(pdf, source, target)
    except RefusedFile:
        raise
    except pikepdf.PasswordError as error:
        raise RefusedFile("encrypted") from error
    except MemoryError as error:
        raise RefusedFile("bomb") from error
    except _FAULTS as error:
        raise RefusedFile("damaged") from error


def _check_tail(source: BinaryIO) -> None:
    """A file without its end was cut; qpdf would piece together what is left and say nothing."""
    size = source.seek(0, 2)
    source.seek(max(0, size - _TAIL_BYTES))
    tail = source.read()
    source.seek(0)
    if b"%%EOF" not in tail or b"startxref" not in tail:
        raise RefusedFile("damaged")


def _rewrite(pdf: Pdf, source: BinaryIO, target: BinaryIO) -> int:
    pages = len(pdf.pages)
    if not pages >= 1:
        raise RefusedFile("damaged")
    if pages > MOST_PAGES:
        raise RefusedFile("too_many_pages", limit=MOST_PAGES)
    if len(pdf.objects) > MOST_OBJECTS:
        raise RefusedFile("bomb")
    for page in pdf.pages:
        _ = page.mediabox
    found = _Found()
    for thing in pdf.objects:
        _clean(thing, found)
    _clean(pdf.trailer, found)
    names = pdf.Root.get(Name.Names)
    if isinstance(names, Dictionary) and names.get(Name.JavaScript) is not None:
        del names[Name.JavaScript]
        found.active = True
    if found.signed:
        if found.active:
            raise RefusedFile("signed_and_active")
        source.seek(0)
        while piece := source.read(_PIECE):
            target.write(piece)
        return pages
    if Name.Info in pdf.trailer:
        del pdf.trailer[Name.Info]
    pdf.save(
        target,
        fix_metadata_version=False,
        compress_streams=False,
        stream_decode_level=pikepdf.StreamDecodeLevel.none,
        object_stream_mode=pikepdf.ObjectStreamMode.generate,
        deterministic_id=True,
    )
    return pages


class _Found:
    """What was met on the way."""

    def __init__(self) -> None:
        self.active = False
        self.signed = False
        self.unpacked = 0


def _clean(thing: Object, found: _Found, depth: int = 0) -> None:
    """Take out of ``thing``, and of what stands directly in it, all that acts or tells."""
    if depth > DEEPEST:
        raise RefusedFile("bomb")
    if isinstance(thing, Stream):
        _weigh(thing, found)
        _clean_entries(thing.stream_dict, found, depth)
    elif isinstance(thing, Dictionary):
        _clean_entries(thing, found, depth)
    elif isinstance(thing, Array):
        for entry in _within(thing):
            _clean(entry, found, depth + 1)


def _clean_entries(entries: Any, found: _Found, depth: int) -> None:
    keys = set(entries.keys())
    if "/EF" in keys or entries.get("/Type") == Name.EmbeddedFile or "/EmbeddedFiles" in keys:
        raise RefusedFile("attachments")
    if entries.get("/Subtype") == Name.FileAttachment or "/Collection" in keys:
        raise RefusedFile("attachments")
    if entries.get("/Type") == Name.Sig or ("/ByteRange" in keys and "/Contents" in keys):
        found.signed = True
    for key in _ACTIVE_KEYS:
        if key in keys:
            found.active = found.active or key != "/OpenAction" or _acts(entries[key])
            del entries[key]
    for key in _PRIVATE_KEYS:
        if key in keys:
            del entries[key]
    kind = entries.get("/S")
    if isinstance(kind, Name) and str(kind) in _ACTIVE_ACTIONS:
        found.active = True
        for key in list(entries.keys()):
            del entries[key]
    if str(entries.get("/Subtype", "")) in _ACTIVE_ANNOTATIONS and "/Rect" in keys:
        found.active = True
        entries["/Subtype"] = Name.Square
        for key in ("/A", "/MK", "/AP"):
            if key in entries:
                del entries[key]
    for key in list(entries.keys()):
        value = entries.get(key)
        if isinstance(value, Object) and not value.is_indirect:
            _clean(value, found, depth + 1)


def _acts(action: Any) -> bool:
    """``/OpenAction`` is often only the page to begin with."""
    return not isinstance(action, Array) and not (
        isinstance(action, Dictionary) and action.get("/S") == Name.GoTo
    )


def _within(array: Array) -> Iterator[Object]:
    for entry in array:
        if isinstance(entry, Object) and not entry.is_indirect:
            yield entry


def _weigh(stream: Stream, found: _Found) -> None:
    """Measure what a stream unpacks to without ever holding it."""
    entries = stream.stream_dict
    filters = entries.get("/Filter", Array())
    names = [str(one) for one in filters] if isinstance(filters, Array) else [str(filters)]
    is_image = entries.get("/Subtype") == Name.Image
    if is_image and int(entries.get("/Width", 0)) * int(entries.get("/Height", 0)) > 2 * MOST_PIXELS:
        raise RefusedFile("too_many_pixels", limit=2 * MOST_PIXELS // 1_000_000)
    packed = [
        name for name in names if name in ("/FlateDecode", "/Fl", "/LZWDecode", "/LZW", "/RunLengthDecode")
    ]
    if len(packed) > 1:
        raise RefusedFile("bomb")
    # An image may hold four bytes a pixel; page contents, fonts and tables are far smaller.
    most = MOST_UNPACKED_IN_ALL if is_image else MOST_UNPACKED
    if packed and names[0] in ("/FlateDecode", "/Fl"):
        size = _inflated(stream.read_raw_bytes(), most)
    elif packed:
        size = len(stream.read_bytes(pikepdf.StreamDecodeLevel.generalized))
    else:
        size = len(stream.read_raw_bytes())
    found.unpacked += size
    if size > most or found.unpacked > MOST_UNPACKED_IN_ALL:
        raise RefusedFile("bomb")


def _inflated(raw: bytes, most: int) -> int:
    """The length ``raw`` inflates to, counted no further than just past ``most``."""
    inflater, size, left = zlib.decompressobj(), 0, raw
    try:
        while left and not inflater.eof and size <= most:
            size += len(inflater.decompress(left, _PIECE * 16))
            left = inflater.unconsumed_tail
    except zlib.error:
        # Damaged compression shows as an empty or torn page; it harms nobody.
        return size
    return size
