# Several pipelines, and pipeline files that an apply must not touch anything with.

mock_provider "aws" {
  source = "./tests/mocks"
}

run "two_pipelines_share_a_bucket" {
  variables {
    pipelines_directory = "tests/pipelines/shared"
  }

  assert {
    condition     = keys(aws_s3_bucket.raw) == ["raw"] && length(aws_s3_bucket_notification.arrivals) == 1
    error_message = "one bucket with one notification configuration"
  }
  assert {
    condition     = { for queue in aws_s3_bucket_notification.arrivals["raw"].queue : queue.id => queue.filter_prefix } == { data-hub-branches = "branches/", data-hub-reports = "reports/" }
    error_message = "each prefix has its queue"
  }
  assert {
    condition     = keys(aws_glue_workflow.this) == ["branches", "reports"] && length(aws_glue_job.this) == 4 && length(aws_glue_trigger.conditional) == 2
    error_message = "each pipeline has its workflow, jobs and Glue triggers"
  }
  assert {
    condition     = aws_lambda_event_source_mapping.arrivals["reports"].enabled && !aws_lambda_event_source_mapping.arrivals["branches"].enabled
    error_message = "each has its own orchestrator"
  }
  assert {
    condition     = length(aws_cloudwatch_metric_alarm.job_runs) == 12 && length(aws_cloudwatch_metric_alarm.dead_letters) == 2 && length(aws_cloudwatch_metric_alarm.oldest_arrival) == 2
    error_message = "each has its alarms"
  }
  assert {
    condition     = length(distinct([for widget in jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets : "${widget.x} ${widget.y}"])) == 2 + 2 * 6
    error_message = aws_cloudwatch_dashboard.this.dashboard_body
  }
  assert {
    condition     = sort(flatten([for statement in data.aws_iam_policy_document.publish_backlog.statement : [for condition in statement.condition : condition.values] if contains(statement.actions, "s3:ListBucket")])) == tolist(["branches/", "reports/"])
    error_message = "the backlog Lambda lists both prefixes"
  }
}

run "arguments_of_a_job" {
  variables {
    pipelines_directory = "tests/pipelines/job-arguments"
  }

  assert {
    condition     = { for name in ["--engine", "--max_bytes"] : name => aws_glue_job.this["reports-ingestion"].default_arguments[name] } == { "--engine" = "spark", "--max_bytes" = "1000000" }
    error_message = "the job has the arguments of its pipeline file"
  }
  assert {
    condition     = aws_glue_job.this["reports-ingestion"].default_arguments["--database"] == aws_glue_catalog_database.this.name
    error_message = "what the module sets cannot be overridden"
  }
  assert {
    condition     = !contains(keys(aws_glue_job.this["reports-views"].default_arguments), "--engine")
    error_message = "no other job has them"
  }
}

run "view_files" {
  variables {
    pipelines_directory = "tests/pipelines/view-files"
  }

  assert {
    condition     = jsonencode({ for name, views in aws_s3_object.views : name => keys(jsondecode(views.content)) }) == jsonencode({ branches = [], reports = ["small_view.sql"] })
    error_message = jsonencode({ for name, views in aws_s3_object.views : name => views.content })
  }
  assert {
    condition     = jsondecode(aws_s3_object.views["reports"].content)["small_view.sql"] == file("tests/pipelines/view-files/views/reports/small_view.sql")
    error_message = aws_s3_object.views["reports"].content
  }
  assert {
    condition     = aws_s3_object.views["reports"].key == "views/${sha256(aws_s3_object.views["reports"].content)}/reports.json" && aws_s3_object.views["branches"].content == "{}"
    error_message = aws_s3_object.views["reports"].key
  }
  assert {
    condition = {
      for name, job in aws_glue_job.this : name => lookup(job.default_arguments, "--views", "none")
      } == {
      branches-ingestion = "none"
      branches-views     = "s3://data-hub-scripts-123456789012/${aws_s3_object.views["branches"].key}"
      reports-ingestion  = "none"
      reports-views      = "s3://data-hub-scripts-123456789012/${aws_s3_object.views["reports"].key}"
    }
    error_message = "a views job without its view files"
  }
}

