"""How the text of a file is cut into fields, in the terms of the parser."""

import csv as python_csv
import re
from functools import cached_property

from pyarrow import csv

from data_hub.csv_files.rejects import FileRejected
from data_hub.pipelines.pipeline import Csv

MAX_COLUMNS = 10_000


class Dialect:
    """The delimiter, quotes and null tokens of a pipeline's files.

    Args:
        csv: what the pipeline file says.

    Attributes:
        delimiter: the character between two fields.
        quotes: whether a field may stand in quotes.
        multiline: whether such a field may hold line ends.
        null_values: unquoted text that is NULL.
    """

    def __init__(self, csv: Csv) -> None:
        self.delimiter = csv.delimiter
        self.quotes = csv.quoting == "rfc4180"
        self.multiline = csv.multiline and self.quotes
        self.null_values = ["", *csv.null_tokens]

    @property
    def quoted_field(self) -> str:
        """Regular expression of a field in quotes, which ends with its quote (RFC 4180)."""
        return '"(?:[^"]|"")*"'

    @property
    def plain_field(self) -> str:
        """Regular expression of any other field: a quote inside it is text."""
        delimiter = re.escape(self.delimiter)
        return rf'(?:[^"{delimiter}\r\n][^{delimiter}\r\n]*)?'

    @cached_property
    def whole_line(self) -> str:
        """Regular expression of a record on one line, with its line end."""
        quoted = self.quoted_field.replace('[^"]', r'[^"\r\n]')
        field = f"(?:{quoted}|{self.plain_field})"
        return rf"\A{field}(?:{re.escape(self.delimiter)}{field})*(?:\r\n|\n|\r)\z"

    def parse_options(self, on_ragged: "RaggedHandler") -> csv.ParseOptions:
        """Return pyarrow's options; a row with too few or too many fields goes to the handler."""
        return csv.ParseOptions(
            delimiter=self.delimiter,
            quote_char='"' if self.quotes else False,
            newlines_in_values=self.multiline,
            invalid_row_handler=on_ragged,
        )

    def header_fields(self, record: str) -> list[str]:
        """Cut the header into names.

        Raises:
            FileRejected: its quotes do not fit, or there are too many.
        """
        if record.count(self.delimiter) >= MAX_COLUMNS:
            raise FileRejected(f"the header (line 1) names more than {MAX_COLUMNS:,} columns; is it a CSV file?")
        if not self.quotes:
            return record.split(self.delimiter)
        try:
            return next(python_csv.reader([record], delimiter=self.delimiter, strict=True), [])
        except python_csv.Error as error:
            raise FileRejected(f"the header (line 1) cannot be read: {error}; save the file as CSV") from error


class RaggedHandler:
    """Collects the rows whose number of fields is wrong."""

    def __init__(self) -> None:
        self.rows: list[int] = []
        self.field_counts: list[int] = []

    def clear(self) -> None:
        """Forget them: the text is parsed again."""
        self.rows.clear()
        self.field_counts.clear()

    def __call__(self, row: csv.InvalidRow) -> str:
        """Take note of a row, which pyarrow then leaves out."""
        self.rows.append(row.number - 1)
        self.field_counts.append(row.actual_columns)
        return "skip"
