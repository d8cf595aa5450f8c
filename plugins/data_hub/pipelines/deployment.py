"""Where a pipeline is deployed: the default arguments of its Glue jobs."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields

from data_hub.errors import DataHubError


@dataclass(frozen=True)
class Deployment:
    """What Terraform (or the local AWS) wrote into the default arguments of a pipeline's Glue jobs.

    Attributes:
        pipeline_file: S3 URI of the pipeline file.
        source_bucket: name of the bucket that objects arrive in.
        warehouse: S3 URI below which the tables lie.
        database: database of the Glue Data Catalog that holds tables and views.
        view_definer: ARN of the IAM role with whose rights the views are read.
    """

    pipeline_file: str
    source_bucket: str
    warehouse: str
    database: str
    view_definer: str

    @classmethod
    def argument_names(cls) -> list[str]:
        """Return the names of the job arguments, without leading dashes."""
        return [field.name for field in fields(cls)]

    @classmethod
    def from_arguments(cls, arguments: Mapping[str, str]) -> "Deployment":
        """Take the deployment from job arguments.

        Args:
            arguments: a job's DefaultArguments (``--database``) or resolved options (``database``).

        Raises:
            DataHubError: an argument is missing or empty; all of them are named.
        """
        bare = {name.removeprefix("--"): value for name, value in arguments.items()}
        missing = [f"--{name}" for name in cls.argument_names() if not bare.get(name)]
        if missing:
            raise DataHubError(
                f"The Glue job lacks the arguments {', '.join(missing)}: deploy the pipeline again, "
                "which writes them into the job's default arguments"
            )
        return cls(**{name: bare[name] for name in cls.argument_names()})

    def to_arguments(self) -> dict[str, str]:
        """Return the arguments as they stand in a job's DefaultArguments."""
        return {f"--{name}": value for name, value in asdict(self).items()}
