resource "aws_glue_catalog_database" "this" {
  name         = replace(var.name, "-", "_")
  description  = "Tables and views of the data hub ${var.name}"
  location_uri = "s3://${aws_s3_bucket.warehouse.bucket}/${replace(var.name, "-", "_")}.db"
  tags         = var.tags

  # No default permissions: else the account's own default would open every new table to every IAM principal, and Glue
  # refuse views on it. The provider leaves an empty list out, so the principal is named and gets nothing:
  # https://github.com/hashicorp/terraform-provider-aws/issues/27295
  create_table_default_permission {
    permissions = []
    principal {
      data_lake_principal_identifier = "IAM_ALLOWED_PRINCIPALS"
    }
  }
}
