# What comes of the pipeline files of this repository, with no variable set.

mock_provider "aws" {
  source = "./tests/mocks"
}

run "names_of_the_brief" {
  assert {
    condition     = keys(aws_glue_job.this) == ["create-views-dual-engine", "csv-to-iceberg-ingestion"]
    error_message = "jobs: ${join(", ", keys(aws_glue_job.this))}"
  }
  assert {
    condition     = keys(aws_glue_trigger.conditional) == ["dual-engine-views-trigger"]
    error_message = "CONDITIONAL Glue triggers: ${join(", ", keys(aws_glue_trigger.conditional))}"
  }
  assert {
    condition     = aws_lambda_function.trigger_glue_job.function_name == "trigger-glue-job-lambda"
    error_message = aws_lambda_function.trigger_glue_job.function_name
  }
  assert {
    condition     = aws_s3_bucket_notification.arrivals["raw"].queue[0].filter_prefix == "collections-data/"
    error_message = "prefix of the notification: ${aws_s3_bucket_notification.arrivals["raw"].queue[0].filter_prefix}"
  }
  assert {
    condition     = keys(output.pipelines) == ["collections"] && output.pipelines.collections.bucket == "data-hub-raw-123456789012"
    error_message = "output pipelines: ${jsonencode(output.pipelines)}"
  }
}

run "one_run_at_a_time_and_no_start_by_an_apply" {
  assert {
    condition     = aws_glue_workflow.this["collections"].max_concurrent_runs == 1
    error_message = "without the limit a refused job would lose the wake-up"
  }
  assert {
    condition     = alltrue([for job in aws_glue_job.this : job.execution_property[0].max_concurrent_runs == 1])
    error_message = "jobs run one at a time"
  }
  assert {
    condition     = alltrue([for trigger in aws_glue_trigger.on_demand : !trigger.enabled])
    error_message = "an apply would start an enabled ON_DEMAND Glue trigger"
  }
  assert {
    condition     = alltrue([for trigger in aws_glue_trigger.conditional : trigger.start_on_creation])
    error_message = "a CONDITIONAL Glue trigger that is not started never fires"
  }
}

run "a_message_outlives_two_runs_of_all_jobs" {
  assert {
    condition     = jsondecode(aws_sqs_queue.arrivals["collections"].redrive_policy).maxReceiveCount * aws_sqs_queue.arrivals["collections"].visibility_timeout_seconds >= 2 * (60 + 30) * 60
    error_message = "maxReceiveCount ${jsondecode(aws_sqs_queue.arrivals["collections"].redrive_policy).maxReceiveCount}"
  }
  assert {
    condition     = aws_lambda_event_source_mapping.arrivals["collections"].function_response_types == toset(["ReportBatchItemFailures"])
    error_message = "messages of a refused start have to come back alone"
  }
}

run "buckets_are_closed_and_encrypted_with_the_keys_of_aws" {
  assert {
    condition     = alltrue([for access in aws_s3_bucket_public_access_block.this : access.block_public_acls && access.block_public_policy && access.ignore_public_acls && access.restrict_public_buckets]) && length(aws_s3_bucket_public_access_block.this) == 3
    error_message = "a bucket is open"
  }
  assert {
    condition     = alltrue([for versioning in aws_s3_bucket_versioning.this : versioning.versioning_configuration[0].status == "Enabled"]) && length(aws_s3_bucket_versioning.this) == 3
    error_message = "a bucket has no versions"
  }
  assert {
    condition     = keys(aws_s3_bucket_lifecycle_configuration.this) == ["raw/raw", "scripts", "warehouse"]
    error_message = "a bucket keeps what nobody needs: ${join(", ", keys(aws_s3_bucket_lifecycle_configuration.this))}"
  }
  assert {
    condition     = alltrue([for encryption in aws_s3_bucket_server_side_encryption_configuration.this : one(encryption.rule).apply_server_side_encryption_by_default[0].sse_algorithm == "AES256"]) && length(aws_kms_key.this) == 0
    error_message = "no key was asked for"
  }
  assert {
    condition     = aws_sns_topic.alarms.kms_master_key_id == null && alltrue([for queue in aws_sqs_queue.arrivals : queue.sqs_managed_sse_enabled])
    error_message = "topic or queues have a key that nobody asked for"
  }
}

run "somebody_is_told" {
  assert {
    condition = keys(aws_cloudwatch_metric_alarm.job_runs) == [
      "create-views-dual-engine-failed", "create-views-dual-engine-stopped", "create-views-dual-engine-timeout",
      "csv-to-iceberg-ingestion-failed", "csv-to-iceberg-ingestion-stopped", "csv-to-iceberg-ingestion-timeout",
    ]
    error_message = "alarms of jobs: ${join(", ", keys(aws_cloudwatch_metric_alarm.job_runs))}"
  }
  assert {
    condition     = keys(aws_cloudwatch_metric_alarm.lambda_errors) == ["publish-backlog-lambda", "trigger-glue-job-lambda"]
    error_message = "alarms of Lambdas: ${join(", ", keys(aws_cloudwatch_metric_alarm.lambda_errors))}"
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.files_awaiting_correction["collections"].treat_missing_data == "ignore"
    error_message = "between two runs the alarm has to stay"
  }
  assert {
    condition     = aws_cloudwatch_metric_alarm.oldest_arrival["collections"].insufficient_data_actions == toset([aws_sns_topic.alarms.arn])
    error_message = "nobody would hear of a silent backlog Lambda"
  }
  assert {
    condition     = length(jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets) == 2 + 6
    error_message = aws_cloudwatch_dashboard.this.dashboard_body
  }
  assert {
    condition     = length(aws_sns_topic_subscription.email) == 0
    error_message = "a mail to nobody"
  }
}
