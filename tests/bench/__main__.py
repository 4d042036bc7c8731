"""The measurements: ``python3 run.py bench replay | write | list``. What they say is explained in docs/bench.md."""

import argparse
import sys

from tests.bench import listing, replay, write


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="run.py bench", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="replay | write | list")
    for name, module in {"replay": replay, "write": write, "list": listing}.items():
        command = commands.add_parser(name, help=(module.__doc__ or "").splitlines()[0])
        module.take_options(command)
        command.set_defaults(run=module.run)
    options = parser.parse_args(arguments)
    return int(options.run(options))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
