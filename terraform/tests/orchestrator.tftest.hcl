# Who drives: both values, and the switch from one to the other in one apply.

mock_provider "aws" {
  source = "./tests/mocks"
}

run "glue_drives" {
  variables {
    pipelines_directory = "tests/pipelines/glue"
  }

  assert {
    condition     = aws_lambda_event_source_mapping.arrivals["reports"].enabled
    error_message = "the Lambda has to take arrivals"
  }
  assert {
    condition     = aws_scheduler_schedule.catch_up["reports"].state == "ENABLED"
    error_message = "the catch-up has to start the workflow"
  }
  assert {
    condition     = aws_scheduler_schedule.catch_up["reports"].schedule_expression == "cron(0 * * * ? *)" && aws_scheduler_schedule.catch_up["reports"].schedule_expression_timezone == "UTC"
    error_message = aws_scheduler_schedule.catch_up["reports"].schedule_expression
  }
  assert {
    condition     = aws_scheduler_schedule.catch_up["reports"].target[0].arn == "arn:aws:scheduler:::aws-sdk:glue:startWorkflowRun"
    error_message = aws_scheduler_schedule.catch_up["reports"].target[0].arn
  }
  assert {
    condition     = jsondecode(aws_scheduler_schedule.catch_up["reports"].target[0].input) == { Name = "reports", RunProperties = { started_by = "catch-up" } }
    error_message = aws_scheduler_schedule.catch_up["reports"].target[0].input
  }
  assert {
    condition     = one(data.aws_iam_policy_document.scheduler.statement[0].actions) == "glue:StartWorkflowRun"
    error_message = "the scheduler may start workflows, not jobs"
  }
  assert {
    condition     = !anytrue([for statement in data.aws_iam_policy_document.airflow["reports"].statement : contains(statement.actions, "glue:StartJobRun")])
    error_message = "Airflow does not drive, and may not start jobs"
  }
}

run "airflow_drives_after_one_apply" {
  variables {
    pipelines_directory = "tests/pipelines/airflow"
  }

  assert {
    condition     = !aws_lambda_event_source_mapping.arrivals["reports"].enabled
    error_message = "the Lambda would start a second run beside Airflow's"
  }
  assert {
    condition     = aws_scheduler_schedule.catch_up["reports"].state == "DISABLED"
    error_message = "the catch-up would start a second run beside Airflow's"
  }
  assert {
    condition     = aws_scheduler_schedule.backlog.state == "ENABLED"
    error_message = "somebody has to see files that wait, whoever drives"
  }
  assert {
    condition     = one(aws_s3_bucket_notification.arrivals["raw"].queue).filter_prefix == "reports/"
    error_message = "events have to be kept for the switch back"
  }
  assert {
    condition     = anytrue([for statement in data.aws_iam_policy_document.airflow["reports"].statement : contains(statement.actions, "glue:StartJobRun")])
    error_message = "Airflow has to be allowed to start the jobs"
  }
}
