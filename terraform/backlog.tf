# The Lambda that publishes BacklogFiles, OldestArrivalSeconds and ErroredActions of every pipeline.

locals {
  publish_backlog_zip = "${path.module}/build/publish_backlog.zip"
}

resource "aws_cloudwatch_log_group" "publish_backlog" {
  name              = "/aws/lambda/publish-backlog-lambda"
  retention_in_days = var.log_retention_days
  kms_key_id        = local.kms_key_arn
  tags              = var.tags
}

resource "aws_lambda_function" "publish_backlog" {
  function_name    = "publish-backlog-lambda"
  description      = "Publishes how many files wait for ingestion, for how long, and what the workflows could not start"
  role             = aws_iam_role.publish_backlog.arn
  runtime          = "python3.13"
  architectures    = ["arm64"]
  handler          = "publish_backlog.handler"
  filename         = local.publish_backlog_zip
  source_code_hash = fileexists(local.publish_backlog_zip) ? filebase64sha256(local.publish_backlog_zip) : null
  kms_key_arn      = local.kms_key_arn
  # A whole vCPU (https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html): reading a page of 1,000 keys
  # takes 0.05 s of it, so that the time is enough for millions of objects.
  memory_size = 1769
  timeout     = 600
  tags        = var.tags

  environment {
    variables = {
      PIPELINES = "s3://${aws_s3_object.pipelines.bucket}/${aws_s3_object.pipelines.key}"
    }
  }

  depends_on = [aws_cloudwatch_log_group.publish_backlog, aws_iam_role_policy.publish_backlog]

  lifecycle {
    precondition {
      condition     = fileexists(local.publish_backlog_zip)
      error_message = "${local.publish_backlog_zip} is missing: run `python3 terraform/package.py` first."
    }
  }
}

data "aws_iam_policy_document" "lambda_trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "publish_backlog" {
  name               = "${var.name}-publish-backlog-lambda"
  description        = "publish-backlog-lambda: lists the sources, looks at runs of ingestion jobs and workflows"
  assume_role_policy = data.aws_iam_policy_document.lambda_trust.json
  tags               = var.tags
}

data "aws_iam_policy_document" "publish_backlog" {
  dynamic "statement" {
    for_each = local.pipelines
    content {
      actions   = ["s3:ListBucket"]
      resources = ["arn:${local.partition}:s3:::${local.source_bucket[statement.key]}"]
      condition {
        test     = "StringEquals"
        variable = "s3:prefix"
        values   = [statement.value.source.prefix]
      }
    }
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
    resources = [for job in flatten(values(local.start_jobs)) : local.job_arns[job]]
  }
  statement {
    sid       = "LastWorkflowRun"
    actions   = ["glue:GetWorkflow"]
    resources = values(local.workflow_arns)
  }
  statement {
    sid       = "Logs"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.publish_backlog.arn}:*"]
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

resource "aws_iam_role_policy" "publish_backlog" {
  name   = "look"
  role   = aws_iam_role.publish_backlog.id
  policy = data.aws_iam_policy_document.publish_backlog.json
}
