"""`python -m sandbox`: the simulated operator without the portal."""

import argparse

from sandbox.server import add_arguments, serve

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="sandbox", description="Serve the simulated operator.")
    add_arguments(parser)
    serve(parser.parse_args())
