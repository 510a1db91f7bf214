"""``python -m xinyong``."""

from xinyong.operations.command import main

if __name__ == "__main__":
    main()
