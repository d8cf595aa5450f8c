# One role per Glue job: what every job needs, and what its script does on top of it.
#
# No trust policy here has a condition aws:SourceAccount: AWS documents the key neither for Glue's jobs nor for Lambda
# functions, and a role can only be passed inside its own account.

data "aws_iam_policy_document" "glue_trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["glue.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "job" {
  for_each = local.jobs

  name               = "${var.name}-${each.key}"
  description        = "Glue job ${each.key} of the pipeline ${each.value.pipeline}"
  assume_role_policy = data.aws_iam_policy_document.glue_trust.json
  tags               = var.tags
}

resource "aws_iam_role_policy" "job" {
  for_each = local.jobs

  name   = "job"
  role   = aws_iam_role.job[each.key].id
  policy = data.aws_iam_policy_document.job[each.key].json
}

data "aws_iam_policy_document" "job" {
  for_each = local.jobs

  source_policy_documents = concat(
    each.value.script == local.ingestion_script ? [data.aws_iam_policy_document.ingestion[each.key].json] : [],
    each.value.script == local.views_script ? [data.aws_iam_policy_document.views[each.key].json] : [],
    each.value.script == local.views_script && var.check_views ? [data.aws_iam_policy_document.view_check.json] : [],
  )

  # Glue downloads script, library and requirements with the job's role; the job reads its pipeline file. The wildcard
  # stands for the content's hash: a deployment of code changes no policy, and a run that started before it goes on.
  statement {
    sid     = "Code"
    actions = ["s3:GetObject"]
    resources = [
      "${aws_s3_bucket.scripts.arn}/glue_jobs/*/${each.value.script}",
      "${aws_s3_bucket.scripts.arn}/library/*/data_hub.zip",
      "${aws_s3_bucket.scripts.arn}/library/*/requirements.txt",
      "${aws_s3_bucket.scripts.arn}/pipelines/*/${each.value.pipeline}.yaml",
    ]
  }
  # Streams are named by the runs. No CreateLogGroup: Terraform makes the groups, with retention.
  statement {
    sid       = "Logs"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = [for group in aws_cloudwatch_log_group.jobs : "${group.arn}:*"]
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

data "aws_iam_policy_document" "ingestion" {
  for_each = { for name, job in local.jobs : name => job if job.script == local.ingestion_script }

  statement {
    sid       = "ListSource"
    actions   = ["s3:ListBucket"]
    resources = ["arn:${local.partition}:s3:::${local.source_bucket[each.value.pipeline]}"]
    # IfExists: S3 looks for this right, without a prefix, before it says that an object is not there. Without it the
    # answer is AccessDenied, and an object deleted since the listing would look like one that may not be read.
    condition {
      test     = "StringEqualsIfExists"
      variable = "s3:prefix"
      values   = [local.pipelines[each.value.pipeline].source.prefix]
    }
  }
  statement {
    sid     = "ReadSource"
    actions = ["s3:GetObject"]
    resources = [
      "arn:${local.partition}:s3:::${local.source_bucket[each.value.pipeline]}/${local.pipelines[each.value.pipeline].source.prefix}*",
    ]
  }
  # Deleted are old metadata files, beyond the last 20, and files of a commit that another writer was faster than.
  # Aborted is an upload in parts that failed.
  statement {
    sid       = "TableFiles"
    actions   = ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
    resources = [for table in values(local.tables[each.value.pipeline]) : "${local.database_location_arn}/${table}/*"]
  }
  # pyarrow looks whether the folder is still there when it deleted a file.
  statement {
    sid       = "ListTableFiles"
    actions   = ["s3:ListBucket"]
    resources = [aws_s3_bucket.warehouse.arn]
    condition {
      test     = "StringLike"
      variable = "s3:prefix"
      values   = [for table in values(local.tables[each.value.pipeline]) : "${aws_glue_catalog_database.this.name}.db/${table}/*"]
    }
  }
  statement {
    sid     = "Tables"
    actions = ["glue:CreateTable", "glue:GetDatabase", "glue:GetTable", "glue:UpdateTable"]
    resources = concat(
      ["${local.catalog}:catalog", aws_glue_catalog_database.this.arn],
      [for table in values(local.tables[each.value.pipeline]) : "${local.table_arn}/${table}"],
    )
  }
  # A run that leaves objects for another one asks for it.
  statement {
    sid       = "AskForRun"
    actions   = ["sqs:SendMessage"]
    resources = [local.queue_arns[each.value.pipeline]]
  }
  statement {
    sid     = "TableOptimizers"
    actions = ["glue:BatchGetTableOptimizer", "glue:CreateTableOptimizer"]
    resources = concat(
      ["${local.catalog}:catalog", aws_glue_catalog_database.this.arn],
      [for table in values(local.tables[each.value.pipeline]) : "${local.table_arn}/${table}"],
    )
  }
  statement {
    sid       = "PassTableOptimizer"
    actions   = ["iam:PassRole"]
    resources = [aws_iam_role.table_optimizer.arn]
    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["glue.amazonaws.com"]
    }
  }
}

data "aws_iam_policy_document" "views" {
  for_each = { for name, job in local.jobs : name => job if job.script == local.views_script }

  # The wildcard stands for the content's hash.
  statement {
    sid       = "ViewFiles"
    actions   = ["s3:GetObject"]
    resources = ["${aws_s3_bucket.scripts.arn}/views/*/${each.value.pipeline}.json"]
  }
  # The rows of the pipeline's own table tell the series and items. Of every other table the columns are enough: a view
  # file may name each table of the database, and its text is made for these columns.
  statement {
    sid     = "TableFiles"
    actions = ["s3:GetObject"]
    resources = [
      "${local.database_location_arn}/${local.tables[each.value.pipeline].rows}/*",
      "${local.database_location_arn}/*/metadata/*",
    ]
  }
  # The wildcard stands for all tables and views of the database: who lists some of them lists them all. For the
  # database Athena looks.
  statement {
    sid       = "Catalog"
    actions   = ["glue:GetDatabase", "glue:GetTable", "glue:GetTables"]
    resources = ["${local.catalog}:catalog", aws_glue_catalog_database.this.arn, "${local.table_arn}/*"]
  }
  # The wildcard stands for the view files and for the series of the reports, which come with the data. Deleted are what
  # a refused CreateTable of a view leaves behind and, when a run is told to, the views that nobody defines any more.
  statement {
    sid       = "Views"
    actions   = ["glue:CreateTable", "glue:DeleteTable", "glue:UpdateTable"]
    resources = ["${local.catalog}:catalog", aws_glue_catalog_database.this.arn, "${local.table_arn}/*_view"]
  }
  statement {
    sid       = "PassViewDefiner"
    actions   = ["iam:PassRole"]
    resources = [aws_iam_role.view_definer.arn]
    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["glue.amazonaws.com", "lakeformation.amazonaws.com"]
    }
  }
}

