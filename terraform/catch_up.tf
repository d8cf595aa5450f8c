# The net below the arrival events: a run on the pipeline's own schedule, and a look every 15 minutes at what waits.

resource "aws_scheduler_schedule" "catch_up" {
  for_each = local.pipelines

  name                         = "${var.name}-${each.key}-catch-up"
  description                  = "Starts the workflow ${each.key} for objects that no event announced"
  schedule_expression          = each.value.source.catch_up
  schedule_expression_timezone = "UTC"
  state                        = each.value.orchestrator == "glue" ? "ENABLED" : "DISABLED"

  flexible_time_window {
    mode = "OFF"
  }

  # No dead letter queue: a start is refused while a run of the workflow is going, and that run, or the next catch-up,
  # takes what this one would have taken. What stays behind nevertheless raises the alarm on the oldest arrival.
  target {
    arn      = "arn:${local.partition}:scheduler:::aws-sdk:glue:startWorkflowRun"
    role_arn = aws_iam_role.scheduler.arn
    input = jsonencode({
      Name          = aws_glue_workflow.this[each.key].name
      RunProperties = { started_by = "catch-up" }
    })

    # A refused start is tried again, at growing intervals, for less than the hour after which the next one is due.
    retry_policy {
      maximum_event_age_in_seconds = 3300
      maximum_retry_attempts       = 30
    }
  }
}

# Runs whoever drives the pipelines: with Airflow too somebody has to see that files are left lying.
resource "aws_scheduler_schedule" "backlog" {
  name                         = "${var.name}-backlog"
  description                  = "Publishes how many files wait for ingestion, and for how long"
  schedule_expression          = "rate(15 minutes)"
  schedule_expression_timezone = "UTC"
  state                        = "ENABLED"

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_lambda_function.publish_backlog.arn
    role_arn = aws_iam_role.scheduler.arn

    retry_policy {
      maximum_event_age_in_seconds = 600
      maximum_retry_attempts       = 1
    }
  }
}

data "aws_iam_policy_document" "scheduler_trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["scheduler.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account_id]
    }
  }
}

resource "aws_iam_role" "scheduler" {
  name               = "${var.name}-scheduler"
  description        = "EventBridge Scheduler: starts the workflows (catch-up) and the backlog Lambda"
  assume_role_policy = data.aws_iam_policy_document.scheduler_trust.json
  tags               = var.tags
}

data "aws_iam_policy_document" "scheduler" {
  statement {
    sid       = "CatchUp"
    actions   = ["glue:StartWorkflowRun"]
    resources = values(local.workflow_arns)
  }
  statement {
    sid       = "Backlog"
    actions   = ["lambda:InvokeFunction"]
    resources = [aws_lambda_function.publish_backlog.arn]
  }
}

resource "aws_iam_role_policy" "scheduler" {
  name   = "start"
  role   = aws_iam_role.scheduler.id
  policy = data.aws_iam_policy_document.scheduler.json
}
