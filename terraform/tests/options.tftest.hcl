# What the variables change.

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  pipelines_directory = "tests/pipelines/glue"
}

run "an_existing_bucket" {
  variables {
    source_buckets = { raw = "deliveries" }
  }

  assert {
    condition     = length(aws_s3_bucket.raw) == 0 && length(aws_s3_bucket_versioning.this) == 2
    error_message = "an existing bucket is neither made nor changed"
  }
  assert {
    condition     = aws_s3_bucket_notification.arrivals["raw"].bucket == "deliveries" && output.notification_snippet == null
    error_message = "its notifications are the module's"
  }
  assert {
    condition     = aws_glue_job.this["reports-ingestion"].default_arguments["--source_bucket"] == "deliveries"
    error_message = "the job has to read from it"
  }
  assert {
    condition     = jsondecode(aws_s3_object.pipelines.content)[0].bucket == "deliveries"
    error_message = "the Lambdas have to know it"
  }
  assert {
    condition     = one([for statement in data.aws_iam_policy_document.publish_backlog.statement : one(statement.resources) if contains(statement.actions, "s3:ListBucket")]) == "arn:aws:s3:::deliveries"
    error_message = "the backlog Lambda has to be allowed to list it"
  }
}

run "an_existing_bucket_whose_notifications_are_anothers" {
  variables {
    source_buckets       = { raw = "deliveries" }
    manage_notifications = false
  }

  assert {
    condition     = length(aws_s3_bucket_notification.arrivals) == 0
    error_message = "the module would overwrite the notifications of others"
  }
  assert {
    condition     = strcontains(output.notification_snippet, "deliveries") && strcontains(output.notification_snippet, "reports/") && strcontains(output.notification_snippet, aws_sqs_queue.arrivals["reports"].arn)
    error_message = coalesce(output.notification_snippet, "no snippet")
  }
}

run "a_key_of_its_own" {
  variables {
    customer_managed_key = true
  }

  assert {
    condition     = length(aws_kms_key.this) == 1 && aws_kms_key.this[0].enable_key_rotation && aws_kms_alias.this[0].name == "alias/data-hub"
    error_message = "one key that is rotated"
  }
  assert {
    condition     = alltrue([for encryption in aws_s3_bucket_server_side_encryption_configuration.this : one(encryption.rule).apply_server_side_encryption_by_default[0].kms_master_key_id == aws_kms_key.this[0].arn])
    error_message = "a bucket without the key"
  }
  assert {
    condition = alltrue([
      for key in concat(
        [aws_sns_topic.alarms.kms_master_key_id, aws_lambda_function.publish_backlog.kms_key_arn, aws_lambda_function.trigger_glue_job.kms_key_arn],
        [for queue in aws_sqs_queue.arrivals : queue.kms_master_key_id],
        [for queue in aws_sqs_queue.dead_letters : queue.kms_master_key_id],
        [for group in aws_cloudwatch_log_group.jobs : group.kms_key_id],
        [aws_cloudwatch_log_group.job_states.kms_key_id, aws_cloudwatch_log_group.publish_backlog.kms_key_id, aws_cloudwatch_log_group.trigger_glue_job.kms_key_id],
      ) : key == aws_kms_key.this[0].arn
    ])
    error_message = "topic, queue, Lambda or log group without the key"
  }
  assert {
    condition = alltrue([
      for sender in ["s3.amazonaws.com", "cloudwatch.amazonaws.com"] : anytrue([
        for statement in data.aws_iam_policy_document.key.statement :
        contains(flatten(statement.principals[*].identifiers), sender) && statement.actions == toset(["kms:Decrypt", "kms:GenerateDataKey"])
      ])
    ])
    error_message = "neither arrivals nor alarms could be sent"
  }
  assert {
    condition = alltrue([
      for group in concat(
        [for group in aws_cloudwatch_log_group.jobs : group.name],
        [aws_cloudwatch_log_group.job_states.name, aws_cloudwatch_log_group.publish_backlog.name, aws_cloudwatch_log_group.trigger_glue_job.name],
        ) : anytrue(flatten([
          for statement in data.aws_iam_policy_document.key.statement : [
            for condition in statement.condition : [for pattern in condition.values : can(regex("^${replace(pattern, "*", ".*")}$", "arn:aws:logs:us-east-1:123456789012:log-group:${group}"))]
          ] if contains(flatten(statement.principals[*].identifiers), "logs.us-east-1.amazonaws.com")
      ]))
    ])
    error_message = "a log group that CloudWatch could not encrypt"
  }
  assert {
    condition     = anytrue([for statement in data.aws_iam_policy_document.publish_backlog.statement : contains(statement.actions, "kms:Decrypt")])
    error_message = "the backlog Lambda has to be allowed to use it"
  }
}

