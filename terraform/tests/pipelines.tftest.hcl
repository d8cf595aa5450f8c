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
