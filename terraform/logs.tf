# Log groups of the data hub's own, with retention. Never Glue's /aws-glue/jobs/*: all jobs of the account share those.

locals {
  job_logs = "/${var.name}/jobs"
}

resource "aws_cloudwatch_log_group" "jobs" {
  for_each = toset(["output", "error"])

  name              = "${local.job_logs}/${each.key}"
  retention_in_days = var.log_retention_days
  kms_key_id        = local.kms_key_arn
  tags              = var.tags
}

resource "aws_cloudwatch_log_group" "trigger_glue_job" {
  name              = "/aws/lambda/trigger-glue-job-lambda"
  retention_in_days = var.log_retention_days
  kms_key_id        = local.kms_key_arn
  tags              = var.tags
}
