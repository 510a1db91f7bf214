"""Reports (信用报告): what is on file about an organisation, given out as a document that can be checked.

Verbs, in the order a report lives them: ``compose.compose`` (a dossier in the official section order), ``render.html``
and ``render.pdf`` (the two forms), ``issue.issue`` (number, check code, audit, file), ``verify.code`` and
``verify.file`` (genuine, superseded, altered or unknown).

Basis: 《公共信用信息报告标准（2022年版）》; domain/rules.md §5.4. A report is factual: it holds no score and no grade.
"""
