"""信用 Xinyong: an openly licensed public credit information sharing platform (公共信用信息共享平台).

Rooms (capabilities) and doors (ways in) are mapped in docs/explanation/house.md; the import contracts in
pyproject.toml hold the map.
"""

import os

#: Read by Arrow's allocator when it is first loaded: it keeps memory that a batch let go for the next one, a second
#: long. At its usual 10 ms the system clears every page anew for each batch, a seventh of the time of an intake.
os.environ.setdefault("MIMALLOC_PURGE_DELAY", "1000")

__version__ = "0.1.0"