run "a_views_job_reads_all_tables_and_changes_views_alone" {
  variables {
    pipelines_directory = "tests/pipelines/view-files"
  }

  assert {
    condition = flatten([
      for statement in data.aws_iam_policy_document.views["reports-views"].statement : [
        for resource in statement.resources : reverse(split("/", resource))[0] if strcontains(resource, ":table/")
      ] if contains(statement.actions, "glue:DeleteTable") || contains(statement.actions, "glue:UpdateTable")
    ]) == ["*_view"]
    error_message = "a job that could drop a table"
  }
  assert {
    condition     = aws_lakeformation_permissions.tables["reports-views"].permissions == toset(["ALTER", "DESCRIBE", "DROP", "SELECT"])
    error_message = join(", ", aws_lakeformation_permissions.tables["reports-views"].permissions)
  }
  assert {
    condition     = !anytrue([for permission in ["DELETE", "INSERT"] : contains(aws_lakeformation_permissions.tables["reports-views"].permissions, permission)])
    error_message = "a views job changes no rows"
  }
  assert {
    condition = alltrue(flatten([
      for tables in [["branches", "branches_rejects", "branches_ledger"], ["reports", "reports_rejects", "reports_ledger"], ["*_view"]] : [
        for table in tables : anytrue([
          for statement in data.aws_iam_policy_document.view_definer.statement : anytrue([for resource in statement.resources : endswith(resource, "/${table}")])
        ])
      ]
    ]))
    error_message = "a view of a table that the definer does not see could not be made"
  }
}

run "wrong_name" {
  command = plan
  variables {
    pipelines_directory = "tests/pipelines/wrong-name"
  }
  expect_failures = [terraform_data.pipeline["reports"]]
}

run "wrong_orchestrator" {
  command = plan
  variables {
    pipelines_directory = "tests/pipelines/wrong-orchestrator"
  }
  expect_failures = [terraform_data.pipeline["reports"]]
}

run "two_starts" {
  command = plan
  variables {
    pipelines_directory = "tests/pipelines/two-starts"
  }
  expect_failures = [terraform_data.pipeline["reports"]]
}

run "unknown_job" {
  command = plan
  variables {
    pipelines_directory = "tests/pipelines/unknown-job"
  }
  expect_failures = [terraform_data.pipeline["reports"]]
}

run "circular_trigger" {
  command = plan
  variables {
    pipelines_directory = "tests/pipelines/circular-trigger"
  }
  expect_failures = [terraform_data.pipeline["reports"]]
}

run "missing_script" {
  command = plan
  variables {
    pipelines_directory = "tests/pipelines/missing-script"
  }
  expect_failures = [terraform_data.pipeline["reports"]]
}

run "reserved_bucket" {
  command = plan
  variables {
    pipelines_directory = "tests/pipelines/reserved-bucket"
  }
  expect_failures = [terraform_data.pipeline["reports"]]
}

run "clashing_names" {
  command = plan
  variables {
    pipelines_directory = "tests/pipelines/clashing-names"
  }
  expect_failures = [terraform_data.pipeline["branches"], terraform_data.pipeline["reports"]]
}

run "overlapping_prefixes" {
  command = plan
  variables {
    pipelines_directory = "tests/pipelines/overlapping-prefixes"
  }
  expect_failures = [terraform_data.pipeline["branches"], terraform_data.pipeline["reports"]]
}

run "unfit_view_files" {
  command = plan
  variables {
    pipelines_directory = "tests/pipelines/unfit-view-files"
  }
  expect_failures = [terraform_data.pipeline["reports"]]
}

run "clashing_view_files" {
  command = plan
  variables {
    pipelines_directory = "tests/pipelines/clashing-view-files"
  }
  expect_failures = [terraform_data.pipeline["branches"], terraform_data.pipeline["reports"]]
}

run "view_files_of_no_pipeline" {
  command = plan
  variables {
    pipelines_directory = "tests/pipelines/misplaced-view-files"
  }
  expect_failures = [terraform_data.view_files]
}
