# What follows the ingestion: the CONDITIONAL Glue triggers (dual-engine-views-trigger), and with whose rights views are read.

resource "aws_glue_trigger" "conditional" {
  for_each = { for name, trigger in local.triggers : name => trigger if trigger.type == "CONDITIONAL" }

  name              = each.key
  description       = "Carries the workflow ${each.value.pipeline} on"
  type              = "CONDITIONAL"
  workflow_name     = aws_glue_workflow.this[each.value.pipeline].name
  start_on_creation = true
  tags              = var.tags

  predicate {
    logical = each.value.predicate.logical

    dynamic "conditions" {
      for_each = each.value.predicate.conditions
      content {
        job_name         = aws_glue_job.this[conditions.value.job].name
        state            = conditions.value.state
        logical_operator = "EQUALS"
      }
    }
  }

  dynamic "actions" {
    for_each = each.value.actions
    content {
      job_name = aws_glue_job.this[actions.value.job].name
    }
  }
}

# https://docs.aws.amazon.com/lake-formation/latest/dg/views-prereqs.html
data "aws_iam_policy_document" "view_definer_trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["glue.amazonaws.com", "lakeformation.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "view_definer" {
  name               = "${var.name}-view-definer"
  description        = "With its rights the views read their tables, whoever asks"
  assume_role_policy = data.aws_iam_policy_document.view_definer_trust.json
  tags               = var.tags
}

data "aws_iam_policy_document" "view_definer" {
  # Lake Formation hands out the data to this role; it needs no right on the bucket. The action has no resource.
  statement {
    sid       = "Data"
    actions   = ["lakeformation:GetDataAccess"]
    resources = ["*"]
  }
  # AWS's list, but glue:PassConnection: no view names a connection to validate it with.
  statement {
    sid = "Catalog"
    actions = [
      "glue:BatchGetPartition", "glue:CreateTable", "glue:GetDatabase", "glue:GetDatabases", "glue:GetPartition", "glue:GetPartitions",
      "glue:GetTable", "glue:GetTableVersion", "glue:GetTableVersions", "glue:GetTables",
    ]
    resources = concat(
      ["${local.catalog}:catalog", aws_glue_catalog_database.this.arn, "${local.table_arn}/*_view"],
      [for table in local.all_tables : "${local.table_arn}/${table}"],
    )
  }
  statement {
    sid       = "PassItself"
    actions   = ["iam:PassRole"]
    resources = [aws_iam_role.view_definer.arn]
    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["glue.amazonaws.com", "lakeformation.amazonaws.com"]
    }
  }
}

resource "aws_iam_role_policy" "view_definer" {
  name   = "define-views"
  role   = aws_iam_role.view_definer.id
  policy = data.aws_iam_policy_document.view_definer.json
}
