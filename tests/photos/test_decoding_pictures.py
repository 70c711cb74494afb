"""Every kind of picture a phone, a camera or a print shop makes comes out clean and upright."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from drawn_photos import draw_animal, mean_difference
from PIL import Image, ImageCms, PngImagePlugin

from textinv_app.photos.intake import DecodedPhoto, take_in, take_in_all

CANARIES = (b"48.8583", b"CANARY")


def take(path: Path, tmp_path: Path) -> DecodedPhoto:
    report = take_in(path, path.name, tmp_path / "clean")
    assert report.refused == ()
    return report.accepted[0]


def opened(photo: DecodedPhoto) -> Image.Image:
    image = Image.open(photo.path)
    assert image.size == (photo.width_pixels, photo.height_pixels)
    assert image.mode == "RGB"
    return image


def test_all_eight_exif_orientations_come_out_alike(tmp_path: Path) -> None:
    upright = draw_animal()
    stored_as = {
        1: upright,
        2: upright.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
        3: upright.transpose(Image.Transpose.ROTATE_180),
        4: upright.transpose(Image.Transpose.FLIP_TOP_BOTTOM),
        5: upright.transpose(Image.Transpose.TRANSPOSE),
        6: upright.transpose(Image.Transpose.ROTATE_90),
        7: upright.transpose(Image.Transpose.TRANSVERSE),
        8: upright.transpose(Image.Transpose.ROTATE_270),
    }
    received = []
    for orientation, stored in stored_as.items():
        exif = Image.Exif()
        exif[0x0112] = orientation
        path = tmp_path / f"{orientation}.jpg"
        stored.save(path, quality=95, exif=exif)
        received.append((path, path.name))
    report = take_in_all(received, tmp_path / "clean")
    assert len(report.accepted) == 8
    for photo in report.accepted:
        assert mean_difference(opened(photo), upright) < 8, photo.display_name


def test_heic_with_its_own_rotation_is_not_turned_twice(tmp_path: Path) -> None:
    upright = draw_animal()
    exif = Image.Exif()
    exif[0x0112] = 6
    path = tmp_path / "turned.heic"
    # The encoder writes the rotation as HEIF's own property and keeps the EXIF tag, as phones do.
    pillow_heif.from_pillow(upright.transpose(Image.Transpose.ROTATE_90)).save(
        path, quality=95, exif=exif.tobytes()
    )
    assert mean_difference(opened(take(path, tmp_path)), upright) < 10


@pytest.mark.parametrize("suffix", ["png", "webp", "avif", "gif"])
def test_other_formats_keep_their_colours(suffix: str, tmp_path: Path) -> None:
    picture = draw_animal()
    path = tmp_path / f"picture.{suffix}"
    picture.save(path)
    assert mean_difference(opened(take(path, tmp_path)), picture) < 12


def test_the_name_counts_for_nothing(tmp_path: Path) -> None:
    path = tmp_path / "photo.txt"
    draw_animal().save(path, "PNG")
    assert take(path, tmp_path).path.suffix == ".png"


def test_sixteen_bit_grey_is_scaled_not_clipped(tmp_path: Path) -> None:
    levels = np.linspace(0, 65535, 200 * 200).reshape(200, 200).astype(np.uint16)
    path = tmp_path / "scan.png"
    Image.fromarray(levels).save(path)
    result = np.asarray(opened(take(path, tmp_path)).convert("L"), dtype=np.float64)
    assert np.abs(result - levels / 257).max() <= 1


def test_transparent_parts_become_white(tmp_path: Path) -> None:
    picture = Image.new("RGBA", (100, 100), (255, 0, 0, 0))
    picture.paste((0, 0, 255, 255), (0, 0, 50, 100))
    path = tmp_path / "cut-out.png"
    picture.save(path)
    photo = take(path, tmp_path)
    assert opened(photo).getpixel((90, 50)) == (255, 255, 255)
    assert opened(photo).getpixel((10, 50)) == (0, 0, 255)
    assert "note.transparent" in photo.notes


def test_transparent_palette_becomes_white(tmp_path: Path) -> None:
    picture = Image.new("P", (100, 100), 0)
    picture.putpalette([255, 0, 0, 0, 0, 255])
    picture.paste(1, (0, 0, 50, 100))
    path = tmp_path / "palette.png"
    picture.save(path, transparency=0)
    assert opened(take(path, tmp_path)).getpixel((90, 50)) == (255, 255, 255)


def test_cmyk_and_grey_become_rgb(tmp_path: Path) -> None:
    picture = draw_animal()
    for mode in ("CMYK", "L"):
        path = tmp_path / f"{mode}.jpg"
        picture.convert(mode).save(path, quality=95)
        expected = picture.convert(mode).convert("RGB")
        assert mean_difference(opened(take(path, tmp_path)), expected) < 8


def test_colour_profile_is_applied(tmp_path: Path) -> None:
    # A profile whose red and green are swapped makes a wrong or missing conversion plain to see.
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile = profile.replace(b"rXYZ", b"tmpZ").replace(b"gXYZ", b"rXYZ").replace(b"tmpZ", b"gXYZ")
    profile = profile.replace("sRGB".encode("utf-16-be"), "odd ".encode("utf-16-be"))
    path = tmp_path / "profile.png"
    Image.new("RGB", (80, 80), (250, 10, 10)).save(path, icc_profile=bytes(profile))
    red, green, _ = opened(take(path, tmp_path)).getpixel((40, 40))
    assert green > 200 > 100 > red


@pytest.mark.parametrize("suffix", ["gif", "webp", "png"])
def test_animation_gives_its_first_picture_and_a_note(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"moving.{suffix}"
    frames = [Image.new("RGB", (90, 90), colour) for colour in ("red", "lime", "blue")]
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=100)
    photo = take(path, tmp_path)
    red, green, blue = opened(photo).getpixel((45, 45))
    assert red > 240
    assert green < 20
    assert blue < 20
    assert photo.notes == ("note.first_frame",)


def test_large_photo_is_made_smaller(tmp_path: Path) -> None:
    path = tmp_path / "large.jpg"
    draw_animal(4000, 3000).save(path, quality=80)
    photo = take(path, tmp_path)
    assert (photo.width_pixels, photo.height_pixels) == (2048, 1536)


@pytest.mark.slow
def test_hundred_megapixel_jpeg_of_a_phone_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "phone.jpg"
    draw_animal(4000, 3000).resize((12000, 9000), Image.Resampling.NEAREST).save(path, quality=70)
    photo = take(path, tmp_path)
    assert (photo.width_pixels, photo.height_pixels) == (2048, 1536)


def hidden_data_jpeg(path: Path) -> None:
    exif = Image.Exif()
    exif[0x010E] = "CANARY-EXIF 48.8583"
    exif.get_ifd(0x8825).update({1: "N", 2: (48.8583, 0.0, 0.0), 3: "E", 4: (2.2944, 0.0, 0.0)})
    buffer = io.BytesIO()
    xmp, comment = b"<x>CANARY-XMP</x>", b"CANARY-COMMENT"
    draw_animal().save(buffer, "JPEG", exif=exif, xmp=xmp, comment=comment)
    data = buffer.getvalue()
    iptc = b"Photoshop 3.0\x008BIM\x04\x04\x00\x00\x00\x00\x00\x10CANARY-IPTC     "
    segment = b"\xff\xed" + struct.pack(">H", len(iptc) + 2) + iptc
    path.write_bytes(data[:2] + segment + data[2:] + b"CANARY-TEXT after the end")


def hidden_data_png(path: Path) -> None:
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Comment", "CANARY-TEXT")
    texts.add_itxt("XML:com.adobe.xmp", "<x>CANARY-XMP</x>", zip=False)
    exif = Image.Exif()
    exif[0x010E] = "CANARY-EXIF 48.8583"
    draw_animal().save(path, "PNG", pnginfo=texts, exif=exif)


@pytest.mark.parametrize("make", [hidden_data_jpeg, hidden_data_png])
def test_nothing_hidden_survives(make, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "hidden"
    make(path)
    assert any(canary in path.read_bytes() for canary in CANARIES)
    photo = take(path, tmp_path)
    written = photo.path.read_bytes()
    assert not [canary for canary in CANARIES if canary in written]
    assert b"Exif" not in written
    assert not opened(photo).getexif()
    assert [item.name for item in photo.path.parent.iterdir()] == [photo.path.name]


def test_a_jpeg_that_lacks_only_its_end_is_taken_with_a_note(tmp_path: Path) -> None:
    whole = io.BytesIO()
    draw_animal(640, 480).save(whole, "JPEG", quality=90)
    path = tmp_path / "nearly.jpg"
    path.write_bytes(whole.getvalue()[:-2])
    assert take(path, tmp_path).notes == ("note.incomplete",)


def animal_on(level: int) -> Image.Image:
    """Return a picture of which the lower half has one colour."""
    picture = draw_animal(640, 480)
    picture.paste((level,) * 3, (0, 240, 640, 480))
    return picture


@pytest.mark.parametrize("level", [255, 40])
def test_a_jpeg_with_a_flat_bottom_that_lacks_only_its_end_is_taken(
    level: int, tmp_path: Path
) -> None:
    """Its flat half was taken for missing."""
    whole = io.BytesIO()
    animal_on(level).save(whole, "JPEG", quality=90)
    path = tmp_path / "nearly.jpg"
    path.write_bytes(whole.getvalue()[:-2])
    photo = take(path, tmp_path)
    assert photo.notes == ("note.incomplete",)
    assert mean_difference(opened(photo), animal_on(level)) < 8


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P"])
def test_a_whole_png_with_a_flat_bottom_and_too_long_a_text_is_taken(
    mode: str, tmp_path: Path
) -> None:
    """Its flat half was taken for missing."""
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Comment", "x" * (2 << 20), zip=True)
    path = tmp_path / "flat.png"
    animal_on(255).convert(mode).save(path, "PNG", pnginfo=texts)
    assert take(path, tmp_path).notes == ()


@pytest.mark.parametrize(
    ("suffix", "mode", "options"),
    [
        ("JPEG", "RGB", {}),
        ("JPEG", "RGB", {"subsampling": 0, "restart_marker_rows": 1}),
        ("JPEG", "L", {}),
        ("JPEG", "CMYK", {}),
        ("PNG", "RGB", {}),
        ("PNG", "RGBA", {}),
        ("PNG", "L", {}),
        ("PNG", "LA", {}),
        ("PNG", "P", {}),
        ("PNG", "P", {"transparency": 3}),
        ("PNG", "1", {}),
        ("PNG", "I;16", {}),
        ("GIF", "P", {"interlace": 0}),
        ("GIF", "L", {"interlace": 0}),
        ("GIF", "P", {"interlace": 0, "transparency": 5}),
    ],
)
def test_a_picture_that_broke_off_is_refused_with_how_much(
    suffix: str, mode: str, options: dict[str, int], tmp_path: Path
) -> None:
    whole = io.BytesIO()
    picture = draw_animal(640, 480)
    if mode == "I;16":
        deep = np.asarray(picture.convert("L")).astype(np.uint16) * 256 + 1
        picture = Image.fromarray(deep)
    else:
        picture = picture.convert(mode)
    picture.save(whole, suffix, **options)
    path = tmp_path / "half"
    path.write_bytes(whole.getvalue()[: len(whole.getvalue()) // 2])
    (refused,) = take_in(path, "IMG_3", tmp_path / "clean").refused
    assert refused.code == "photo.broken_off"
    assert 30 <= refused.details["missing_percent"] <= 70
    assert "IMG_3 is incomplete" in str(refused)


def interlaced_png(picture: Image.Image) -> bytes:
    """Return a PNG in Adam7's seven passes, which Pillow reads but does not write."""
    passes = (*((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4)),
              *((2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)))  # fmt: skip
    pixels = np.asarray(picture.convert("RGB"))
    rows = [
        b"\x00" + row.tobytes()
        for top, left, down, right in passes
        for row in pixels[top::down, left::right]
    ]
    return png_of(picture.width, picture.height, zlib.compress(b"".join(rows)), interlaced=1)


