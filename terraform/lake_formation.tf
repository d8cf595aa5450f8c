# Lake Formation: the warehouse as a registered location, and who may do what in the database.
#
# Never aws_lakeformation_data_lake_settings: it replaces the whole list of the account's administrators.

locals {
  # The tables are made by the first run, so the grants are for all tables of the database, views among them; IAM narrows
  # each role down to its own. Airflow and the jobs read and write the files with their own rights on the bucket; only
  # the queries of the views job get their data through Lake Formation.
  database_grants = merge(
    { for job in keys(local.jobs) : job => { role = aws_iam_role.job[job].arn, permissions = ["CREATE_TABLE", "DESCRIBE"] } },
    { view-definer = { role = aws_iam_role.view_definer.arn, permissions = ["CREATE_TABLE", "DESCRIBE"] } },
  )
  table_grants = merge(
    {
      for job in keys(local.jobs) : job => {
        role        = aws_iam_role.job[job].arn
        permissions = local.jobs[job].script == local.views_script ? ["ALTER", "DESCRIBE", "DROP", "SELECT"] : ["ALTER", "DELETE", "DESCRIBE", "INSERT", "SELECT"]
        grantable   = []
      }
    },
    {
      table-optimizer = {
        role        = aws_iam_role.table_optimizer.arn
        permissions = ["ALTER", "DELETE", "DESCRIBE", "INSERT", "SELECT"]
        grantable   = []
      }
      # https://docs.aws.amazon.com/lake-formation/latest/dg/views-prereqs.html
      view-definer = {
        role        = aws_iam_role.view_definer.arn
        permissions = ["DESCRIBE", "SELECT"]
        grantable   = ["SELECT"]
      }
    },
    var.airflow_role_name == null ? {} : {
      airflow = {
        role        = data.aws_iam_role.airflow[0].arn
        permissions = ["DESCRIBE"]
        grantable   = []
      }
    },
  )
  location_grants = merge(
    { for job, fields in local.jobs : job => aws_iam_role.job[job].arn if fields.script == local.ingestion_script },
    { table-optimizer = aws_iam_role.table_optimizer.arn },
  )
}

data "aws_iam_policy_document" "lake_formation_trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["lakeformation.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "lake_formation" {
  count = var.lake_formation ? 1 : 0

  name               = "${var.name}-lake-formation"
  description        = "With it Lake Formation hands out the files of the warehouse"
  assume_role_policy = data.aws_iam_policy_document.lake_formation_trust.json
  tags               = var.tags
}

# https://docs.aws.amazon.com/lake-formation/latest/dg/registration-role.html
data "aws_iam_policy_document" "lake_formation" {
  statement {
    sid       = "TableFiles"
    actions   = ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
    resources = ["${local.database_location_arn}/*"]
  }
  statement {
    sid       = "ListTableFiles"
    actions   = ["s3:ListBucket"]
    resources = [aws_s3_bucket.warehouse.arn]
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

resource "aws_iam_role_policy" "lake_formation" {
  count = var.lake_formation ? 1 : 0

  name   = "hand-out-files"
  role   = aws_iam_role.lake_formation[0].id
  policy = data.aws_iam_policy_document.lake_formation.json
}

# Below the database's prefix only: query results are nobody's table.
resource "aws_lakeformation_resource" "warehouse" {
  count = var.lake_formation ? 1 : 0

  arn      = local.database_location_arn
  role_arn = aws_iam_role.lake_formation[0].arn

  depends_on = [aws_iam_role_policy.lake_formation]
}

resource "aws_lakeformation_permissions" "database" {
  for_each = var.lake_formation ? local.database_grants : {}

  principal   = each.value.role
  permissions = each.value.permissions

  database {
    name = aws_glue_catalog_database.this.name
  }
}

resource "aws_lakeformation_permissions" "tables" {
  for_each = var.lake_formation ? local.table_grants : {}

  principal                     = each.value.role
  permissions                   = each.value.permissions
  permissions_with_grant_option = each.value.grantable

  table {
    database_name = aws_glue_catalog_database.this.name
    wildcard      = true
  }
}

# Who makes or alters a table in a registered location needs a right on the location, too:
# https://docs.aws.amazon.com/lake-formation/latest/dg/granting-location-permissions.html
resource "aws_lakeformation_permissions" "location" {
  for_each = var.lake_formation ? local.location_grants : {}

  principal   = each.value
  permissions = ["DATA_LOCATION_ACCESS"]

  data_location {
    arn = aws_lakeformation_resource.warehouse[0].arn
  }
}
