"""`python -m reelfix.bin`: the command `reelfix` where it is not on PATH."""

from reelfix.bin.cli import main

if __name__ == "__main__":
    main(prog_name="reelfix")
