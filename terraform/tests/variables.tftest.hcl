# What each variable refuses.

mock_provider "aws" {
  source = "./tests/mocks"
}

run "name_with_capitals" {
  command = plan
  variables {
    name = "Data-Hub"
  }
  expect_failures = [var.name]
}

run "name_too_long_for_a_bucket" {
  command = plan
  variables {
    name = "the-data-hub-of-our-department"
  }
  expect_failures = [var.name]
}

run "name_with_a_hyphen_at_its_end" {
  command = plan
  variables {
    name = "data-hub-"
  }
  expect_failures = [var.name]
}

run "pipelines_directory_without_a_pipeline_file" {
  command = plan
  variables {
    pipelines_directory = "tests/mocks"
  }
  expect_failures = [var.pipelines_directory]
}

run "pipelines_directory_that_is_not_there" {
  command = plan
  variables {
    pipelines_directory = "tests/nowhere"
  }
  expect_failures = [var.pipelines_directory]
}

run "source_bucket_as_uri" {
  command = plan
  variables {
    source_buckets = { raw = "s3://deliveries/collections-data/" }
  }
  expect_failures = [var.source_buckets]
}

run "source_bucket_under_two_logical_names" {
  command = plan
  variables {
    source_buckets = { raw = "deliveries", incoming = "deliveries" }
  }
  expect_failures = [var.source_buckets]
}

run "airflow_role_by_its_arn" {
  command = plan
  variables {
    airflow_role_name = "arn:aws:iam::123456789012:role/mwaa"
  }
  expect_failures = [var.airflow_role_name]
}

run "alarm_email_without_a_domain" {
  command = plan
  variables {
    alarm_email = "data-team"
  }
  expect_failures = [var.alarm_email]
}

run "log_retention_that_cloudwatch_does_not_know" {
  command = plan
  variables {
    log_retention_days = 100
  }
  expect_failures = [var.log_retention_days]
}

run "athena_cutoff_below_the_minimum" {
  command = plan
  variables {
    athena_bytes_scanned_cutoff = 1048576
  }
  expect_failures = [var.athena_bytes_scanned_cutoff]
}

run "athena_cutoff_with_a_fraction" {
  command = plan
  variables {
    athena_bytes_scanned_cutoff = 10485760.5
  }
  expect_failures = [var.athena_bytes_scanned_cutoff]
}

run "tags_of_aws" {
  command = plan
  variables {
    tags = { "AWS:owner" = "me" }
  }
  expect_failures = [var.tags]
}