def interlaced_gif(picture: Image.Image) -> bytes:
    written = io.BytesIO()
    picture.save(written, "GIF", interlace=1)
    return written.getvalue()


def progressive_jpeg(picture: Image.Image) -> bytes:
    written = io.BytesIO()
    picture.save(written, "JPEG", quality=92, progressive=True)
    return written.getvalue()


@pytest.mark.parametrize("share", [0.1, 0.5, 0.95])
@pytest.mark.parametrize("make", [interlaced_png, interlaced_gif, progressive_jpeg])
def test_a_picture_in_passes_that_broke_off_is_refused(
    make: Callable[[Image.Image], bytes], share: float, tmp_path: Path
) -> None:
    """A tenth of one was taken as a good photo: few of its rows at the bottom were empty."""
    path = tmp_path / "passes"
    whole = make(draw_animal(640, 480))
    path.write_bytes(whole)
    assert take(path, tmp_path).notes == ()
    path.write_bytes(whole[: int(len(whole) * share)])
    (refused,) = take_in(path, "IMG_3", tmp_path / "clean").refused
    assert refused.code == "photo.damaged"


def test_a_cut_heic_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cut.heic"
    pillow_heif.from_pillow(draw_animal()).save(path)
    path.write_bytes(path.read_bytes()[:-2000])
    (refused,) = take_in(path, "cut.heic", tmp_path / "clean").refused
    assert refused.code == "photo.damaged"


