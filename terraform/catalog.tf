resource "aws_glue_catalog_database" "this" {
  name         = replace(var.name, "-", "_")
  description  = "Tables and views of the data hub ${var.name}"
  location_uri = "s3://${aws_s3_bucket.warehouse.bucket}/${replace(var.name, "-", "_")}.db"
  tags         = var.tags

  # Without this block the account's default holds, which lets every IAM principal read every new table, and makes
  # Glue refuse views on it.
  create_table_default_permission {
    permissions = []
    principal {
      data_lake_principal_identifier = "IAM_ALLOWED_PRINCIPALS"
    }
  }
}
