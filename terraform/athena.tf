resource "aws_athena_workgroup" "this" {
  name          = var.name
  description   = "Queries of the data hub's tables and views"
  force_destroy = var.force_destroy
  tags          = var.tags

  configuration {
    enforce_workgroup_configuration    = true
    publish_cloudwatch_metrics_enabled = true
    bytes_scanned_cutoff_per_query     = var.athena_bytes_scanned_cutoff

    result_configuration {
      output_location       = "s3://${aws_s3_bucket.warehouse.bucket}/${local.athena_results}/"
      expected_bucket_owner = local.account_id

      encryption_configuration {
        encryption_option = var.customer_managed_key ? "SSE_KMS" : "SSE_S3"
        kms_key_arn       = local.kms_key_arn
      }
    }
  }
}
