# The dangerous part of what `hub check` looks at, repeated because nobody is made to run it before an apply. A pipeline
# file that breaks one of these fails the plan, before anything is touched.

locals {
  # Every job that a Glue trigger waits for or starts.
  references = {
    for name, pipeline in local.pipelines : name => flatten([
      for trigger, fields in pipeline.triggers : concat(
        [for condition in try(fields.predicate.conditions, []) : { trigger = trigger, job = condition.job, place = "predicate" }],
        [for action in fields.actions : { trigger = trigger, job = action.job, place = "actions" }],
      )
    ])
  }

  # Names that the whole account or database has once.
  claims = flatten([
    for name, pipeline in local.pipelines : concat(
      [for job in keys(pipeline.jobs) : { what = "job '${job}'", pipeline = name }],
      [for trigger in keys(pipeline.triggers) : { what = "Glue trigger '${trigger}'", pipeline = name }],
      [for table in values(local.tables[name]) : { what = "table '${table}'", pipeline = name }],
    )
  ])

  starting_triggers = {
    for name, pipeline in local.pipelines :
    name => [for trigger, fields in pipeline.triggers : trigger if fields.type == "ON_DEMAND"]
  }
  unknown_jobs = {
    for name, pipeline in local.pipelines : name => [
      for reference in local.references[name] : "triggers.${reference.trigger}: job '${reference.job}'"
      if !contains(keys(pipeline.jobs), reference.job)
    ]
  }
  # https://github.com/hashicorp/terraform-provider-aws/issues/39571
  circular_triggers = {
    for name, pipeline in local.pipelines : name => [
      for reference in local.references[name] : "triggers.${reference.trigger}: job '${reference.job}'"
      if reference.place == "actions" && contains(local.references[name], merge(reference, { place = "predicate" }))
    ]
  }
  clashes = {
    for name in keys(local.pipelines) : name => flatten([
      for claim in local.claims : [
        for other in local.claims : "${claim.what} (also in ${other.pipeline}.yaml)"
        if other.what == claim.what && other.pipeline != name
      ] if claim.pipeline == name
    ])
  }
  overlapping_prefixes = {
    for name, pipeline in local.pipelines : name => [
      for other, fields in local.pipelines : "'${fields.source.prefix}' of ${other}.yaml"
      if other != name && fields.source.bucket == pipeline.source.bucket && (
        startswith(fields.source.prefix, pipeline.source.prefix) || startswith(pipeline.source.prefix, fields.source.prefix)
      )
    ]
  }
  # Names of buckets that this module makes.
  own_bucket_names = {
    for logical in setsubtract(local.source_buckets, keys(var.source_buckets)) : logical => "${var.name}-${logical}-${local.account_id}"
  }
  missing_scripts = {
    for name, pipeline in local.pipelines : name => [
      for job, fields in pipeline.jobs : "jobs.${job}.script: '${fields.script}'"
      if !fileexists("${local.repository}/glue_jobs/${fields.script}")
    ]
  }
}

resource "terraform_data" "pipeline" {
  for_each = local.pipelines

  lifecycle {
    precondition {
      condition     = each.value.pipeline == each.key
      error_message = "${each.key}.yaml: pipeline: '${each.value.pipeline}' is not the file's name; write '${each.key}' or rename the file."
    }
    precondition {
      condition     = contains(["airflow", "glue"], each.value.orchestrator)
      error_message = "${each.key}.yaml: orchestrator: '${each.value.orchestrator}' is not allowed; write 'airflow' or 'glue'."
    }
    precondition {
      condition     = length(local.starting_triggers[each.key]) == 1
      error_message = "${each.key}.yaml: triggers: ${length(local.starting_triggers[each.key])} ON_DEMAND Glue triggers (${join(", ", local.starting_triggers[each.key])}); a workflow needs exactly one, keep one."
    }
    precondition {
      condition     = length(local.unknown_jobs[each.key]) == 0
      error_message = "${each.key}.yaml: ${join("; ", local.unknown_jobs[each.key])} is not under jobs; use one of: ${join(", ", keys(each.value.jobs))}."
    }
    precondition {
      condition     = length(local.circular_triggers[each.key]) == 0
      error_message = "${each.key}.yaml: ${join("; ", local.circular_triggers[each.key])} stands in both predicate and actions; Glue refuses that, take it out of one."
    }
    precondition {
      condition     = !contains(["warehouse", "scripts"], each.value.source.bucket) && can(regex("^[a-z0-9-]{3,63}$", lookup(local.own_bucket_names, each.value.source.bucket, "existing")))
      error_message = "${each.key}.yaml: source.bucket: '${each.value.source.bucket}' cannot be made a bucket '${lookup(local.own_bucket_names, each.value.source.bucket, "")}'; write lower-case letters, digits and hyphens, at most 63 in all, and not warehouse or scripts, which the module has itself."
    }
    precondition {
      condition     = length(local.missing_scripts[each.key]) == 0
      error_message = "${each.key}.yaml: ${join("; ", local.missing_scripts[each.key])} is not in glue_jobs/; correct the name or add the script."
    }
    precondition {
      condition     = length(local.clashes[each.key]) == 0
      error_message = "${each.key}.yaml: ${join("; ", local.clashes[each.key])}: one would be deployed over the other; rename one."
    }
    precondition {
      # S3 refuses two notifications of one event.
      condition     = length(local.overlapping_prefixes[each.key]) == 0
      error_message = "${each.key}.yaml: source.prefix: '${each.value.source.prefix}' and ${join(", ", local.overlapping_prefixes[each.key])} overlap in bucket '${each.value.source.bucket}', and S3 announces an object to one pipeline only; give each its own prefix."
    }
  }
}
