# How an arrival starts a pipeline: S3 notification, queue, Lambda trigger-glue-job-lambda, workflow, ON_DEMAND Glue trigger.

locals {
  # A message is handed back while a run is active. It must outlive two runs of all jobs that use their whole timeouts:
  # the one that is on its way, and one that begins before the message is looked at again. SQS counts 1,000 receives at
  # most, so very long jobs make the messages come back less often.
  two_runs_seconds = { for name, pipeline in local.pipelines : name => 2 * 60 * sum([for job in values(pipeline.jobs) : job.timeout]) }
  visibility_seconds = {
    for name, seconds in local.two_runs_seconds : name => max(120, ceil(seconds / 1000))
  }
  receives = {
    for name, seconds in local.two_runs_seconds : name => max(5, ceil(seconds / local.visibility_seconds[name]))
  }

  # Put together from the names: the queues' own policies name them.
  queue_names = { for name in keys(local.pipelines) : name => "${var.name}-${name}-arrivals" }
  queue_arns  = { for name, queue in local.queue_names : name => "arn:${local.partition}:sqs:${local.region}:${local.account_id}:${queue}" }

  trigger_glue_job_zip = "${path.module}/build/trigger_glue_job.zip"
}

resource "aws_glue_workflow" "this" {
  for_each = local.pipelines

  name        = each.key
  description = "Pipeline ${each.key}"
  # Without a limit a second start would be accepted, and the first job inside it refused: the wake-up would be lost.
  max_concurrent_runs = 1
  tags                = var.tags

  depends_on = [terraform_data.pipeline]
}

resource "aws_glue_trigger" "on_demand" {
  for_each = { for name, trigger in local.triggers : name => trigger if trigger.type == "ON_DEMAND" }

  name          = each.key
  description   = "Starts the workflow ${each.value.pipeline}"
  type          = "ON_DEMAND"
  workflow_name = aws_glue_workflow.this[each.value.pipeline].name
  # An enabled one would be started by each apply: https://github.com/hashicorp/terraform-provider-aws/issues/38222
  enabled = false
  tags    = var.tags

  dynamic "actions" {
    for_each = each.value.actions
    content {
      job_name = aws_glue_job.this[actions.value.job].name
    }
  }
}

resource "aws_sqs_queue" "arrivals" {
  for_each = local.pipelines

  name                       = local.queue_names[each.key]
  visibility_timeout_seconds = local.visibility_seconds[each.key]
  message_retention_seconds  = 4 * 24 * 3600
  sqs_managed_sse_enabled    = var.customer_managed_key ? null : true
  kms_master_key_id          = local.kms_key_arn
  policy                     = data.aws_iam_policy_document.arrivals_queue[each.key].json
  tags                       = var.tags

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead_letters[each.key].arn
    maxReceiveCount     = local.receives[each.key]
  })
}

resource "aws_sqs_queue" "dead_letters" {
  for_each = local.pipelines

  name                      = "${var.name}-${each.key}-dead-letters"
  message_retention_seconds = 14 * 24 * 3600
  sqs_managed_sse_enabled   = var.customer_managed_key ? null : true
  kms_master_key_id         = local.kms_key_arn
  tags                      = var.tags

  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [local.queue_arns[each.key]]
  })
}

data "aws_iam_policy_document" "arrivals_queue" {
  for_each = local.pipelines

  statement {
    sid       = "Notifications"
    actions   = ["sqs:SendMessage"]
    resources = [local.queue_arns[each.key]]
    principals {
      type        = "Service"
      identifiers = ["s3.amazonaws.com"]
    }
    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = ["arn:${local.partition}:s3:::${local.source_bucket[each.key]}"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account_id]
    }
  }
}

# It owns the whole notification configuration of the bucket, therefore one per bucket, for all pipelines.
resource "aws_s3_bucket_notification" "arrivals" {
  for_each = var.manage_notifications ? local.source_buckets : []

  bucket = local.bucket_names[each.key]

  dynamic "queue" {
    for_each = { for name, pipeline in local.pipelines : name => pipeline if pipeline.source.bucket == each.key }
    content {
      id            = "${var.name}-${queue.key}"
      queue_arn     = aws_sqs_queue.arrivals[queue.key].arn
      events        = ["s3:ObjectCreated:*"]
      filter_prefix = queue.value.source.prefix
    }
  }
}

resource "aws_lambda_function" "trigger_glue_job" {
  function_name    = "trigger-glue-job-lambda"
  description      = "Starts the workflow of the pipeline that an object has arrived for"
  role             = aws_iam_role.trigger_glue_job.arn
  runtime          = "python3.13"
  architectures    = ["arm64"]
  handler          = "trigger_glue_job.handler"
  filename         = local.trigger_glue_job_zip
  source_code_hash = fileexists(local.trigger_glue_job_zip) ? filebase64sha256(local.trigger_glue_job_zip) : null
  kms_key_arn      = local.kms_key_arn
  memory_size      = 256
  # Six of them and the batching window fit into the visibility timeout, as AWS asks for:
  # https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
  timeout = 15
  tags    = var.tags

  environment {
    variables = {
      PIPELINES = "s3://${aws_s3_object.pipelines.bucket}/${aws_s3_object.pipelines.key}"
    }
  }

  depends_on = [aws_cloudwatch_log_group.trigger_glue_job, aws_iam_role_policy.trigger_glue_job]

  lifecycle {
    precondition {
      condition     = fileexists(local.trigger_glue_job_zip)
      error_message = "${local.trigger_glue_job_zip} is missing: run `python3 terraform/package.py` first."
    }
  }
}

resource "aws_lambda_event_source_mapping" "arrivals" {
  for_each = local.pipelines

  event_source_arn = aws_sqs_queue.arrivals[each.key].arn
  function_name    = aws_lambda_function.trigger_glue_job.function_name
  # When Airflow drives, messages wait in the queue; the first of them starts the workflow when Glue drives again.
  enabled                            = each.value.orchestrator == "glue"
  batch_size                         = 1000
  maximum_batching_window_in_seconds = 30
  function_response_types            = ["ReportBatchItemFailures"]
  tags                               = var.tags

  scaling_config {
    maximum_concurrency = 2
  }

  depends_on = [aws_iam_role_policy.trigger_glue_job]
}
