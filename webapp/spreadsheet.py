"""Lists as CSV files that a spreadsheet opens: with names it can read, and with nothing that it would run."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import Any

from flask import Response

_STARTS_A_FORMULA = tuple("=+-@\t\r\uff1d\uff0b\uff0d\uff20")
_NUMBER = re.compile(r"-?\d+(?:[.,]\d+)?", re.ASCII)


def csv_file(name: str, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Response:
    """A download. It begins with the mark by which spreadsheets know UTF-8."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(header)
    writer.writerows([guarded(cell) for cell in row] for row in rows)
    response = Response("\ufeff" + text.getvalue(), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def guarded(cell: Any) -> Any:
    """Text that a spreadsheet would take for a formula gets an apostrophe in front; plain numbers stay as they are."""
    if isinstance(cell, str) and cell.lstrip(" \n").startswith(_STARTS_A_FORMULA) and not _NUMBER.fullmatch(cell):
        return f"'{cell}"
    return cell