run "lake_formation" {
  assert {
    condition     = length(aws_lakeformation_resource.warehouse) == 1 && keys(aws_lakeformation_permissions.location) == ["reports-ingestion", "table-optimizer"]
    error_message = "a registered location, and the ingestion may make tables in it and the optimizers alter them"
  }
  assert {
    condition     = aws_lakeformation_permissions.tables["view-definer"].permissions_with_grant_option == toset(["SELECT"])
    error_message = "the definer needs SELECT that it can grant"
  }
  assert {
    condition     = try(length(one(aws_glue_catalog_database.this.create_table_default_permission).permissions), 0) == 0
    error_message = "new tables would be everybody's"
  }
}

run "no_lake_formation" {
  variables {
    lake_formation = false
  }

  assert {
    condition     = length(aws_lakeformation_resource.warehouse) + length(aws_lakeformation_permissions.database) + length(aws_lakeformation_permissions.tables) + length(aws_lakeformation_permissions.location) + length(aws_iam_role.lake_formation) == 0
    error_message = "grants without Lake Formation"
  }
}

run "views_are_checked" {
  assert {
    condition     = aws_glue_job.this["reports-views"].default_arguments["--athena_workgroup"] == "data-hub"
    error_message = "the views job asks in the workgroup"
  }
  assert {
    condition     = length(data.aws_iam_policy_document.job["reports-views"].source_policy_documents) == 2 && length(data.aws_iam_policy_document.job["reports-ingestion"].source_policy_documents) == 1
    error_message = "the views job, and no other one, has to be allowed to ask"
  }
}

run "views_are_not_checked" {
  variables {
    check_views = false
  }

  assert {
    condition     = !contains(keys(aws_glue_job.this["reports-views"].default_arguments), "--athena_workgroup") && contains(keys(aws_glue_job.this["reports-views"].default_arguments), "--views")
    error_message = "nobody asked for checks"
  }
  assert {
    condition     = length(data.aws_iam_policy_document.job["reports-views"].source_policy_documents) == 1
    error_message = "rights for checks that nobody asked for"
  }
}

run "names_tags_times_and_limits" {
  variables {
    name                        = "branch-data"
    tags                        = { project = "branches" }
    alarm_email                 = "data-team@example.com"
    airflow_role_name           = "mwaa"
    log_retention_days          = 365
    athena_bytes_scanned_cutoff = 10485760
    force_destroy               = true
  }

  assert {
    condition     = aws_s3_bucket.warehouse.bucket == "branch-data-warehouse-123456789012" && output.database == "branch_data" && output.athena_workgroup == "branch-data" && output.dashboard_name == "branch-data"
    error_message = "everything begins with the name"
  }
  assert {
    condition     = aws_glue_workflow.this["reports"].name == "reports" && keys(aws_glue_job.this) == ["reports-ingestion", "reports-views"]
    error_message = "but workflows and jobs are named by the pipeline files"
  }
  assert {
    condition     = aws_sns_topic_subscription.email[0].endpoint == "data-team@example.com"
    error_message = "nobody gets the alarms"
  }
  assert {
    condition     = keys(aws_iam_role_policy_attachment.airflow) == ["reports"]
    error_message = "Airflow's role has no policy"
  }
  assert {
    condition = alltrue([
      for group in concat(values(aws_cloudwatch_log_group.jobs), [aws_cloudwatch_log_group.job_states, aws_cloudwatch_log_group.publish_backlog, aws_cloudwatch_log_group.trigger_glue_job]) :
      group.retention_in_days == 365 && group.tags == tomap({ project = "branches" })
    ])
    error_message = "a log group with another retention or without tags"
  }
  assert {
    condition     = aws_athena_workgroup.this.configuration[0].bytes_scanned_cutoff_per_query == 10485760
    error_message = "the limit of queries"
  }
  assert {
    condition     = aws_s3_bucket.warehouse.force_destroy && aws_athena_workgroup.this.force_destroy && alltrue([for bucket in aws_s3_bucket.raw : bucket.force_destroy])
    error_message = "a trial could not be removed"
  }
}
