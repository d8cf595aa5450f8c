"""Table optimizers, which moto lacks: they are kept and told, and optimise nothing.

https://docs.aws.amazon.com/glue/latest/dg/aws-glue-api-table-optimizers.html
"""

from typing import Any

from moto.core.responses import ActionResult
from moto.glue.exceptions import AlreadyExistsException, EntityNotFoundException
from moto.glue.responses import GlueResponse

from local_aws.patching import LOCK, add


def install() -> None:
    """Patch moto in this process.

    Raises:
        RuntimeError: moto has learnt one of the calls.
    """
    add(GlueResponse, "create_table_optimizer", _create)
    add(GlueResponse, "get_table_optimizer", _get)
    add(GlueResponse, "batch_get_table_optimizer", _batch_get)


def _create(response: Any) -> ActionResult:
    parameters = response.parameters
    optimizers = _of_table(response, parameters["DatabaseName"], parameters["TableName"])
    with LOCK:
        if parameters["Type"] in optimizers:
            raise AlreadyExistsException(f"Table optimizer {parameters['Type']}")
        optimizers[parameters["Type"]] = parameters["TableOptimizerConfiguration"]
    return ActionResult({})


def _get(response: Any) -> ActionResult:
    names = {name: response.parameters[name] for name in ("CatalogId", "DatabaseName", "TableName")}
    found = _find(response, names["DatabaseName"], names["TableName"], response.parameters["Type"])
    return ActionResult({**names, "TableOptimizer": found})


def _batch_get(response: Any) -> ActionResult:
    answer: dict[str, list[dict[str, Any]]] = {"TableOptimizers": [], "Failures": []}
    for entry in response.parameters["Entries"]:
        try:
            found = _find(response, entry["databaseName"], entry["tableName"], entry["type"])
        except EntityNotFoundException as error:
            detail = {"ErrorCode": "EntityNotFoundException", "ErrorMessage": error.message}
            answer["Failures"].append({**entry, "error": detail})
        else:
            answer["TableOptimizers"].append({**entry, "tableOptimizer": found})
    return ActionResult(answer)


def _find(response: Any, database: str, table: str, kind: str) -> dict[str, Any]:
    optimizers = _of_table(response, database, table)
    if kind not in optimizers:
        raise EntityNotFoundException(f"Table optimizer {kind} of table {database}.{table} not found.")
    return {"type": kind, "configuration": optimizers[kind], "configurationSource": "table"}


def _of_table(response: Any, database: str, table: str) -> dict[str, Any]:
    """Return the table's optimizers by type; they live and end with moto's table."""
    optimizers: dict[str, Any] = vars(response.glue_backend.get_table(database, table)).setdefault("optimizers", {})
    return optimizers