def png_of(width: int, height: int, packed: bytes, interlaced: int = 0) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        body = name + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">2I5B", width, height, 8, 2, 0, 0, interlaced)
    chunks = ((b"IHDR", header), (b"IDAT", packed), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(name, data) for name, data in chunks)


@pytest.mark.parametrize("side", [13_000, 60_000])
def test_picture_bombs_are_not_opened(side: int, tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(png_of(side, side, zlib.compress(b"\x00" * 100_000)))
    (refused,) = take_in(path, path.name, tmp_path / "clean").refused
    assert refused.code == "photo.bomb"


def test_a_webp_that_claims_a_huge_canvas_is_not_opened(tmp_path: Path) -> None:
    canvas = b"\x00" * 4 + (16_000).to_bytes(3, "little") + (16_000).to_bytes(3, "little")
    body = b"WEBPVP8X" + struct.pack("<I", 10) + canvas
    path = tmp_path / "bomb.webp"
    path.write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)
    (refused,) = take_in(path, path.name, tmp_path / "clean").refused
    assert refused.code == "photo.bomb"


def test_a_png_with_a_text_bomb_is_taken_without_the_text(tmp_path: Path) -> None:
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Comment", "0" * 50_000_000, zip=True)
    path = tmp_path / "text-bomb.png"
    draw_animal().save(path, pnginfo=texts)
    assert path.stat().st_size < 1_000_000
    photo = take(path, tmp_path)
    assert photo.notes == ()
    assert b"Comment" not in photo.path.read_bytes()


def test_a_photo_of_fifty_pixels_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "icon.png"
    Image.new("RGB", (50, 500)).save(path)
    (refused,) = take_in(path, path.name, tmp_path / "clean").refused
    assert refused.code == "photo.too_small"
