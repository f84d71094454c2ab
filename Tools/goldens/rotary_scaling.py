"""Writes Fixtures/rotary/scaling.json: frequencies of scaled rotary positions as transformers computes them.

Each case has a config in the dialect of transformers 4 and in that of version 5, and for some lengths of a text
the frequencies and the factor of cosines and sines.
Run: python Tools/goldens/rotary_scaling.py
"""

from __future__ import annotations

import copy
from pathlib import Path

import transformers
from fixtures import write_json, write_manifest
from transformers import LlamaConfig
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

WIDTH = 16
COMMON = dict(
    vocab_size=96, hidden_size=4 * WIDTH, intermediate_size=48, num_hidden_layers=1,
    num_attention_heads=4, num_key_value_heads=4, rms_norm_eps=1e-5,
)  # fmt: skip
SHORT = [1.0 + 0.05 * i for i in range(WIDTH // 2)]
LONG = [1.1 + 0.7 * i for i in range(WIDTH // 2)]

# name: positions, theta, rope_scaling of version 4, lengths
CASES = {
    "linear": (4096, 10000.0, {"type": "linear", "factor": 4.0}, [8]),
    "dynamic": (64, 10000.0, {"type": "dynamic", "factor": 2.0}, [8, 64, 65, 300]),
    "llama3": (
        131072, 500000.0,
        {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
         "original_max_position_embeddings": 8192}, [8],
    ),
    "yarn": (
        32768, 1000000.0,
        {"type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32768}, [8],
    ),
    "yarn-stated": (
        4096, 10000.0,
        {"type": "yarn", "factor": 40.0, "original_max_position_embeddings": 128, "beta_fast": 16.0,
         "beta_slow": 2.0, "mscale": 0.7, "mscale_all_dim": 0.4, "truncate": False}, [8],
    ),
    "longrope": (
        1024, 10000.0,
        {"type": "longrope", "short_factor": SHORT, "long_factor": LONG,
         "original_max_position_embeddings": 128}, [8, 128, 129],
    ),
    "longrope-stated": (
        1024, 10000.0,
        {"type": "longrope", "short_factor": SHORT, "long_factor": LONG, "attention_factor": 1.25,
         "original_max_position_embeddings": 128}, [8, 129],
    ),
}  # fmt: skip


def main() -> None:
    transformers.logging.set_verbosity_error()
    cases = []
    for name, (positions, theta, scaling, lengths) in CASES.items():
        kind = scaling.get("rope_type") or scaling["type"]
        old = COMMON | {
            "max_position_embeddings": positions, "rope_theta": theta, "rope_scaling": scaling,
        }  # fmt: skip
        own = {key: value for key, value in scaling.items() if key not in ("type", "rope_type")}
        new = COMMON | {
            "max_position_embeddings": positions,
            "rope_parameters": own | {"rope_type": kind, "rope_theta": theta},
        }
        results = []
        for length in lengths:
            found = []
            for config in (old, new):
                made = LlamaConfig(**copy.deepcopy(config))
                frequencies, factor = ROPE_INIT_FUNCTIONS[kind](made, "cpu", seq_len=length)
                found.append((frequencies.tolist(), float(factor)))
            assert found[0] == found[1], name
            results.append(
                {"length": length, "frequencies": found[0][0], "magnitude": found[0][1]}
            )
        cases.append({"name": name, "old": old, "new": new, "results": results})
    output = Path(__file__).resolve().parents[2] / "Fixtures" / "rotary"
    write_json(output / "scaling.json", {"width": WIDTH, "cases": cases})
    write_manifest(output, {}, "Tools/goldens/rotary_scaling.py")


if __name__ == "__main__":
    main()
