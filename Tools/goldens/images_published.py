"""Writes Fixtures/images/published.json: tensors of the published towers' image preprocessing.

Every configuration is that of a published tower, or of one at another image size, with pictures of many
sizes: larger and smaller than the crop, wide, tall, and of a few pixels.
Run with Pillow 13.0.0, numpy and transformers 5.17.0:
    python Tools/goldens/images_published.py
"""

import json
import os
import random

import numpy
import PIL
import transformers
from PIL import Image

import images

SEED = 20261201
SIZES_EACH = 24
LONGEST = 700


def configurations():
    known = images.processor_configurations()

    def clip(edge, crop):
        return known["clip"] | {"size": {"shortest_edge": edge},
                                "crop_size": {"height": crop, "width": crop}}

    def bit(edge, crop):
        return known["bit"] | {"size": {"shortest_edge": edge},
                               "crop_size": {"height": crop, "width": crop}}

    def siglip(side, **changes):
        return known["siglip"] | {"size": {"height": side, "width": side}} | changes

    bilinear = {"do_convert_rgb": None, "resample": 2}
    return {
        "clip-224": clip(224, 224),
        "clip-448": clip(448, 448),
        "clip-smaller-than-crop": clip(180, 224),
        "clip-not-resized": clip(224, 224) | {"do_resize": False},
        "siglip-224": siglip(224),
        "siglip2-224": siglip(224, **bilinear),
        "siglip2-384": siglip(384, **bilinear),
        "dinov2-224": bit(256, 224),
        "dinov2-336": bit(384, 336),
    }


def sizes(generator):
    fixed = [(1, 1), (1, 9), (17, 2), (224, 224), (223, 225), (256, 192), (600, 37)]
    drawn = [(generator.randint(3, LONGEST), generator.randint(20, LONGEST)) for _ in range(SIZES_EACH)]
    return fixed + drawn[len(fixed):]


def main():
    generator = random.Random(SEED)
    cases = []
    for name, configuration in configurations().items():
        for index, (width, height) in enumerate(sizes(generator)):
            image = Image.fromarray(images.generated(width, height, "noise", index))
            for aspect in ("square", "pad"):
                values = images.tensor(configuration, image, aspect)
                cases.append({
                    "configuration": name, "width": width, "height": height, "seed": index,
                    "aspect": aspect, "shape": list(values.shape),
                    "sha256": images.digest(values.tobytes()),
                })
    path = os.path.join(images.FOLDER, "published.json")
    with open(path, "w") as file:
        file.write(images.json_lines({"configurations": configurations(), "cases": cases}))
    with open(path, "rb") as file:
        digest = images.digest(file.read())
    manifest = {
        "script": "Tools/goldens/images_published.py", "seed": SEED,
        "versions": {"pillow": PIL.__version__, "numpy": numpy.__version__,
                     "transformers": transformers.__version__},
        "files": {"published.json": digest},
    }
    with open(os.path.join(images.FOLDER, "published.manifest.json"), "w") as file:
        json.dump(manifest, file, indent=2)
        file.write("\n")
    print(len(cases), "cases,", os.path.getsize(path), "bytes")


if __name__ == "__main__":
    main()
