"""Views in the Glue Data Catalog as the views job leaves them, without the job."""

from typing import Any

from data_hub.sql_views.view_parameters import CHECK, MISFITS, NOTE, PIPELINE


def put_view(
    glue: Any, database: str, name: str, pipeline: str, check: str = "passed", note: str = "", misfits: str = ""
) -> None:
    """Put a view of one row and one column into the catalogue.

    Args:
        glue: a client for Glue.
        database: database of the catalogue.
        name: the view.
        pipeline: who has published it.
        check: what its check found.
        note: what it leaves out.
        misfits: values that its columns cannot hold.
    """
    told = {name: text for name, text in ((NOTE, note), (MISFITS, misfits)) if text}
    glue.create_table(
        DatabaseName=database,
        TableInput={
            "Name": name,
            "TableType": "VIRTUAL_VIEW",
            "StorageDescriptor": {"Columns": [{"Name": "a", "Type": "int"}]},
            "ViewDefinition": {
                "IsProtected": True,
                "Definer": "arn:aws:iam::123456789012:role/definer",
                "Representations": [
                    {"Dialect": dialect, "DialectVersion": "1", "ViewOriginalText": "SELECT 1 AS a"}
                    for dialect in ("SPARK", "ATHENA")
                ],
            },
            "Parameters": {PIPELINE: pipeline, CHECK: check, **told},
        },
    )
