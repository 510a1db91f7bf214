"""门户 The public portal: look up an organisation, see what is published, lists, figures, verify a report.

Shows what anybody may see, whoever is signed in (``answer.READER``). Basis: 国办发〔2020〕49号 (publicity in accordance
with the catalogue), 发改办财金〔2018〕424号 (two-item publicity), Order 36 of the NDRC (publicity periods).
"""
