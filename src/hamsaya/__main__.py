"""``python -m hamsaya``: the command line."""

from hamsaya.cli.main import main

if __name__ == "__main__":
    main()
