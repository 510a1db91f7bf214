"""Messages without an English translation, and translations nobody uses; ``--add`` writes the missing ones into the .po.

python tools/messages.py          # list; exit code 1 when something is missing
python tools/messages.py --add    # append them with empty translations, to be filled in by hand
python tools/messages.py --compile
"""

import sys

import click

from xinyong.web import messages


@click.command(help="Checks the English messages.")
@click.option("--add", is_flag=True, help="Append missing messages to the .po with empty translations.")
@click.option("--compile", "compiled", is_flag=True, help="Write the .mo.")
def check(add: bool, compiled: bool) -> None:
    """Lists what is missing and what is unused."""
    lacking = messages.missing()
    for text, places in lacking.items():
        click.echo(f"missing  {text!r}  {places[0]}")
    for text in messages.unused():
        click.echo(f"unused   {text!r}")
    if add:
        messages.add(lacking)
    if compiled:
        click.echo(messages.compile_messages())
    sys.exit(1 if lacking and not add else 0)


if __name__ == "__main__":
    check()
