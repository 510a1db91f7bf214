"""The right way to write what bad.py does; nothing here may be found. Never imported."""

import subprocess

import yaml
from django.db.models import Q
from django.utils.html import format_html
from records.models import Record
from xinyong.kernel import strict_json


def good(request, cursor, wanted, name):
    Record.objects.filter(state=1, code=name).exclude(Q(code="") | Q(code=None))
    Record.objects.get(pk=1)
    Record.objects.create(code=name)
    {"a": 1}.update(**wanted)
    cursor.execute("SELECT * FROM record WHERE code = %s", [name])
    format_html("<b>{}</b>", name)
    subprocess.run(["/bin/ls", name], check=False)
    yaml.safe_load(request.body)
    return strict_json.parse(request.body)
