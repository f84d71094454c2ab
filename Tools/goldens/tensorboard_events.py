"""Makes Fixtures/logs/tensorboard.txt: records as TensorBoard's own writer frames them, one a line.

    python Tools/goldens/tensorboard_events.py

Needs tensorboard 2.21.0, which no other script here needs.
"""

from __future__ import annotations

import io
from pathlib import Path

from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import DATA_CLASS_TENSOR, Summary, SummaryMetadata
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
from tensorboard.compat.proto.types_pb2 import DT_STRING
from tensorboard.summary.writer.record_writer import RecordWriter


class Sink(io.BytesIO):
    def close(self) -> None:
        pass


def text(tag: str, value: str) -> Summary:
    """As the text plugin wants it: a tensor of one string."""
    metadata = SummaryMetadata(
        plugin_data=SummaryMetadata.PluginData(plugin_name="text"), data_class=DATA_CLASS_TENSOR
    )
    shape = TensorShapeProto(dim=[TensorShapeProto.Dim(size=1)])
    tensor = TensorProto(dtype=DT_STRING, tensor_shape=shape, string_val=[value.encode()])
    return Summary(value=[Summary.Value(tag=tag, tensor=tensor, metadata=metadata)])


def summary(*values: tuple[str, float]) -> Summary:
    return Summary(value=[Summary.Value(tag=tag, simple_value=value) for tag, value in values])


EVENTS = [
    Event(wall_time=1_700_000_000.25, file_version="brain.Event:2"),
    Event(wall_time=1_700_000_001.5, step=7, session_log=SessionLog(status=SessionLog.START)),
    Event(
        wall_time=1_700_000_002.75,
        step=300,
        summary=summary(("train/loss", 2.5), ("train/lernrate ä", 1e-5)),
    ),
    Event(
        wall_time=1_700_000_003,
        step=5_000_000_000,
        summary=summary(("validation/loss", float("-inf"))),
    ),
    Event(
        wall_time=1_700_000_004,
        step=8,
        summary=text("samples/1", "What is it?\n\nA café"),
    ),
]


def main() -> None:
    lines = []
    for event in EVENTS:
        sink = Sink()
        RecordWriter(sink).write(event.SerializeToString(deterministic=True))
        lines.append(sink.getvalue().hex())
    path = Path(__file__).resolve().parents[2] / "Fixtures" / "logs" / "tensorboard.txt"
    path.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
