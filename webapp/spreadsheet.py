"""Lists as CSV files that a spreadsheet opens: with names it can read, and with nothing that it would run."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from flask import Response, stream_with_context

AT_ONCE = 200
"""How many rows are written before they are sent."""

_STARTS_A_FORMULA = tuple("=+-@\t\r\uff1d\uff0b\uff0d\uff20")
_INNER_FORMULA = re.compile(
    r"""([;,|\t\r\n][ "']*)                                            # what another spreadsheet parts cells by
    (?=[=\uff1d]|[+\-@\uff0b\uff0d\uff20][^;,\t\r\n]*([(!|=]|\w\s*[+*^&]\s*\w))  # not "-5", "- late" or "+43 555" """,
    re.VERBOSE,
)
_NUMBER = re.compile(r"-?\d+(?:[.,]\d+)?", re.ASCII)


def csv_file(name: str, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Response:
    """A download, sent while its rows are read. It begins with the mark by which spreadsheets know UTF-8."""
    response = Response(stream_with_context(_parts(header, rows)), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _parts(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    text = io.StringIO("\ufeff", newline="")
    text.seek(0, io.SEEK_END)
    writer = csv.writer(text)
    writer.writerow(header)
    for number, row in enumerate(rows, start=1):
        writer.writerow([guarded(cell) for cell in row])
        if number % AT_ONCE == 0:
            yield text.getvalue()
            text.seek(0)
            text.truncate()
    yield text.getvalue()


def guarded(cell: Any) -> Any:
    """Text that a spreadsheet would take for a formula gets an apostrophe in front; plain numbers stay as they are."""
    if not isinstance(cell, str):
        return cell
    cell = _INNER_FORMULA.sub(r"\1'", cell)
    return f"'{cell}" if cell.lstrip(" \n").startswith(_STARTS_A_FORMULA) and not _NUMBER.fullmatch(cell) else cell
