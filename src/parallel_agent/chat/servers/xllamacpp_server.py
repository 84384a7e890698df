"""A program that takes the flags of ``llama-server`` and serves with the package xllamacpp."""

from __future__ import annotations

import argparse
import signal
from importlib import import_module


def main() -> None:
    """Serve until a signal comes."""
    parser = argparse.ArgumentParser()
    for flag in ("--model", "--alias", "--host"):
        parser.add_argument(flag, required=True)
    for flag in ("--port", "--ctx-size", "--parallel"):
        parser.add_argument(flag, required=True, type=int)
    told = parser.parse_args()
    xllamacpp = import_module("xllamacpp")
    params = xllamacpp.CommonParams()
    params.model.path, params.model_alias = told.model, {told.alias}
    params.hostnames, params.port = [told.host], told.port
    params.n_ctx, params.n_parallel = told.ctx_size, told.parallel
    params.cache_ram_mib = 0  # prompts of the past would be kept in up to 8 GiB
    server = xllamacpp.Server(params)
    print(f"listening at {server.listening_address}", flush=True)  # noqa: T201
    signal.sigwait({signal.SIGTERM, signal.SIGINT})


if __name__ == "__main__":
    main()
