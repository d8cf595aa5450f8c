# The Glue jobs of all pipeline files.

locals {
  ingestion_script = "glue_csv_to_iceberg.py"
  views_script     = "glue_create_views_dual_engine.py"

  warehouse = "s3://${aws_s3_bucket.warehouse.bucket}/"

  # What Glue itself is told stands where Python reads it too. An argument with several values repeats its name between
  # them.
  glue_arguments = {
    for name, values in jsondecode(templatefile("${local.repository}/glue_jobs/glue_arguments.json", {
      library      = "s3://${aws_s3_object.library.bucket}/${aws_s3_object.library.key}"
      requirements = "s3://${aws_s3_object.requirements.bucket}/${aws_s3_object.requirements.key}"
      warehouse    = local.warehouse
    })) : name => join(" ${name} ", values)
  }
}

resource "aws_glue_job" "this" {
  for_each = local.jobs

  name              = each.key
  description       = "Job of the pipeline ${each.value.pipeline}"
  role_arn          = aws_iam_role.job[each.key].arn
  glue_version      = each.value.glue_version
  worker_type       = each.value.worker_type
  number_of_workers = each.value.number_of_workers
  timeout           = each.value.timeout
  # Else the provider finds a difference in every plan.
  execution_class = "STANDARD"
  # Glue's retries would run beside those of Airflow and of the next arrival.
  max_retries = 0
  tags        = var.tags

  command {
    name            = "glueetl"
    python_version  = "3"
    script_location = "s3://${aws_s3_object.script[each.value.script].bucket}/${aws_s3_object.script[each.value.script].key}"
  }

  execution_property {
    max_concurrent_runs = each.value.max_concurrent_runs
  }

  default_arguments = merge(
    # The pipeline file's own come first: what the module sets itself cannot be overridden.
    try(each.value.default_arguments, {}),
    local.glue_arguments,
    {
      "--pipeline_file" = "s3://${aws_s3_object.pipeline_file[each.value.pipeline].bucket}/${aws_s3_object.pipeline_file[each.value.pipeline].key}"
      "--source_bucket" = local.source_bucket[each.value.pipeline]
      "--warehouse"     = local.warehouse
      "--database"      = aws_glue_catalog_database.this.name
      "--view_definer"  = aws_iam_role.view_definer.arn

      "--custom-logGroup-prefix" = local.job_logs
    },
    each.value.script == local.ingestion_script ? {
      "--table_optimizer_role" = aws_iam_role.table_optimizer.arn
      "--arrivals_queue"       = aws_sqs_queue.arrivals[each.value.pipeline].url
    } : {},
    each.value.script == local.views_script ? {
      "--views" = "s3://${aws_s3_object.views[each.value.pipeline].bucket}/${aws_s3_object.views[each.value.pipeline].key}"
    } : {},
    each.value.script == local.views_script && var.check_views ? { "--athena_workgroup" = aws_athena_workgroup.this.name } : {},
  )

  depends_on = [aws_iam_role_policy.job, aws_cloudwatch_log_group.jobs, terraform_data.pipeline]
}
