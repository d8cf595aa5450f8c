# Buckets: raw (what arrives, unless an existing bucket is used), warehouse (tables, query results), scripts (code).
#
# Each depends on the key: a destroy that stops at a bucket with data in it must not have taken the data's key before.

resource "aws_s3_bucket" "raw" {
  for_each = setsubtract(local.source_buckets, keys(var.source_buckets))

  bucket        = "${var.name}-${each.key}-${local.account_id}"
  force_destroy = var.force_destroy
  tags          = var.tags

  depends_on = [aws_kms_key.this]
}

resource "aws_s3_bucket" "warehouse" {
  bucket        = "${var.name}-warehouse-${local.account_id}"
  force_destroy = var.force_destroy
  tags          = var.tags

  depends_on = [aws_kms_key.this]
}

resource "aws_s3_bucket" "scripts" {
  bucket        = "${var.name}-scripts-${local.account_id}"
  force_destroy = var.force_destroy
  tags          = var.tags

  depends_on = [aws_kms_key.this]
}

locals {
  athena_results = "athena-results"
  own_buckets = merge(
    { for logical, bucket in aws_s3_bucket.raw : "raw/${logical}" => bucket.bucket },
    { warehouse = aws_s3_bucket.warehouse.bucket, scripts = aws_s3_bucket.scripts.bucket },
  )

  # Days. What is not here is kept for ever: an object of a raw bucket is the original of a regulatory report, and so is
  # the version that a correction replaced.
  noncurrent_days = { warehouse = 30, scripts = 30 }
  expiring        = { warehouse = { prefix = "${local.athena_results}/", days = 7 } }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  for_each = local.own_buckets

  bucket = each.value

  rule {
    bucket_key_enabled = var.customer_managed_key
    apply_server_side_encryption_by_default {
      sse_algorithm     = var.customer_managed_key ? "aws:kms" : "AES256"
      kms_master_key_id = local.kms_key_arn
    }
  }
}

resource "aws_s3_bucket_versioning" "this" {
  for_each = local.own_buckets

  bucket = each.value

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_public_access_block" "this" {
  for_each = local.own_buckets

  bucket                  = each.value
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "this" {
  for_each = local.own_buckets

  bucket = each.value

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

data "aws_iam_policy_document" "tls_only" {
  for_each = local.own_buckets

  statement {
    sid     = "TlsOnly"
    effect  = "Deny"
    actions = ["s3:*"]
    resources = [
      "arn:${local.partition}:s3:::${each.value}",
      "arn:${local.partition}:s3:::${each.value}/*",
    ]
    principals {
      type        = "*"
      identifiers = ["*"]
    }
    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_s3_bucket_policy" "this" {
  for_each = local.own_buckets

  bucket = each.value
  policy = data.aws_iam_policy_document.tls_only[each.key].json

  depends_on = [aws_s3_bucket_public_access_block.this]
}

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  for_each = local.own_buckets

  bucket = each.value

  rule {
    id     = "abandoned-uploads"
    status = "Enabled"
    filter {}
    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  dynamic "rule" {
    for_each = [for bucket, days in local.noncurrent_days : days if bucket == each.key]
    content {
      id     = "old-versions"
      status = "Enabled"
      filter {}
      noncurrent_version_expiration {
        noncurrent_days = rule.value
      }
      expiration {
        expired_object_delete_marker = true
      }
    }
  }

  dynamic "rule" {
    for_each = [for bucket, fields in local.expiring : fields if bucket == each.key]
    content {
      id     = "query-results"
      status = "Enabled"
      filter {
        prefix = rule.value.prefix
      }
      expiration {
        days = rule.value.days
      }
    }
  }

  depends_on = [aws_s3_bucket_versioning.this]
}
