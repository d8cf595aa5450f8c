# Every variable of the module: other pipeline files, an existing bucket, a key of its own.

terraform {
  required_version = ">= 1.9"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7"
    }
  }

  # Locks by itself, no DynamoDB table (Terraform 1.10 and later). The bucket has to be there before.
  # backend "s3" {
  #   bucket       = "example-terraform-state"
  #   key          = "branch-data/terraform.tfstate"
  #   region       = "us-east-1"
  #   use_lockfile = true
  # }
}

provider "aws" {
  region = "us-east-1"

  default_tags {
    tags = { managed-by = "terraform" }
  }
}

module "data_hub" {
  source = "../.."

  name                = "branch-data"
  pipelines_directory = "${path.module}/pipelines"

  # The bucket is there, and so is its notification configuration, which has one owner: see the output
  # notification_snippet for what to add to it.
  source_buckets       = { deliveries = "example-deliveries" }
  manage_notifications = false

  customer_managed_key = true
  lake_formation       = true
  check_views          = true
  airflow_role_name    = "example-mwaa-execution"

  alarm_email                 = "data-team@example.com"
  log_retention_days          = 365
  athena_bytes_scanned_cutoff = 50 * 1024 * 1024 * 1024
  force_destroy               = false

  tags = {
    project     = "branch-data"
    cost-center = "4711"
  }
}

output "data_hub" {
  description = "Everything that the module tells."
  value       = module.data_hub
}
