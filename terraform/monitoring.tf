# Who is told (SNS), and how the states of job runs become a metric.
#
# The other metrics are lines in embedded metric format that jobs and backlog Lambda print: CloudWatch takes the metrics
# out of any line that reaches a log group through PutLogEvents, with no header and no setting. Source:
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Generation_PutLogEvents.html
# ("you have the option to include the following HTTP header [...] but it's not required"). Glue writes a job's standard
# output to its output log group, so the print is enough, and no role needs cloudwatch:PutMetricData.

resource "aws_sns_topic" "alarms" {
  name         = "${var.name}-alarms"
  display_name = "${var.name} alarms"
  # Alarms cannot publish to a topic under the AWS managed key alias/aws/sns, so it is the customer's key or none:
  # https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
  kms_master_key_id = local.kms_key_arn
  tags              = var.tags
}

data "aws_iam_policy_document" "alarms_topic" {
  statement {
    sid       = "Alarms"
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.alarms.arn]
    principals {
      type        = "Service"
      identifiers = ["cloudwatch.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account_id]
    }
  }
}

resource "aws_sns_topic_policy" "alarms" {
  arn    = aws_sns_topic.alarms.arn
  policy = data.aws_iam_policy_document.alarms_topic.json
}

resource "aws_sns_topic_subscription" "email" {
  count = var.alarm_email == null ? 0 : 1

  topic_arn = aws_sns_topic.alarms.arn
  protocol  = "email"
  endpoint  = var.alarm_email
}

resource "aws_cloudwatch_event_rule" "job_states" {
  name        = "${var.name}-job-states"
  description = "Ends of runs of the data hub's jobs"
  event_pattern = jsonencode({
    source      = ["aws.glue"]
    detail-type = ["Glue Job State Change"]
    detail      = { jobName = sort(keys(local.jobs)) }
  })
  tags = var.tags
}

resource "aws_cloudwatch_log_group" "job_states" {
  name              = "/aws/events/${var.name}-job-states"
  retention_in_days = var.log_retention_days
  kms_key_id        = local.kms_key_arn
  tags              = var.tags
}

data "aws_iam_policy_document" "job_states_delivery" {
  statement {
    sid       = "Stream"
    actions   = ["logs:CreateLogStream"]
    resources = ["${aws_cloudwatch_log_group.job_states.arn}:*"]
    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com", "delivery.logs.amazonaws.com"]
    }
  }
  statement {
    sid       = "Events"
    actions   = ["logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.job_states.arn}:*"]
    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com", "delivery.logs.amazonaws.com"]
    }
    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [aws_cloudwatch_event_rule.job_states.arn]
    }
  }
}

resource "aws_cloudwatch_log_resource_policy" "job_states" {
  policy_name     = "${var.name}-job-states"
  policy_document = data.aws_iam_policy_document.job_states_delivery.json
}

resource "aws_cloudwatch_event_target" "job_states" {
  rule      = aws_cloudwatch_event_rule.job_states.name
  target_id = "log"
  arn       = aws_cloudwatch_log_group.job_states.arn

  depends_on = [aws_cloudwatch_log_resource_policy.job_states]
}

resource "aws_cloudwatch_log_metric_filter" "job_runs" {
  name           = "${var.name}-job-runs"
  log_group_name = aws_cloudwatch_log_group.job_states.name
  pattern        = "{ ($.detail.jobName = \"*\") && ($.detail.state = \"*\") }"

  metric_transformation {
    namespace  = local.metrics_namespace
    name       = "JobRuns"
    value      = "1"
    unit       = "Count"
    dimensions = { JobName = "$.detail.jobName", State = "$.detail.state" }
  }
}
