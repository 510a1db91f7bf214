"""信用 Xinyong: an openly licensed public credit information sharing platform (公共信用信息共享平台).

Rooms (capabilities) and doors (ways in) are mapped in docs/explanation/house.md; the import contracts in
pyproject.toml hold the map.
"""

__version__ = "0.1.0"
