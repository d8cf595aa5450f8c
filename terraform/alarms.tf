# Every alarm names its section of the runbook, tells the topic when it starts and when it is over, and is made for
# every pipeline or job of the pipeline files.

locals {
  metrics_namespace = "SimpleDataHub"
  lambda_functions  = [aws_lambda_function.trigger_glue_job.function_name, aws_lambda_function.publish_backlog.function_name]

  # Glue sends no event for the states ERROR and EXPIRED
  # (https://docs.aws.amazon.com/glue/latest/dg/automating-awsglue-with-cloudwatch-events.html), so no rule can count
  # them. ERROR is what a workflow run counts as its errored actions, which has an alarm below. EXPIRED is the end of a
  # run that waited in Glue's queue, and job run queuing is off. Whatever else keeps files lying raises oldest_arrival.
  job_run_alarms = {
    FAILED  = "ended FAILED"
    TIMEOUT = "was ended by its timeout"
    STOPPED = "was stopped"
  }
  job_alarms = merge([
    for job in keys(local.jobs) : {
      for state, what in local.job_run_alarms : "${job}-${lower(state)}" => { job = job, state = state, what = what }
    }
  ]...)
}

resource "aws_cloudwatch_metric_alarm" "job_runs" {
  for_each = local.job_alarms

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = "A run of the Glue job ${each.value.job} ${each.value.what}. Read the run's error message (aws glue get-job-runs --job-name ${each.value.job}) and its log, remove the cause; the next run takes what this one left. OK after five minutes means no second such run, not that it is repaired. docs/operations.md#a-job-run-failed-timed-out-or-was-stopped"
  namespace           = local.metrics_namespace
  metric_name         = "JobRuns"
  dimensions          = { JobName = each.value.job, State = each.value.state }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
  tags                = var.tags
}

# Between two runs there is no data, and the alarm keeps its state: only a run that reports 0 ends it. A period of a
# minute keeps two runs apart, so that the later one decides.
resource "aws_cloudwatch_metric_alarm" "files_awaiting_correction" {
  for_each = local.pipelines

  alarm_name          = "${var.name}-${each.key}-files-awaiting-correction"
  alarm_description   = "Files of the pipeline ${each.key} were rejected and neither delivered again nor acknowledged. Look up the reasons in ${each.value.table.name}_rejects, have the files corrected under the same key, or acknowledge them. Ends with the next run that finds none. docs/operations.md#files-await-correction"
  namespace           = local.metrics_namespace
  metric_name         = "FilesAwaitingCorrection"
  dimensions          = { Pipeline = each.key }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "ignore"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
  tags                = var.tags
}

resource "aws_cloudwatch_metric_alarm" "dead_letters" {
  for_each = local.pipelines

  alarm_name          = "${var.name}-${each.key}-dead-letters"
  alarm_description   = "Arrival events of the pipeline ${each.key} could not be handled. No file is lost: the catch-up ingests it. Find out why the workflow could not be started (log of trigger-glue-job-lambda), then redrive or purge the dead letter queue. docs/operations.md#messages-in-the-dead-letter-queue"
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.dead_letters[each.key].name }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
  tags                = var.tags
}

resource "aws_cloudwatch_metric_alarm" "lambda_errors" {
  for_each = toset(local.lambda_functions)

  alarm_name          = "${var.name}-${each.key}-errors"
  alarm_description   = "The Lambda ${each.key} ended with an error. Read its log (aws logs tail /aws/lambda/${each.key}). Arrivals stay in the queue and are tried again; the catch-up goes on without it. docs/operations.md#a-lambda-reports-errors"
  namespace           = "AWS/Lambda"
  metric_name         = "Errors"
  dimensions          = { FunctionName = each.key }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
  tags                = var.tags
}

resource "aws_cloudwatch_metric_alarm" "errored_actions" {
  for_each = local.pipelines

  alarm_name          = "${var.name}-${each.key}-errored-actions"
  alarm_description   = "A run of the workflow ${each.key} could not start one of its jobs, or a job ended in the state ERROR. Mostly the job was running already, started by hand. Look at the run (aws glue get-workflow-runs --name ${each.key} --include-graph), then start the workflow again. docs/operations.md#errored-actions"
  namespace           = local.metrics_namespace
  metric_name         = "ErroredActions"
  dimensions          = { Pipeline = each.key }
  statistic           = "Maximum"
  period              = 900
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
  tags                = var.tags
}

# The last alarm that still sees when everything before it is broken, so it also tells when the backlog Lambda is
# silent. Its period is two of the Lambda's, so that one late look makes no gap.
resource "aws_cloudwatch_metric_alarm" "oldest_arrival" {
  for_each = local.pipelines

  alarm_name                = "${var.name}-${each.key}-oldest-arrival"
  alarm_description         = "A file of the pipeline ${each.key} has waited for more than two hours. Whoever drives the pipeline (orchestrator: ${each.value.orchestrator}) does not run, or its runs fail. INSUFFICIENT_DATA: publish-backlog-lambda does not report. docs/operations.md#files-wait-too-long"
  namespace                 = local.metrics_namespace
  metric_name               = "OldestArrivalSeconds"
  dimensions                = { Pipeline = each.key }
  statistic                 = "Maximum"
  period                    = 1800
  evaluation_periods        = 1
  comparison_operator       = "GreaterThanThreshold"
  threshold                 = 7200
  treat_missing_data        = "missing"
  alarm_actions             = [aws_sns_topic.alarms.arn]
  ok_actions                = [aws_sns_topic.alarms.arn]
  insufficient_data_actions = [aws_sns_topic.alarms.arn]
  tags                      = var.tags
}
