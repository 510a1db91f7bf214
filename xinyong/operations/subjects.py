"""``xinyong search``: finds organisations from the command line."""

import click

from xinyong.operations import command


@click.command()
@click.argument("query")
@click.option(
    "--limit", default=20, show_default=True, type=click.IntRange(1, 100), help="最多显示几条 at most so many"
)
@click.option("--json", "as_json", is_flag=True, help="JSON")
def search(query: str, limit: int, as_json: bool) -> None:
    """查找主体 Finds organisations by code, name, former name, fragment, pinyin or initials. Exit code 1: nothing found."""
    command.with_database()
    from xinyong.security.access import system
    from xinyong.subjects import classes
    from xinyong.subjects.search import find

    results = find(query, seen_by=system("search"), limit=limit)
    if as_json:
        command.print_json(
            {
                "query": query,
                "total": results.total,
                "is_capped": results.is_capped,
                "hits": [
                    {
                        "code": hit.code,
                        "name": hit.name,
                        "subject_class": hit.subject_class,
                        "status": hit.status,
                        "region_code": hit.region_code,
                        "matched_by": hit.matched_by.value,
                        "matched_text": hit.matched_text,
                        "score": hit.score,
                    }
                    for hit in results.hits
                ],
            }
        )
    else:
        for hit in results.hits:
            state = classes.status_label(hit.status).zh
            also = "" if hit.matched_text in {hit.name, hit.code} else f"  ({hit.matched_text})"
            click.echo(f"{hit.code}  {hit.name}{also}  {state}  {hit.matched_by.value}  {hit.score:.2f}")
        click.echo(f"共 {results.total}{'+' if results.is_capped else ''} 个主体 organisations")
    raise SystemExit(0 if results.hits else 1)