# What it takes to check a published view by queries.
data "aws_iam_policy_document" "view_check" {
  statement {
    sid       = "Queries"
    actions   = ["athena:GetQueryExecution", "athena:GetQueryResults", "athena:StartQueryExecution", "athena:StopQueryExecution"]
    resources = [aws_athena_workgroup.this.arn]
  }
  # What a query may read Lake Formation decides. The action has no resource.
  statement {
    sid       = "QueryData"
    actions   = ["lakeformation:GetDataAccess"]
    resources = ["*"]
  }
  # Athena writes and reads the results with the rights of whoever asks:
  # https://docs.aws.amazon.com/athena/latest/ug/lf-athena-user-permissions.html
  statement {
    sid       = "QueryResults"
    actions   = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"]
    resources = ["${aws_s3_bucket.warehouse.arn}/${local.athena_results}/*"]
  }
  statement {
    sid       = "QueryResultsBucket"
    actions   = ["s3:GetBucketLocation"]
    resources = [aws_s3_bucket.warehouse.arn]
  }
  # IfExists: that the bucket is there is asked for without a prefix.
  statement {
    sid       = "ListQueryResults"
    actions   = ["s3:ListBucket", "s3:ListBucketMultipartUploads"]
    resources = [aws_s3_bucket.warehouse.arn]
    condition {
      test     = "StringLikeIfExists"
      variable = "s3:prefix"
      values   = ["${local.athena_results}/*"]
    }
  }
}

locals {
  database_location_arn = "${aws_s3_bucket.warehouse.arn}/${aws_glue_catalog_database.this.name}.db"
  table_arn             = "${local.catalog}:table/${aws_glue_catalog_database.this.name}"
}
