variable "name" {
  description = "What the names of buckets, roles, queues, the topic and the database begin with. Jobs, Glue triggers and workflows are named by the pipeline files, and the Lambda functions have fixed names: there can be one data hub in an account and region. Roles and buckets are the account's or everybody's: in another region choose another name."
  type        = string
  default     = "data-hub"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,18}[a-z0-9]$", var.name))
    error_message = "name '${var.name}' does not fit: write 3 to 20 lower-case letters, digits and hyphens, beginning with a letter and not ending with a hyphen."
  }
}

variable "pipelines_directory" {
  description = "Folder of the pipeline files (*.yaml). null: dags/pipelines of this repository."
  type        = string
  default     = null

  validation {
    condition     = var.pipelines_directory == null || try(length(fileset(var.pipelines_directory, "*.yaml")) > 0, false)
    error_message = "pipelines_directory '${coalesce(var.pipelines_directory, "-")}' holds no *.yaml file: write the path of the folder of the pipeline files, or leave it out for dags/pipelines."
  }
}

variable "source_buckets" {
  description = "Existing buckets that objects arrive in: logical name (source.bucket of a pipeline file) to name of the bucket. A logical name that is not here gets a bucket of its own, <name>-<logical name>-<account>."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for bucket in values(var.source_buckets) : can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", bucket))])
    error_message = "source_buckets: ${join(", ", [for bucket in values(var.source_buckets) : "'${bucket}'" if !can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", bucket))])} is no name of a bucket: write the bare name, without s3:// and without a prefix."
  }

  validation {
    condition     = length(distinct(values(var.source_buckets))) == length(var.source_buckets)
    error_message = "source_buckets: two logical names stand for one bucket, which has only one notification configuration: use one logical name in all pipeline files."
  }
}

variable "manage_notifications" {
  description = "Whether this module owns the notification configuration of the source buckets. false: another team owns it and adds what the output notification_snippet says."
  type        = bool
  default     = true
  nullable    = false
}

variable "customer_managed_key" {
  description = "Whether buckets, queues, topic, log groups and query results are encrypted with a KMS key of this deployment's own (about 1 USD a month) instead of AWS's keys. Not to be set back to false: that deletes the key, and with it all that it encrypted."
  type        = bool
  default     = false
  nullable    = false
}

variable "lake_formation" {
  description = "Whether this module registers the warehouse with Lake Formation and grants its roles what they need; whoever applies has to be a data lake administrator. false: your administrators do both, for the views need it (see terraform/README.md)."
  type        = bool
  default     = true
  nullable    = false
}

variable "check_views" {
  description = "Whether the views job compares every published view with its table by a query in Athena, in every run. The checks of a run read about two thirds of the table: see terraform/README.md for what that costs, and switch them off when the table has 300 GB."
  type        = bool
  default     = true
  nullable    = false
}

variable "airflow_role_name" {
  description = "Name of the IAM role that Airflow runs with (on MWAA the execution role). It gets the policies of all pipelines. null: attach the policies of the output airflow_policy_arns yourself."
  type        = string
  default     = null

  validation {
    condition     = var.airflow_role_name == null || can(regex("^[A-Za-z0-9_+=,.@-]{1,64}$", var.airflow_role_name))
    error_message = "airflow_role_name '${coalesce(var.airflow_role_name, "-")}' is no name of a role: write the name alone, the part of the ARN after the last slash."
  }
}

variable "alarm_email" {
  description = "Address that gets the alarms; it receives a mail to confirm first. null: subscribe to the topic of the output alarms_topic_arn yourself."
  type        = string
  default     = null

  validation {
    condition     = var.alarm_email == null || can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", var.alarm_email))
    error_message = "alarm_email '${coalesce(var.alarm_email, "-")}' is no address: write one like data-team@example.com."
  }
}

variable "log_retention_days" {
  description = "Days that log groups keep their events."
  type        = number
  default     = 90
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days ${var.log_retention_days} is none that CloudWatch knows: write 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653."
  }
}

variable "athena_bytes_scanned_cutoff" {
  description = "Bytes after which Athena cancels a query of the workgroup; 1 TB of them costs about 5 USD."
  type        = number
  default     = 107374182400
  nullable    = false

  validation {
    condition     = var.athena_bytes_scanned_cutoff >= 10485760 && floor(var.athena_bytes_scanned_cutoff) == var.athena_bytes_scanned_cutoff
    error_message = "athena_bytes_scanned_cutoff ${var.athena_bytes_scanned_cutoff} is below Athena's minimum: write a whole number of bytes, at least 10485760 (10 MB)."
  }
}

variable "force_destroy" {
  description = "Whether terraform destroy deletes buckets, the database and the workgroup with all that they hold. For trials only."
  type        = bool
  default     = false
  nullable    = false
}

variable "tags" {
  description = "Tags of every resource that can have some, but the objects of the scripts bucket: S3 allows an object ten."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for key in keys(var.tags) : !startswith(lower(key), "aws:")])
    error_message = "tags: keys that begin with aws: are AWS's own: write other ones."
  }
}
