"""A catalog for tests that both engines use offline: Iceberg's own catalog of folders, read and written by pyiceberg.

Spark opens it as a catalog of type ``hadoop``; pyiceberg has none of that kind. The newest ``v<number>.metadata.json``
in a table's folder is the table as it is; a commit is a new file with the next number, which only one writer can make.
"""

import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pyiceberg.catalog import Catalog
from pyiceberg.catalog.memory import InMemoryCatalog
from pyiceberg.catalog.noop import NoopCatalog
from pyiceberg.exceptions import CommitFailedException, NoSuchTableError
from pyiceberg.serializers import FromInputFile, ToOutputFile
from pyiceberg.table import CommitTableResponse, Table
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.update import TableRequirement, TableUpdate, update_table_metadata
from pyiceberg.typedef import Identifier

_METADATA_FILE = re.compile(r"v([0-9]+)\.metadata\.json")


class HadoopCatalog(NoopCatalog):
    """Tables below a folder, one folder for each database and in it one for each table.

    Args:
        warehouse: the folder, which exists.
    """

    def __init__(self, warehouse: Path) -> None:
        super().__init__("hadoop")
        self._warehouse = warehouse

    def load_table(self, identifier: str | Identifier) -> Table:
        name = Catalog.identifier_to_tuple(identifier)
        folder = self._metadata_folder(name)
        numbers = [int(found[1]) for file in folder.glob("v*") if (found := _METADATA_FILE.fullmatch(file.name))]
        if not numbers:
            raise NoSuchTableError(f"Table does not exist: {'.'.join(name)}")
        location = _metadata_file(folder, max(numbers)).as_uri()
        io = self._load_file_io(location=location)
        return Table(name, FromInputFile.table_metadata(io.new_input(location)), location, io, self)

    def create_table_if_not_exists(self, identifier: str | Identifier, *args: Any, **kwargs: Any) -> Table:
        name = Catalog.identifier_to_tuple(identifier)
        if not self._metadata_folder(name).exists():
            drafts = InMemoryCatalog("drafts", warehouse=self._warehouse.as_uri())
            drafts.create_namespace(name[:-1])
            draft = drafts.create_table(name, *args, **kwargs)
            assert Path(urlsplit(draft.location()).path) == self._metadata_folder(name).parent, draft.location()
            self._write(draft.metadata, name, 1)
        return self.load_table(name)

    def commit_table(
        self, table: Table, requirements: tuple[TableRequirement, ...], updates: tuple[TableUpdate, ...]
    ) -> CommitTableResponse:
        current = self.load_table(table.name())
        for requirement in requirements:
            requirement.validate(current.metadata)
        changed = update_table_metadata(current.metadata, updates, metadata_location=current.metadata_location)
        number = int(re.findall(r"[0-9]+", current.metadata_location)[-1])
        location = self._write(changed, table.name(), number + 1)
        return CommitTableResponse(metadata=changed, metadata_location=location)

    def _write(self, metadata: TableMetadata, name: Identifier, number: int) -> str:
        folder = self._metadata_folder(name)
        draft, file = folder / f"draft-{os.urandom(8).hex()}", _metadata_file(folder, number)
        ToOutputFile.table_metadata(metadata, self._load_file_io(location=draft.as_uri()).new_output(draft.as_uri()))
        try:
            os.link(draft, file)
        except FileExistsError:
            raise CommitFailedException(f"{file} was made by another writer") from None
        finally:
            draft.unlink()
        return file.as_uri()

    def _metadata_folder(self, name: Identifier) -> Path:
        database, table = name
        return self._warehouse / f"{database}.db" / table / "metadata"


def _metadata_file(folder: Path, number: int) -> Path:
    return folder / f"v{number}.metadata.json"
