"""The synthetic city (演示城市): a fictitious city's departments, organisations and files, made from a seed.

No real body is ever shown as penalised: division 99 exists nowhere, names are invented, codes are valid and belong to
nobody. Pure and streaming: NumPy and Arrow columns, no database, no clock. Verbs: ``write`` (the files of a city), ``write_apart``
(the same, one by one from a process of its own), ``inhabitants`` (its departments, divisions, demo accounts), ``penalties`` (endless rows for benchmarks).
"""

from xinyong.operations.synthetic.apart import write_apart
from xinyong.operations.synthetic.bench import penalties, write_penalties
from xinyong.operations.synthetic.files import CityFile, DemoAccount, Department, Manifest, inhabitants, write

__all__ = [
    "CityFile", "DemoAccount", "Department", "Manifest", "inhabitants", "penalties", "write", "write_apart",
    "write_penalties",
]  # fmt: skip
