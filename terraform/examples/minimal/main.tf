# The least there is to say: the pipelines of dags/pipelines/, with everything else as it comes.

terraform {
  required_version = ">= 1.9"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7"
    }
  }
}

provider "aws" {
  region = "us-east-1"
}

module "data_hub" {
  source = "../.."
}

output "upload_to" {
  description = "Where each pipeline's files go."
  value       = { for name, pipeline in module.data_hub.pipelines : name => "s3://${pipeline.bucket}/${pipeline.prefix}" }
}
