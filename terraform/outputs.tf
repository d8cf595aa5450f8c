output "pipelines" {
  description = "Where each pipeline is: bucket and prefix that objects arrive at, workflow, URLs of queue and dead letter queue."
  value = {
    for name, pipeline in local.pipelines : name => {
      bucket                = local.source_bucket[name]
      prefix                = pipeline.source.prefix
      workflow              = aws_glue_workflow.this[name].name
      queue_url             = aws_sqs_queue.arrivals[name].url
      dead_letter_queue_url = aws_sqs_queue.dead_letters[name].url
    }
  }
}

output "warehouse_bucket" {
  description = "Bucket of the tables and of Athena's query results."
  value       = aws_s3_bucket.warehouse.bucket
}

output "scripts_bucket" {
  description = "Bucket of scripts, library and pipeline files."
  value       = aws_s3_bucket.scripts.bucket
}

output "database" {
  description = "Database of the Glue Data Catalog that holds tables and views."
  value       = aws_glue_catalog_database.this.name
}

output "athena_workgroup" {
  description = "Athena workgroup to query with."
  value       = aws_athena_workgroup.this.name
}

output "alarms_topic_arn" {
  description = "SNS topic that alarms go to, and Airflow's connection data_hub_sns."
  value       = aws_sns_topic.alarms.arn
}

output "dashboard_name" {
  description = "CloudWatch dashboard."
  value       = aws_cloudwatch_dashboard.this.dashboard_name
}

output "airflow_policy_arns" {
  description = "Pipeline to policy that Airflow's role needs for it; attached already when airflow_role_name is set."
  value       = { for name, policy in aws_iam_policy.airflow : name => policy.arn }
}

output "job_roles" {
  description = "Glue job to ARN of its role, for grants beyond this module: the key of an existing source bucket, or Lake Formation by your administrators."
  value       = { for name, role in aws_iam_role.job : name => role.arn }
}

output "notification_snippet" {
  description = "With manage_notifications = false: what the owner of each source bucket adds to its configuration. Else null."
  value = var.manage_notifications ? null : join("\n", [
    for logical in local.source_buckets : templatefile("${path.module}/templates/notification.tftpl", {
      logical = logical
      bucket  = local.bucket_names[logical]
      queues = {
        for name, pipeline in local.pipelines : "${var.name}-${name}" => {
          arn    = aws_sqs_queue.arrivals[name].arn
          prefix = pipeline.source.prefix
        } if pipeline.source.bucket == logical
      }
    })
  ])
}
