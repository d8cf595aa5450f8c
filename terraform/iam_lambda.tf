# Role of trigger-glue-job-lambda. The trust policy of Lambda functions is in backlog.tf.

resource "aws_iam_role" "trigger_glue_job" {
  name               = "${var.name}-trigger-glue-job-lambda"
  description        = "trigger-glue-job-lambda: takes arrivals from the queues and starts workflows"
  assume_role_policy = data.aws_iam_policy_document.lambda_trust.json
  tags               = var.tags
}

data "aws_iam_policy_document" "trigger_glue_job" {
  # Lambda's pollers take the messages with the function's role.
  statement {
    sid       = "Arrivals"
    actions   = ["sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
    resources = [for queue in aws_sqs_queue.arrivals : queue.arn]
  }
  # The wildcard stands for the content's hash.
  statement {
    sid       = "Pipelines"
    actions   = ["s3:GetObject"]
    resources = ["${aws_s3_bucket.scripts.arn}/lambda/*/pipelines.json"]
  }
  statement {
    sid       = "JobRuns"
    actions   = ["glue:GetJobRuns"]
    resources = values(local.job_arns)
  }
  statement {
    sid       = "Start"
    actions   = ["glue:StartWorkflowRun"]
    resources = values(local.workflow_arns)
  }
  statement {
    sid       = "Logs"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.trigger_glue_job.arn}:*"]
  }
  dynamic "statement" {
    for_each = var.customer_managed_key ? [local.kms_key_arn] : []
    content {
      sid       = "Key"
      actions   = ["kms:Decrypt"]
      resources = [statement.value]
    }
  }
}

resource "aws_iam_role_policy" "trigger_glue_job" {
  name   = "start-workflows"
  role   = aws_iam_role.trigger_glue_job.id
  policy = data.aws_iam_policy_document.trigger_glue_job.json
}
