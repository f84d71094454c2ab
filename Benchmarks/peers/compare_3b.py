"""Mipha-3B beside transformers: same folder, same picture, same prompt, taking turns.

    python Benchmarks/peers/compare_3b.py MODEL --image FILE [--mipha .build/release/mipha]
        [--tokens 16] [--threads 2] [--rounds 2] [--attention eager]

MODEL is made by `mipha_3b.py --make`. Prints how many greedy ids agree before the first difference,
with the peer's gap between its two largest logits there (two right bf16 programs part where it is at
the size of a rounding step), then medians and ratios: above 1 we are faster. Peak memory is that of
each process, mapped weights included.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import common  # noqa: E402


def run(command: list[str]) -> tuple[dict, int]:
    """The JSON object a command prints, and its peak resident bytes."""
    done = common.finish(command)
    return json.loads(done.output.strip().splitlines()[-1]), done.peak_bytes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--image", type=Path, required=True)
    parser.add_argument("--mipha", type=Path, default=common.MIPHA)
    parser.add_argument("--tokens", type=int, default=16)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--attention", choices=("eager", "sdpa"), default="eager")
    arguments = parser.parse_args()
    shared = ["--image", str(arguments.image), "--threads", str(arguments.threads)]
    peer_command = [
        sys.executable, str(HERE / "mipha_3b.py"), "--run", str(arguments.model), *shared,
        "--tokens", str(arguments.tokens), "--attention", arguments.attention,
        "--repeats", "1", "--json",
    ]  # fmt: skip
    our_command = [
        str(arguments.mipha), "generate", str(arguments.model), *shared,
        "--prompt", "Describe.", "--max-tokens", str(arguments.tokens), "--json",
    ]  # fmt: skip
    peers, ours = [], []
    for _ in range(arguments.rounds):
        peers.append(run(peer_command))
        ours.append(run(our_command))

    def middle(values) -> float:
        return statistics.median(values)

    peer_ids, our_ids = peers[0][0]["generated_ids"], ours[0][0]["tokens"]
    same = next(
        (i for i, (a, b) in enumerate(zip(peer_ids, our_ids)) if a != b),
        min(len(peer_ids), len(our_ids)),
    )
    gap = peers[0][0]["gaps"][same] if same < len(peer_ids) else None
    positions = peers[0][0]["positions"]
    found = ours[0][0]["prompt_tokens"]
    weights = sum(file.stat().st_size for file in arguments.model.glob("*.safetensors"))
    rows = {
        "vision and projector, s": (
            middle(p["vision_seconds"] + p["projector_seconds"] for p, _ in peers),
            middle(o["timings"]["vision"] for o, _ in ours),
        ),
        "prefill, s": (
            middle(p["prefill_seconds"] for p, _ in peers),
            middle(o["timings"]["prefill"] for o, _ in ours),
        ),
        "decode, s per token": (
            middle(p["decode_seconds_per_token"] for p, _ in peers),
            middle(1 / o["timings"]["tokens_per_second"] for o, _ in ours),
        ),
    }
    print(f"positions: peer {positions}, ours {found}")
    print(f"greedy ids equal: {same} of {len(peer_ids)}" + (f", gap there {gap}" if gap else ""))
    for name, (peer, our) in rows.items():
        print(f"{name}: peer {peer:.3f}, ours {our:.3f}, ratio {peer / our:.2f}")
    for name, runs in (("peer", peers), ("ours", ours)):
        peak = max(bytes_ for _, bytes_ in runs)
        print(f"peak memory, {name}: {peak / 1e9:.2f} GB, {peak / weights:.3f} x weights")


if __name__ == "__main__":
    main()
