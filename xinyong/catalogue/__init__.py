"""目录 The catalogue: what may be said about whom, as versioned data; and the operator's tables.

Each item (信息项) is one YAML file: fields, requirement, checks, disclosure, clocks, retention, legal basis. Nothing outside
the catalogue enters the platform (INV-01). Basis: 全国公共信用信息基础目录, GB/T 39440-2020, GB/T 39445-2020, the two-item
publicity standard of 2018 (发改办财金〔2018〕424号), 国办发〔2020〕49号.

Verbs: ``load.load_item``, ``load.library``, ``load.code_list``, ``load.rule_sets`` · ``publish.current``, ``publish.version``,
``publish.draft``, ``publish.undo``, ``publish.discard``, ``publish.ask_to_publish``, ``publish.publish``, ``publish.retire``,
``publish.install_library`` · ``recheck.ask``, ``recheck.of`` · ``codes.editions``, ``codes.of``,
``codes.changes``, ``codes.draft``, ``codes.ask_to_publish``, ``codes.publish_edition`` · ``inheritance.violations``, ``inheritance.three_way`` ·
``difference.difference`` · ``whole.dump``, ``whole.plan``, ``whole.bring_in`` · ``dictionary.lines`` ·
``export.json_schema``, ``export.table_schema``, ``export.workbook``, ``export.yaml`` · ``forbidden.in_name``,
``forbidden.scan`` · ``tables.calendar``, ``tables.import_working_days``, ``tables.exceptions``, ``tables.add_exception``.
"""
