"""Start a provider: ``python tools/chat_provider`` (or, in tools, ``python -m chat_provider``)."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

if not __package__:  # started by its path: the package lies beside it
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from chat_provider.answers import Kernels, MadeUp, Script, Source
from chat_provider.billing import Invoice, Rates
from chat_provider.faults import BILLED, UNBILLED, Dice, Fault
from chat_provider.provider import Provider
from chat_provider.server import Server


def main() -> int:
    """Serve until Ctrl-C. The first line on stdout is the base URL."""
    given = _arguments()
    try:
        server = Server(given.port, _provider(given), verbose=not given.quiet)
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    print(server.url, flush=True)
    try:
        server.serve_forever(0.02)
    except KeyboardInterrupt:
        return 130
    return 0


def _provider(given: argparse.Namespace) -> Provider:
    source: Source = MadeUp()
    if given.answers:
        source = Script.load(given.answers)
    elif given.kernels:
        source = Kernels.load(given.kernels, given.seed)
    rates = Rates.parse(given.price)
    keys = {key: label for label, key in map(_pair, given.key)}
    chances = {Fault.parse(name): float(rate) for name, rate in map(_pair, given.fault)}
    return Provider(
        Invoice(given.billing),
        source,
        rates,
        bytes_per_token=given.bytes_per_token,
        models=given.model,
        keys=keys,
        dice=Dice(chances, given.seed),
    )


def _pair(text: str) -> tuple[str, str]:
    """``NAME=VALUE``; the last ``=`` parts them, as a fault may have one of its own."""
    name, _, value = text.rpartition("=")
    if not name:
        raise ValueError(f"NAME=VALUE is needed: {text!r}")
    return name, value


def _arguments() -> argparse.Namespace:
    free, charged = (
        "".join(f"\n  {name:22}{text}" for name, text in faults.items())
        for faults in (UNBILLED, BILLED)
    )
    parser = argparse.ArgumentParser(
        prog="chat_provider",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="A chat provider on loopback that speaks the OpenAI protocol, bills and fails.",
        epilog=f"Faults; SECONDS is given as NAME;seconds=NUMBER. Nothing is charged for{free}\n"
        f"\nThe request is charged for{charged}",
    )
    add = parser.add_argument
    add("--port", type=int, default=8080, help="0: any free one; default 8080")
    add(
        "--billing",
        type=Path,
        default=Path("provider-billing.jsonl"),
        metavar="FILE",
        help="the invoice",
    )
    add("--answers", type=Path, metavar="FILE", help='JSON Lines: {"text": ...}, see the docs')
    add("--kernels", type=Path, metavar="FILE", help="kernels with recorded completions (JSON)")
    add("--price", default="0,0", metavar="IN,OUT[,CACHED]", help="USD per million tokens")
    add("--bytes-per-token", type=int, default=4, metavar="N", help="default 4")
    add("--model", action="append", default=[], metavar="NAME", help="only these; default any")
    add("--key", action="append", default=[], metavar="LABEL=KEY", help="only these; default any")
    add("--fault", action="append", default=[], metavar="NAME=RATE", help="at random; repeatable")
    add("--seed", type=int, default=0, help="of random faults and completions; default 0")
    add("--quiet", action="store_true", help="no line on stderr for each request")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
