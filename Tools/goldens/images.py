"""Writes Fixtures/images: small pictures of every kind and what Pillow and transformers make of them.

Run with Pillow 13.0.0, numpy and transformers 5.17.0:
    python Tools/goldens/images.py [--photos FOLDER]
The photographs are not copied; only hashes of what comes out of them are.
"""

import argparse
import hashlib
import io
import json
import os
import random
import struct
import zlib

import numpy
import PIL
from PIL import Image, ImageOps

SEED = 20261123
ROOT = os.path.join(os.path.dirname(__file__), "..", "..")
FOLDER = os.path.join(ROOT, "Fixtures", "images")
FILTERS = ["nearest", "lanczos", "bilinear", "bicubic", "box", "hamming"]


def digest(data):
    return hashlib.sha256(bytes(data)).hexdigest()


def rgb_record(image):
    rgb = image.convert("RGB")
    return {"width": rgb.width, "height": rgb.height, "rgb": digest(rgb.tobytes())}


# The integer generator that the tests implement too.


def generated(width, height, pattern, seed):
    y, x, c = numpy.meshgrid(
        numpy.arange(height, dtype=numpy.uint64),
        numpy.arange(width, dtype=numpy.uint64),
        numpy.arange(3, dtype=numpy.uint64),
        indexing="ij",
    )
    mask = numpy.uint64(0xFFFFFFFF)
    if pattern == "ramp":
        value = x * 7 + y * 3 + c * 50 + numpy.uint64(seed)
        return (value & numpy.uint64(255)).astype(numpy.uint8)
    h = x * 0x9E3779B1 + y * 0x85EBCA77 + c * 0xC2B2AE3D + numpy.uint64(seed * 0x27D4EB2F)
    h &= mask
    h ^= h >> numpy.uint64(15)
    h = (h * 0x2C1B3C6D) & mask
    h ^= h >> numpy.uint64(12)
    h = (h * 0x297A2D39) & mask
    h ^= h >> numpy.uint64(15)
    if pattern == "extremes":
        return ((h & numpy.uint64(1)) * 255).astype(numpy.uint8)
    return (h & numpy.uint64(255)).astype(numpy.uint8)


def picture(width, height, seed=0):
    """A smooth picture with some noise, which compresses like a photograph."""
    y, x = numpy.mgrid[0:height, 0:width]
    base = numpy.stack(
        [
            127 + 120 * numpy.sin(x / 5 + seed),
            127 + 120 * numpy.cos(y / 4 + seed),
            127 + 120 * numpy.sin((x + y) / 7),
        ],
        axis=-1,
    )
    noise = generated(width, height, "noise", seed).astype(float) / 255 * 30 - 15
    return Image.fromarray(numpy.clip(base + noise, 0, 255).astype(numpy.uint8))


# PNG, written by hand: all depths, all filters, Adam7.


def png_chunk(name, body):
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(width, height, depth, kind, interlaced=False, palette=None, extra=b"", rng=None):
    samples = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[kind]
    passes = [(0, 0, 1, 1)]
    if interlaced:
        passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4),
                  (1, 0, 2, 2), (0, 1, 1, 2)]
    raw = b""
    for x0, y0, dx, dy in passes:
        columns = (width - x0 + dx - 1) // dx if width > x0 else 0
        rows = (height - y0 + dy - 1) // dy if height > y0 else 0
        if columns == 0:
            continue
        for _ in range(rows):
            row_bytes = (columns * samples * depth + 7) // 8
            step = max(1, samples * depth // 8)
            # With a filter any bytes are a valid row; palettes stay unfiltered to bound indices.
            choice = 0 if kind == 3 else rng.randrange(5)
            row = bytes(rng.randrange(256) for _ in range(row_bytes))
            if choice == 0 and rng.random() < 0.5:
                row = (row[:step] * row_bytes)[:row_bytes]
            raw += bytes([choice]) + row
    data = b"\x89PNG\r\n\x1a\n"
    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, int(interlaced))
    data += png_chunk(b"IHDR", header)
    if palette is not None:
        data += png_chunk(b"PLTE", palette)
    packed = zlib.compress(raw)
    middle = len(packed) // 2
    data += extra + png_chunk(b"IDAT", packed[:middle]) + png_chunk(b"IDAT", packed[middle:])
    return data + png_chunk(b"IEND", b"")


