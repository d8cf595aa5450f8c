# What the pipeline files say. Every other file takes it from here: there is no second list of jobs or Glue triggers.

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  account_id = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  region     = data.aws_region.current.id
  catalog    = "arn:${local.partition}:glue:${local.region}:${local.account_id}"

  repository          = "${path.module}/.."
  pipelines_directory = coalesce(var.pipelines_directory, "${local.repository}/dags/pipelines")
  pipeline_files = {
    for file in fileset(local.pipelines_directory, "*.yaml") :
    trimsuffix(file, ".yaml") => "${local.pipelines_directory}/${file}"
  }
  pipelines = { for name, file in local.pipeline_files : name => yamldecode(file(file)) }

  jobs = merge([
    for name, pipeline in local.pipelines : { for job, fields in pipeline.jobs : job => merge(fields, { pipeline = name }) }
  ]...)
  triggers = merge([
    for name, pipeline in local.pipelines : {
      for trigger, fields in pipeline.triggers : trigger => merge(fields, { pipeline = name })
    }
  ]...)

  # Policies name these instead of the resources' own ARNs: else a changed job would show in the plan as a changed policy.
  job_arns      = { for job in keys(local.jobs) : job => "${local.catalog}:job/${job}" }
  workflow_arns = { for name in keys(local.pipelines) : name => "${local.catalog}:workflow/${name}" }

  # Which jobs an arrival starts; the others follow them.
  start_jobs = {
    for name, pipeline in local.pipelines : name => flatten([
      for trigger in values(pipeline.triggers) : [for action in trigger.actions : action.job] if trigger.type == "ON_DEMAND"
    ])
  }

  tables = {
    for name, pipeline in local.pipelines : name => {
      rows    = pipeline.table.name
      rejects = "${pipeline.table.name}_rejects"
      ledger  = "${pipeline.table.name}_ledger"
    }
  }

  # A view file is views/<pipeline>/<name of the view>.sql beside the pipeline files: its name to its text.
  view_files = {
    for name in keys(local.pipelines) : name => {
      for path in fileset(local.pipelines_directory, "views/${name}/*.sql") :
      basename(path) => file("${local.pipelines_directory}/${path}")
    }
  }

  source_buckets = toset([for pipeline in values(local.pipelines) : pipeline.source.bucket])
  bucket_names = {
    for logical in local.source_buckets :
    logical => contains(keys(var.source_buckets), logical) ? var.source_buckets[logical] : aws_s3_bucket.raw[logical].bucket
  }
  source_bucket = { for name, pipeline in local.pipelines : name => local.bucket_names[pipeline.source.bucket] }
}
