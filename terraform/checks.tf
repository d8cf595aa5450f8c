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

  # What shares its names in the database: the tables of a pipeline, the views that it gets in any case, and those of its
  # view files.
  relations = {
    for name, tables in local.tables : name => concat(
      [for table in values(tables) : { name = table, what = "table '${table}'" }],
      [for view in local.built_in_views[name] : { name = view, what = "view '${view}'" }],
      [for file in keys(local.view_files[name]) : { name = trimsuffix(file, ".sql"), what = "views/${name}/${file}" }],
    )
  }
  built_in_views = {
    for name, tables in local.tables :
    name => [for kind in ["view", "current_view"] : "${trimsuffix(tables.rows, "_staging")}_${kind}"]
  }

  # Names that the whole account or database has once.
  claims = flatten([
    for name, pipeline in local.pipelines : concat(
      [for job in keys(pipeline.jobs) : { what = "job '${job}'", pipeline = name }],
      [for trigger in keys(pipeline.triggers) : { what = "Glue trigger '${trigger}'", pipeline = name }],
      [for relation in local.relations[name] : { what = relation.what, pipeline = name }],
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
  clashing_views = {
    for name, files in local.view_files : name => flatten([
      for file in keys(files) : [
        for other, relations in local.relations : [
          for relation in relations : "views/${name}/${file} and ${relation.what} (${other}.yaml)"
          if relation.name == trimsuffix(file, ".sql") && relation.what != "views/${name}/${file}"
        ]
      ]
    ])
  }
  # The length is the most that the Glue Data Catalog takes.
  unfit_views = {
    for name, files in local.view_files : name => [
      for file in keys(files) : "views/${name}/${file}"
      if !can(regex("^[a-z][a-z0-9_]*_view[.]sql$", file)) || can(regex("^(.*_)?report_([0-9]+_)?view[.]sql$", file)) || length(trimsuffix(file, ".sql")) > 255
    ]
  }
  # Whatever is SQL and no pipeline's: it would be left out without a word.
  misplaced_views = [
    for path in fileset(local.pipelines_directory, "views/**") : path
    if can(regex("(?i)[.]sql$", path)) && !contains(
      flatten([for name, files in local.view_files : [for file in keys(files) : "views/${name}/${file}"]]), path
    )
  ]
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
    precondition {
      condition     = length(local.unfit_views[each.key]) == 0
      error_message = "${each.key}.yaml: ${join("; ", local.unfit_views[each.key])} does not fit; name a view file <name>_view.sql, in lower-case letters, digits and _, beginning with a letter, at most 255 in all without .sql, and not <name>_report_view.sql or <name>_report_2_view.sql, which are the views of the series."
    }
    precondition {
      condition     = length(local.clashing_views[each.key]) == 0
      error_message = "${each.key}.yaml: ${join("; ", local.clashing_views[each.key])}: one would be published over the other; rename the view file."
    }
  }
}

resource "terraform_data" "view_files" {
  lifecycle {
    precondition {
      condition     = length(local.misplaced_views) == 0
      error_message = "${join("; ", local.misplaced_views)}: no pipeline has it; a view file is views/<pipeline>/<name>_view.sql, and the pipelines are ${join(", ", keys(local.pipelines))}."
    }
  }
}
