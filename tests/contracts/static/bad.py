"""Deliberately so: the line each remark stands on must be found. Never imported."""

import json
import os
import pickle
import subprocess
import urllib.request
import xml.etree.ElementTree
import zipfile

import requests
import yaml
from django.db.models import Q
from django.db.models.expressions import RawSQL
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from records.models import Record


def bad(request, cursor, wanted, name):
    Record.objects.filter(**wanted)  # bad: orm-dict-expansion
    Record.objects.all().exclude(state=1, **wanted)  # bad: orm-dict-expansion
    Record.objects.annotate(**{name: 1})  # bad: orm-dict-expansion
    Record.objects.get(**request.GET)  # bad: orm-dict-expansion
    Record.objects.filter(Q(**wanted))  # bad: orm-dict-expansion
    Record.objects.raw("SELECT 1")  # bad: orm-raw
    Record.objects.all().extra(where=[name])  # bad: orm-raw
    Record.objects.annotate(x=RawSQL("now()", []))  # bad: orm-raw
    cursor.execute(f"SELECT * FROM record WHERE code = '{name}'")  # bad: sql-from-pieces
    cursor.execute("SELECT * FROM record WHERE code = '%s'" % name)  # bad: sql-from-pieces
    cursor.execute("SELECT * FROM " + name)  # bad: sql-from-pieces
    cursor.execute("SELECT * FROM {}".format(name))  # bad: sql-from-pieces
    cursor.copy(f"COPY {name} FROM STDIN")  # bad: sql-from-pieces
    mark_safe(name)  # bad: text-declared-safe
    SafeString(name)  # bad: text-declared-safe
    format_html(f"<b>{name}</b>")  # bad: text-declared-safe
    subprocess.run(f"ls {name}", shell=True)  # bad: shell
    os.system(name)  # bad: shell
    os.popen(name)  # bad: shell
    pickle.loads(request.body)  # bad: code-from-data
    yaml.load(request.body)  # bad: code-from-data
    yaml.load(request.body, Loader=yaml.Loader)  # bad: code-from-data
    eval(name)  # bad: code-from-data
    exec(name)  # bad: code-from-data
    xml.etree.ElementTree.fromstring(request.body)  # bad: xml-undefended
    json.loads(request.body)  # bad: json-of-a-request
    urllib.request.urlopen(name)  # bad: outgoing-request
    requests.get(name)  # bad: outgoing-request
    zipfile.ZipFile(name).extractall("/")  # bad: archive-unpacked
