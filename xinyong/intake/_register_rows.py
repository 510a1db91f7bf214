"""Rows of the organisations' register in the form the subjects' room takes. The only place that knows that item's
column codes, beside its YAML."""

import pyarrow as pa
import pyarrow.compute as pc

#: What subjects.registry.register asks for → field code of the item organisation-register.
_FIELDS = {
    "name": "ZTMC",
    "subject_class": "ZTLX",
    "status": "JYZT",
    "region_code": "XZQH",
    "registered_on": "CLRQ",
    "ended_on": "ZXRQ",
    "changed_on": "HZRQ",
    "registration_no": "ZCH",
    "org_code": "ZZJGDM",
}


def rows(columns: dict[str, pa.Array], *, code: pa.Array) -> pa.Table:
    """The table ``registry.register`` takes: code, name, former_names (lists), class, status, region, dates, other codes."""
    table = {"code": code}
    for name, field in _FIELDS.items():
        if field in columns:
            table[name] = columns[field]
    former = columns.get("CYM")
    if former is not None:
        table["former_names"] = pc.split_pattern_regex(pc.fill_null(former, ""), "[;；、,，]")
    return pa.table(table)
