# What the jobs and Lambda functions run and read. The content's hash is part of each key: a run's arguments name objects
# of one deployment, never half of the next one's. A run that has not read them yet when a deployment removes them ends
# FAILED; the next arrival or catch-up starts another.
#
# The objects have no tags of var.tags: S3 allows an object ten, everything else has room for 50.

locals {
  library        = "${path.module}/build/data_hub.zip"
  library_exists = fileexists(local.library)
  requirements   = "${local.repository}/requirements/glue.txt"

  arrivals = jsonencode([
    for name, pipeline in local.pipelines : {
      pipeline       = name
      workflow       = name
      bucket         = local.source_bucket[name]
      prefix         = pipeline.source.prefix
      pattern        = pipeline.source.pattern
      jobs           = keys(pipeline.jobs)
      ingestion_jobs = local.start_jobs[name]
    }
  ])
}

resource "aws_s3_object" "script" {
  for_each = toset([for job in values(local.jobs) : job.script])

  bucket = aws_s3_bucket.scripts.bucket
  key    = "glue_jobs/${filesha256("${local.repository}/glue_jobs/${each.key}")}/${each.key}"
  source = "${local.repository}/glue_jobs/${each.key}"

  # An object that is written before these are in force stays unversioned and under another key.
  depends_on = [aws_s3_bucket_versioning.this, aws_s3_bucket_server_side_encryption_configuration.this, terraform_data.pipeline]

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_s3_object" "library" {
  bucket = aws_s3_bucket.scripts.bucket
  key    = "library/${local.library_exists ? filesha256(local.library) : ""}/data_hub.zip"
  source = local.library

  depends_on = [aws_s3_bucket_versioning.this, aws_s3_bucket_server_side_encryption_configuration.this]

  lifecycle {
    create_before_destroy = true
    precondition {
      condition     = local.library_exists
      error_message = "${local.library} is missing: run `python3 terraform/package.py` first."
    }
  }
}

resource "aws_s3_object" "requirements" {
  bucket = aws_s3_bucket.scripts.bucket
  key    = "library/${filesha256(local.requirements)}/requirements.txt"
  source = local.requirements

  depends_on = [aws_s3_bucket_versioning.this, aws_s3_bucket_server_side_encryption_configuration.this]

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_s3_object" "pipeline_file" {
  for_each = local.pipeline_files

  bucket = aws_s3_bucket.scripts.bucket
  key    = "pipelines/${filesha256(each.value)}/${each.key}.yaml"
  source = each.value

  depends_on = [aws_s3_bucket_versioning.this, aws_s3_bucket_server_side_encryption_configuration.this]

  lifecycle {
    create_before_destroy = true
  }
}

# The view files of a pipeline, in one piece: the views job sees those of one deployment, never half of the next one's.
resource "aws_s3_object" "views" {
  for_each = { for name, files in local.view_files : name => jsonencode(files) }

  bucket       = aws_s3_bucket.scripts.bucket
  key          = "views/${sha256(each.value)}/${each.key}.json"
  content      = each.value
  content_type = "application/json"

  depends_on = [
    aws_s3_bucket_versioning.this, aws_s3_bucket_server_side_encryption_configuration.this,
    terraform_data.pipeline, terraform_data.view_files,
  ]

  lifecycle {
    create_before_destroy = true
  }
}

# For the Lambda functions, whose environment holds 4 KB at most.
resource "aws_s3_object" "pipelines" {
  bucket       = aws_s3_bucket.scripts.bucket
  key          = "lambda/${sha256(local.arrivals)}/pipelines.json"
  content      = local.arrivals
  content_type = "application/json"

  depends_on = [aws_s3_bucket_versioning.this, aws_s3_bucket_server_side_encryption_configuration.this]

  lifecycle {
    create_before_destroy = true
  }
}