def saved(image, kind, **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def png_files(rng):
    files = {}
    for interlaced in (False, True):
        suffix = "-interlaced" if interlaced else ""
        for depth in (1, 2, 4, 8, 16):
            files[f"grey{depth}{suffix}.png"] = png(19, 13, depth, 0, interlaced, rng=rng)
        for depth in (1, 2, 4, 8):
            palette = bytes(rng.randrange(256) for _ in range(3 << depth))
            files[f"palette{depth}{suffix}.png"] = png(
                19, 13, depth, 3, interlaced, palette=palette, rng=rng)
        for kind, name in ((2, "rgb"), (4, "greyalpha"), (6, "rgba")):
            for depth in (8, 16):
                files[f"{name}{depth}{suffix}.png"] = png(19, 13, depth, kind, interlaced, rng=rng)
    short = bytes(rng.randrange(256) for _ in range(9))
    files["palette-short.png"] = png(19, 13, 4, 3, palette=short, rng=rng)
    files["palette-transparent.png"] = png(
        19, 13, 2, 3, palette=short + b"\1\2\3", extra=png_chunk(b"tRNS", b"\0\x80\xff"), rng=rng)
    files["grey-transparent.png"] = png(
        19, 13, 8, 0, extra=png_chunk(b"tRNS", b"\0\7"), rng=rng)
    files["rgb-transparent.png"] = png(
        19, 13, 8, 2, extra=png_chunk(b"tRNS", b"\0\7\0\1\0\2"), rng=rng)
    files["gamma.png"] = png(
        19, 13, 8, 2, extra=png_chunk(b"gAMA", struct.pack(">I", 100000)), rng=rng)
    files["one.png"] = png(1, 1, 8, 2, rng=rng)
    files["tiny-interlaced.png"] = png(3, 2, 8, 2, True, rng=rng)
    exif = Image.Exif()
    exif[0x0112] = 6
    files["orientation6.png"] = saved(picture(13, 8), "PNG", exif=exif)
    return files


def drop_segment(data, marker):
    """A JPEG without the first segment of a marker."""
    position = 2
    while data[position + 1] != 0xDA:
        length = struct.unpack(">H", data[position + 2 : position + 4])[0]
        if data[position + 1] == marker:
            return data[:position] + data[position + 2 + length :]
        position += 2 + length
    raise ValueError("no such segment")


def jpeg_files():
    files = {}
    base = picture(45, 31)
    for name, sampling in (("444", "4:4:4"), ("422", "4:2:2"), ("420", "4:2:0")):
        files[f"rgb{name}.jpg"] = saved(base, "JPEG", quality=88, subsampling=sampling)
        files[f"progressive{name}.jpg"] = saved(
            base, "JPEG", quality=70, subsampling=sampling, progressive=True)
    files["low.jpg"] = saved(base, "JPEG", quality=5)
    files["restart.jpg"] = saved(base, "JPEG", restart_marker_blocks=2)
    files["optimized.jpg"] = saved(base, "JPEG", optimize=True)
    files["grey.jpg"] = saved(base.convert("L"), "JPEG")
    files["grey-progressive.jpg"] = saved(base.convert("L"), "JPEG", progressive=True)
    files["keeprgb.jpg"] = saved(base, "JPEG", keep_rgb=True)
    files["one.jpg"] = saved(base.crop((0, 0, 1, 1)), "JPEG")
    files["narrow.jpg"] = saved(base.crop((0, 0, 3, 31)), "JPEG")
    cmyk = Image.merge("CMYK", [*base.split(), base.convert("L").transpose(Image.ROTATE_180)])
    adobe = saved(cmyk, "JPEG", quality=90)
    files["cmyk.jpg"] = adobe
    files["cmyk-progressive.jpg"] = saved(cmyk, "JPEG", progressive=True)
    place = adobe.index(b"Adobe")
    files["ycck.jpg"] = adobe[: place + 11] + b"\2" + adobe[place + 12 :]
    files["cmyk-plain.jpg"] = drop_segment(adobe, 0xEE)
    # Sampling factors Pillow cannot write: 4:4:0 and 4:1:1 out of the bytes of 4:2:2 data.
    source = files["rgb422.jpg"]
    frame = source.index(b"\xff\xc0")
    files["rgb440.jpg"] = source[: frame + 11] + b"\x12" + source[frame + 12 :]
    for value in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = value
        files[f"orientation{value}.jpg"] = saved(picture(21, 14, value), "JPEG", exif=exif)
    return files


def webp_files():
    base = picture(45, 31, 3)
    alpha = base.copy()
    alpha.putalpha(base.convert("L"))
    exif = Image.Exif()
    exif[0x0112] = 8
    frames = [picture(20, 15, seed) for seed in range(3)]
    return {
        "lossy.webp": saved(base, "WEBP", quality=80),
        "lossy-low.webp": saved(base, "WEBP", quality=5),
        "lossless.webp": saved(base, "WEBP", lossless=True),
        "lossy-alpha.webp": saved(alpha, "WEBP", quality=60),
        "lossless-alpha.webp": saved(alpha, "WEBP", lossless=True),
        "exact-alpha.webp": saved(alpha, "WEBP", lossless=True, exact=True),
        "one.webp": saved(base.crop((0, 0, 1, 1)), "WEBP"),
        "animated.webp": saved(frames[0], "WEBP", save_all=True, append_images=frames[1:]),
        "orientation8.webp": saved(base, "WEBP", exif=exif),
    }


def gif_files():
    base = picture(33, 21, 5)
    frames = [picture(20, 15, seed).quantize(30) for seed in range(3)]
    plain = saved(base.quantize(64), "GIF")
    files = {
        "plain.gif": plain,
        "interlaced.gif": saved(base.quantize(256), "GIF", interlace=1),
        "grey.gif": saved(base.convert("L"), "GIF"),
        "bits.gif": saved(base.convert("1"), "GIF"),
        "animated.gif": saved(frames[0], "GIF", save_all=True, append_images=frames[1:]),
        "transparent.gif": saved(base.quantize(17), "GIF", transparency=5),
    }
    # The same frames on a larger canvas, off its corner, with and without a transparent colour.
    for name in ("plain", "transparent"):
        data = bytearray(files[f"{name}.gif"])
        data[6:10] = struct.pack("<HH", 50, 40)
        place = data.index(b",\0\0\0\0" + struct.pack("<HH", 33, 21))
        data[place + 1 : place + 5] = struct.pack("<HH", 7, 11)
        files[f"{name}-canvas.gif"] = bytes(data)
    # A frame that reaches beyond its canvas.
    data = bytearray(plain)
    data[6:10] = struct.pack("<HH", 5, 6)
    files["outside.gif"] = bytes(data)
    return files


def write_pictures():
    rng = random.Random(SEED)
    files = {**png_files(rng), **jpeg_files(), **webp_files(), **gif_files()}
    records = []
    for name, data in sorted(files.items()):
        with open(os.path.join(FOLDER, name), "wb") as file:
            file.write(data)
        image = Image.open(io.BytesIO(data))
        record = {"file": name, "sha256": digest(data), "mode": image.mode, **rgb_record(image)}
        if name.startswith("orientation"):
            upright = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
            record["upright"] = rgb_record(upright)
        records.append(record)
    return records


def resize_cases():
    rng = random.Random(SEED + 1)
    cases = []
    sides = [1, 2, 3, 5, 7, 8, 15, 16, 17, 31, 33, 64, 100, 127]
    for index in range(606):
        filter_number = index % 6
        pattern = ["noise", "extremes", "ramp"][index // 6 % 3]
        width, height, to_width, to_height = (rng.choice(sides) for _ in range(4))
        if index % 7 == 0:
            to_width = width
        if index % 11 == 0:
            to_height = height
        if index >= 594:
            width, height, to_width, to_height = 240 + index - 594, 320, 96, 84
        elif index >= 588:
            width, height, to_width, to_height = 300 + index - 588, 211, 96, 84
        source = Image.fromarray(generated(width, height, pattern, index))
        result = source.resize((to_width, to_height), filter_number)
        cases.append([
            width, height, to_width, to_height, FILTERS[filter_number], pattern, index,
            digest(result.tobytes())[:32],
        ])
    return cases


# Processors.


def expand2square(image, mean):
    fill = tuple(int(value * 255) for value in mean)
    side = max(image.size)
    if image.width == image.height:
        return image
    canvas = Image.new("RGB", (side, side), fill)
    canvas.paste(image, ((side - image.width) // 2, (side - image.height) // 2))
    return canvas


def processor_configurations():
    clip_mean = [0.48145466, 0.4578275, 0.40821073]
    clip_std = [0.26862954, 0.26130258, 0.27577711]
    siglip = {
        "do_normalize": True, "do_rescale": True, "do_resize": True,
        "image_mean": [0.5, 0.5, 0.5], "image_processor_type": "SiglipImageProcessor",
        "image_std": [0.5, 0.5, 0.5], "processor_class": "SiglipProcessor", "resample": 3,
        "rescale_factor": 0.00392156862745098, "size": {"height": 48, "width": 40},
    }
    clip = {
        "crop_size": {"height": 40, "width": 36}, "do_center_crop": True,
        "do_convert_rgb": True, "do_normalize": True, "do_rescale": True, "do_resize": True,
        "image_mean": clip_mean, "image_processor_type": "CLIPImageProcessor",
        "image_std": clip_std, "resample": 3, "rescale_factor": 0.00392156862745098,
        "size": {"shortest_edge": 44},
    }
    old_clip = {
        "crop_size": 33, "do_center_crop": True, "do_normalize": True, "do_resize": True,
        "feature_extractor_type": "CLIPFeatureExtractor", "image_mean": clip_mean,
        "image_std": clip_std, "resample": 3, "size": 33,
    }
    bit = {
        "crop_size": {"height": 28, "width": 28}, "do_center_crop": True,
        "do_convert_rgb": True, "do_normalize": True, "do_rescale": True, "do_resize": True,
        "image_mean": [0.485, 0.456, 0.406], "image_processor_type": "BitImageProcessor",
        "image_std": [0.229, 0.224, 0.225], "resample": 3,
        "rescale_factor": 0.00392156862745098, "size": {"shortest_edge": 32},
    }
    return {
        "siglip": siglip,
        "siglip-bilinear": {**siglip, "resample": 2},
        "siglip-raw": {**siglip, "do_rescale": False, "do_normalize": False},
        "siglip-unnormalized": {**siglip, "do_normalize": False},
        "siglip-unscaled": {**siglip, "do_rescale": False},
        "siglip-scale": {**siglip, "rescale_factor": 0.01},
        "clip": clip,
        "clip-old": old_clip,
        "clip-lanczos": {**clip, "resample": 1},
        "clip-uncropped-resize": {**clip, "do_resize": False},
        "clip-wide-crop": {**clip, "crop_size": {"height": 35, "width": 90}},
        "bit": bit,
    }


def processor(configuration):
    from transformers.models.bit.image_processing_pil_bit import BitImageProcessorPil
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
    from transformers.models.siglip.image_processing_pil_siglip import SiglipImageProcessorPil

    kind = configuration.get("image_processor_type", "CLIPImageProcessor")
    classes = {
        "SiglipImageProcessor": SiglipImageProcessorPil,
        "CLIPImageProcessor": CLIPImageProcessorPil,
        "BitImageProcessor": BitImageProcessorPil,
    }
    keys = {key: value for key, value in configuration.items()
            if not key.endswith("_type") and key != "processor_class"}
    return classes[kind](**keys)


def tensor(configuration, image, aspect):
    if aspect == "pad":
        image = expand2square(image, configuration["image_mean"])
    values = processor(configuration)(images=image, return_tensors="np")["pixel_values"][0]
    return numpy.ascontiguousarray(values.astype("<f4"))


def processor_cases():
    sizes = [(60, 60), (97, 41), (33, 80), (20, 31), (129, 65)]
    cases = []
    for name, configuration in processor_configurations().items():
        for index, (width, height) in enumerate(sizes):
            image = Image.fromarray(generated(width, height, "noise", index))
            for aspect in ("square", "pad"):
                values = tensor(configuration, image, aspect)
                cases.append({
                    "configuration": name, "width": width, "height": height, "seed": index,
                    "aspect": aspect, "shape": list(values.shape), "sha256": digest(values.tobytes()),
                })
    return cases


def photo_records(folder):
    siglip = {**processor_configurations()["siglip"], "size": {"height": 384, "width": 384}}
    clip = {**processor_configurations()["clip"], "size": {"shortest_edge": 336},
            "crop_size": {"height": 336, "width": 336}}
    records = []
    for name in sorted(os.listdir(folder)):
        image = Image.open(os.path.join(folder, name)).convert("RGB")
        record = {"file": name, **rgb_record(image), "resized": [], "tensors": []}
        for width, height, number in ((384, 384, 3), (224, 224, 3), (100, 75, 1), (701, 512, 2),
                                      (333, 257, 4), (97, 211, 5), (64, 64, 0)):
            result = image.resize((width, height), number)
            record["resized"].append([width, height, FILTERS[number], digest(result.tobytes())[:32]])
        for kind, configuration in (("siglip384", siglip), ("clip336", clip)):
            for aspect in ("square", "pad"):
                values = tensor(configuration, image, aspect)
                record["tensors"].append([kind, aspect, digest(values.tobytes())])
        records.append(record)
    return records


def write_json(name, value):
    with open(os.path.join(FOLDER, name), "w") as file:
        file.write(json_lines(value))


def json_lines(value):
    """JSON with one record a line."""
    if isinstance(value, dict):
        body = ",\n".join(f"{json.dumps(key)}: {json_lines(item)}" for key, item in value.items())
        return "{\n" + body + "\n}\n"
    if isinstance(value, list):
        return "[\n" + ",\n".join(json.dumps(item) for item in value) + "\n]"
    return json.dumps(value)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos")
    arguments = parser.parse_args()
    import transformers

    os.makedirs(FOLDER, exist_ok=True)
    pictures = write_pictures()
    write_json("resize.json", {"cases": resize_cases()})
    write_json("processors.json", {
        "configurations": processor_configurations(), "cases": processor_cases()})
    if arguments.photos:
        write_json("photos.json", {"photos": photo_records(arguments.photos)})
    tables = {}
    for name in ("resize.json", "processors.json", "photos.json"):
        path = os.path.join(FOLDER, name)
        if os.path.exists(path):
            with open(path, "rb") as file:
                tables[name] = digest(file.read())
    write_json("manifest.json", {
        "script": "Tools/goldens/images.py",
        "versions": {"pillow": PIL.__version__, "numpy": numpy.__version__,
                     "transformers": transformers.__version__},
        "seed": SEED,
        "tables": tables,
        "pictures": pictures,
    })


if __name__ == "__main__":
    main()
