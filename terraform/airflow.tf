# What the role that Airflow runs with has to be allowed, a policy per pipeline. With `orchestrator: glue` it may look,
# but not start and stop jobs.

data "aws_iam_role" "airflow" {
  count = var.airflow_role_name == null ? 0 : 1

  name = var.airflow_role_name
}

resource "aws_iam_policy" "airflow" {
  for_each = local.pipelines

  name        = "${var.name}-${each.key}-airflow"
  description = "What Airflow does for the pipeline ${each.key}"
  policy      = data.aws_iam_policy_document.airflow[each.key].json
  tags        = var.tags
}

resource "aws_iam_role_policy_attachment" "airflow" {
  for_each = { for name, pipeline in local.pipelines : name => pipeline if var.airflow_role_name != null }

  role       = data.aws_iam_role.airflow[0].name
  policy_arn = aws_iam_policy.airflow[each.key].arn
}

data "aws_iam_policy_document" "airflow" {
  for_each = local.pipelines

  statement {
    sid       = "WatchJobs"
    actions   = ["glue:GetJob", "glue:GetJobRun", "glue:GetJobRuns"]
    resources = [for job in keys(each.value.jobs) : local.job_arns[job]]
  }
  dynamic "statement" {
    for_each = each.value.orchestrator == "airflow" ? [each.value.jobs] : []
    content {
      sid       = "RunJobs"
      actions   = ["glue:BatchStopJobRun", "glue:StartJobRun"]
      resources = [for job in keys(statement.value) : local.job_arns[job]]
    }
  }
  # A run's log is copied into the task's; streams are named by the runs.
  statement {
    sid       = "JobLogs"
    actions   = ["logs:GetLogEvents"]
    resources = [for group in aws_cloudwatch_log_group.jobs : "${group.arn}:*"]
  }
  statement {
    sid       = "ListSource"
    actions   = ["s3:ListBucket"]
    resources = ["arn:${local.partition}:s3:::${local.source_bucket[each.key]}"]
    condition {
      test     = "StringEquals"
      variable = "s3:prefix"
      values   = [each.value.source.prefix]
    }
  }
  statement {
    sid     = "TableAndLedger"
    actions = ["glue:GetTable"]
    resources = [
      "${local.catalog}:catalog",
      aws_glue_catalog_database.this.arn,
      "${local.table_arn}/${local.tables[each.key].rows}",
      "${local.table_arn}/${local.tables[each.key].ledger}",
    ]
  }
  # Of the table only its history: Airflow reads no rows.
  statement {
    sid     = "TableAndLedgerFiles"
    actions = ["s3:GetObject"]
    resources = [
      "${local.database_location_arn}/${local.tables[each.key].rows}/metadata/*",
      "${local.database_location_arn}/${local.tables[each.key].ledger}/*",
    ]
  }
  # How the views stand after a run. The wildcard: who lists some tables of a database lists them all.
  statement {
    sid       = "Views"
    actions   = ["glue:GetTables"]
    resources = ["${local.catalog}:catalog", aws_glue_catalog_database.this.arn, "${local.table_arn}/*"]
  }
  # The Airflow connection data_hub_sns sends failures to the topic of the alarms.
  statement {
    sid       = "Notify"
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.alarms.arn]
  }
  dynamic "statement" {
    for_each = var.customer_managed_key ? [local.kms_key_arn] : []
    content {
      sid       = "Key"
      actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
      resources = [statement.value]
    }
  }
}
