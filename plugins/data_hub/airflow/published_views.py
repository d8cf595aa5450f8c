"""The views of a pipeline after a job run that publishes them: for XCom, the task's log and the asset event."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3

from data_hub.airflow.jobs import read_deployment
from data_hub.sql_views import catalog_view

if TYPE_CHECKING:
    from collections.abc import Sequence

    from data_hub.pipelines.pipeline import Pipeline
    from data_hub.sql_views.catalog_view import CatalogView

# XCom key of the views.
VIEWS_KEY = "views"
MAX_VIEWS = 100


@dataclass(frozen=True)
class PublishedViews:
    """The published views of a pipeline, by name."""

    views: Sequence[CatalogView]

    def to_xcom(self) -> list[dict[str, Any]]:
        """Return the first ``MAX_VIEWS`` views; failed checks come first, then views that leave something out."""
        ordered = sorted(self.views, key=lambda view: (not view.has_failed, not view.remarks))
        return [
            {
                "view": view.name,
                "columns": len(view.columns),
                "check": view.check,
                "misfits": view.misfits,
                "note": view.note,
            }
            for view in ordered[:MAX_VIEWS]
        ]

    def to_asset_extra(self) -> dict[str, int]:
        """Return how many there are for the asset event, and of how many the check failed."""
        return {"views": len(self.views), "failed_checks": sum(view.has_failed for view in self.views)}

    def to_lines(self) -> list[str]:
        """Return a line for each thing that people should know; none when every view is whole and in order."""
        found = [f"{view.name}: {remark}" for view in self.views for remark in view.remarks]
        more = [f"... and {len(found) - MAX_VIEWS:,} more"] if len(found) > MAX_VIEWS else []
        return found[:MAX_VIEWS] + more


def read(pipeline: Pipeline) -> PublishedViews:
    """Read the views of a pipeline from the Glue Data Catalog.

    Raises:
        DataHubError: the job is not deployed any more, or its arguments are missing.
    """
    deployment = read_deployment(pipeline)
    return PublishedViews(catalog_view.read(boto3.client("glue"), deployment.database, pipeline.pipeline))
