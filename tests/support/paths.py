"""Where things are in this repository."""

import os
import pathlib

ROOT = pathlib.Path(__file__).parents[2]
# The programs that `cargo test --workspace` builds, and in examples/ those that only tests use.
BINARIES = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve() / "debug"
ROSTER = BINARIES / "roster"
SAMPLES = ROOT / "samples"
