"""Prints what TensorBoard's own reader finds in a run's folder, as JSON.

    python Tools/compare/tensorboard_scalars.py RUN_FOLDER

Needs tensorboard (2.21.0).
"""

from __future__ import annotations

import json
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator


def main() -> None:
    reader = EventAccumulator(sys.argv[1], size_guidance={"scalars": 0, "tensors": 0})
    reader.Reload()
    found = {}
    for tag in reader.Tags()["scalars"]:
        found[tag] = [[event.step, event.value] for event in reader.Scalars(tag)]
    for tag in reader.Tags()["tensors"]:
        values = [[e.step, e.tensor_proto.string_val[0].decode()] for e in reader.Tensors(tag)]
        found[tag] = values
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
