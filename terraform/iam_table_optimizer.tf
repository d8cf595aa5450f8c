# Role that AWS compacts tables with, expires snapshots and deletes orphaned files; the ingestion job sets the optimizers
# up when it makes a table. https://docs.aws.amazon.com/glue/latest/dg/optimization-prerequisites.html

locals {
  all_tables = flatten([for tables in values(local.tables) : values(tables)])
}

resource "aws_iam_role" "table_optimizer" {
  name               = "${var.name}-table-optimizer"
  description        = "Optimizers of the data hub's Iceberg tables"
  assume_role_policy = data.aws_iam_policy_document.glue_trust.json
  tags               = var.tags
}

data "aws_iam_policy_document" "table_optimizer" {
  # Lake Formation hands out the files of a registered location. The action has no resource.
  statement {
    sid       = "Data"
    actions   = ["lakeformation:GetDataAccess"]
    resources = ["*"]
  }
  # For a location that is not registered.
  statement {
    sid       = "TableFiles"
    actions   = ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
    resources = [for table in local.all_tables : "${local.database_location_arn}/${table}/*"]
  }
  statement {
    sid       = "ListTableFiles"
    actions   = ["s3:ListBucket"]
    resources = [aws_s3_bucket.warehouse.arn]
  }
  statement {
    sid     = "Tables"
    actions = ["glue:GetTable", "glue:UpdateTable"]
    resources = concat(
      ["${local.catalog}:catalog", aws_glue_catalog_database.this.arn],
      [for table in local.all_tables : "${local.table_arn}/${table}"],
    )
  }
  # AWS writes to groups of its own, which all optimizers of the account share; it makes them when they are missing.
  statement {
    sid     = "Logs"
    actions = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]
    resources = [
      for optimizer in ["compaction", "retention", "orphan-file-deletion"] :
      "arn:${local.partition}:logs:${local.region}:${local.account_id}:log-group:/aws-glue/iceberg-${optimizer}/logs:*"
    ]
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

resource "aws_iam_role_policy" "table_optimizer" {
  name   = "optimize-tables"
  role   = aws_iam_role.table_optimizer.id
  policy = data.aws_iam_policy_document.table_optimizer.json
}
