"""Writes Fixtures/images/long.json: what transformers makes of pictures far longer than wide.

Run with Pillow 13.0.0, numpy and transformers 5.17.0 (3 GB of memory):
    python Tools/goldens/images_long.py
Larger square canvases do not fit there. Their two passes are run one after the other instead, each
by Pillow; `check` compares that with the canvas as a whole, once with one of 20,000 pixels a side.
"""

import hashlib
import json
import os

import numpy
import PIL
import transformers
from PIL import Image

import images

SIZES = [
    (20_000, 300), (300, 20_000), (30_000, 900), (900, 30_000), (65_000, 600), (600, 65_000),
]
ROWS = 512  # of a canvas at a time
PROCESSORS = [
    "siglip", "siglip-lanczos", "siglip-box", "siglip-nearest", "clip", "clip-uncropped-resize",
    "bit",
]


def banded(width, height, seed):
    """Bands wide enough to show when 65,000 pixels become 40."""
    x = numpy.arange(width)[None, :, None] // 613 * 89
    y = numpy.arange(height)[:, None, None] // 25 * 57
    c = numpy.arange(3)[None, None, :] * 70
    return Image.fromarray(((x + y + c + seed * 31) & 255).astype(numpy.uint8))


def configurations():
    known = images.processor_configurations()
    for name, number in (("lanczos", 1), ("box", 4), ("nearest", 0)):
        known[f"siglip-{name}"] = {**known["siglip"], "resample": number}
    return {name: known[name] for name in PROCESSORS}


def fill(configuration):
    return tuple(int(value * 255) for value in configuration["image_mean"])


def resized_on_square(image, configuration, width, height):
    """The canvas of `images.expand2square`, resized one axis after the other."""
    side = max(image.size)
    left, top = (side - image.width) // 2, (side - image.height) // 2
    filter_number = configuration["resample"]

    tall = Image.new("RGB", (width, side))
    for start in range(0, side, ROWS):
        rows = min(ROWS, side - start)
        canvas = Image.new("RGB", (side, rows), fill(configuration))
        canvas.paste(image, (left, top - start))
        tall.paste(canvas.resize((width, rows), filter_number), (0, start))
    return tall.resize((width, height), filter_number)


def cropped_square(image, configuration):
    """The centre of the canvas, which is cropped without being resized."""
    crop = configuration["crop_size"]
    side = max(image.size)
    box = [(side - crop["width"]) // 2, (side - crop["height"]) // 2]
    canvas = Image.new("RGB", (crop["width"], crop["height"]), fill(configuration))
    canvas.paste(image, ((side - image.width) // 2 - box[0], (side - image.height) // 2 - box[1]))
    return canvas


def in_pieces(configuration, image):
    if configuration.get("do_resize", True):
        size = configuration["size"]
        width = size.get("width", size.get("shortest_edge"))
        height = size.get("height", size.get("shortest_edge"))
        image = resized_on_square(image, configuration, width, height)
    else:
        image = cropped_square(image, configuration)
    return images.tensor({**configuration, "do_resize": False}, image, "square")


def values(configuration, image, aspect):
    if aspect == "pad":
        return in_pieces(configuration, image)
    return images.tensor(configuration, image, aspect)


def check():
    known = configurations()
    image = banded(1400, 90, 9)
    for configuration in known.values():
        for turned in (image, image.transpose(Image.ROTATE_90)):
            whole = images.tensor(configuration, turned, "pad")
            assert numpy.array_equal(whole, in_pieces(configuration, turned))
    image = banded(20_000, 300, 0)
    whole = images.tensor(known["siglip"], image, "pad")
    assert numpy.array_equal(whole, in_pieces(known["siglip"], image))
    print("checked", flush=True)


def main():
    check()
    known = configurations()
    cases = []
    for seed, (width, height) in enumerate(SIZES):
        image = banded(width, height, seed)
        for name, configuration in known.items():
            for aspect in ("pad", "square"):
                result = values(configuration, image, aspect)
                cases.append({
                    "processor": name, "aspect": aspect, "width": width, "height": height,
                    "seed": seed, "digest": images.digest(result.tobytes())[:32],
                })
                print(cases[-1], flush=True)
    text = json.dumps({"configurations": known, "cases": cases}, indent=1) + "\n"
    with open(os.path.join(images.FOLDER, "long.json"), "w") as file:
        file.write(text)
    manifest = {
        "script": "Tools/goldens/images_long.py",
        "versions": {
            "pillow": PIL.__version__, "numpy": numpy.__version__,
            "transformers": transformers.__version__,
        },
        "seed": "the number of the size",
        "files": {"long.json": hashlib.sha256(text.encode()).hexdigest()},
    }
    with open(os.path.join(images.FOLDER, "long.manifest.json"), "w") as file:
        json.dump(manifest, file, indent=1)
        file.write("\n")


if __name__ == "__main__":
    main()
