# One dashboard: alarms and Lambdas on top, then two rows of three widgets for each pipeline, then further alarms.

locals {
  pipeline_names = sort(keys(local.pipelines))
  alarm_arns = concat(
    [for alarm in aws_cloudwatch_metric_alarm.job_runs : alarm.arn],
    [for alarm in aws_cloudwatch_metric_alarm.files_awaiting_correction : alarm.arn],
    [for alarm in aws_cloudwatch_metric_alarm.dead_letters : alarm.arn],
    [for alarm in aws_cloudwatch_metric_alarm.lambda_errors : alarm.arn],
    [for alarm in aws_cloudwatch_metric_alarm.errored_actions : alarm.arn],
    [for alarm in aws_cloudwatch_metric_alarm.oldest_arrival : alarm.arn],
  )

  # CloudWatch refuses a widget of more than 100 alarms:
  # https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
  dashboard_alarms = [
    for index, arns in chunklist(local.alarm_arns, 100) : {
      type       = "alarm", x = 0, y = index == 0 ? 0 : 6 + length(local.pipelines) * 12 + (index - 1) * 6, width = 12, height = 6
      properties = { title = "Alarms", alarms = arns }
    }
  ]
  dashboard_top = [
    {
      type = "metric", x = 12, y = 0, width = 12, height = 6
      properties = merge(local.dashboard_graph, {
        title = "Lambda invocations and errors"
        stat  = "Sum"
        metrics = flatten([
          for function in local.lambda_functions : [
            for metric in ["Invocations", "Errors"] : {
              metric = ["AWS/Lambda", metric, "FunctionName", function, { label = "${function} ${lower(metric)}" }]
            }
          ]
        ])[*].metric
      })
    },
  ]

  dashboard_graph = { view = "timeSeries", region = local.region, period = 300, yAxis = { left = { min = 0 } } }

  dashboard_pipelines = flatten([
    for index, pipeline in local.pipeline_names : [
      for position, widget in [
        {
          title = "${pipeline}: files", stat = "Sum"
          metrics = [
            [local.metrics_namespace, "FilesIngested", "Pipeline", pipeline, { label = "ingested" }],
            [local.metrics_namespace, "FilesRejected", "Pipeline", pipeline, { label = "rejected" }],
            [local.metrics_namespace, "FilesAwaitingCorrection", "Pipeline", pipeline, { label = "awaiting correction", stat = "Maximum" }],
            [local.metrics_namespace, "FilesRemaining", "Pipeline", pipeline, { label = "left for another run", stat = "Maximum" }],
          ]
        },
        {
          title = "${pipeline}: rows", stat = "Sum"
          metrics = [
            [local.metrics_namespace, "RowsIn", "Pipeline", pipeline, { label = "read" }],
            [local.metrics_namespace, "RowsRejected", "Pipeline", pipeline, { label = "rejected" }],
          ]
        },
        {
          title = "${pipeline}: seconds of a run", stat = "Maximum"
          metrics = [
            for job in sort(keys(local.pipelines[pipeline].jobs)) :
            [local.metrics_namespace, "RunSeconds", "Pipeline", pipeline, "Job", job, { label = job }]
          ]
        },
        {
          title = "${pipeline}: ends of job runs", stat = "Sum"
          metrics = flatten([
            for job in sort(keys(local.pipelines[pipeline].jobs)) : [
              for state in concat(["SUCCEEDED"], keys(local.job_run_alarms)) : {
                metric = [local.metrics_namespace, "JobRuns", "JobName", job, "State", state, { label = "${job} ${state}" }]
              }
            ]
          ])[*].metric
        },
        {
          title = "${pipeline}: files that wait, age of the oldest (right)", stat = "Maximum", period = 900
          metrics = [
            [local.metrics_namespace, "BacklogFiles", "Pipeline", pipeline, { label = "files" }],
            [local.metrics_namespace, "OldestArrivalSeconds", "Pipeline", pipeline, { label = "oldest, seconds", yAxis = "right" }],
            [local.metrics_namespace, "ErroredActions", "Pipeline", pipeline, { label = "errored actions" }],
          ]
        },
        {
          title = "${pipeline}: arrival queue and dead letters", stat = "Maximum"
          metrics = [
            ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", aws_sqs_queue.arrivals[pipeline].name, { label = "arrivals" }],
            ["AWS/SQS", "ApproximateNumberOfMessagesNotVisible", "QueueName", aws_sqs_queue.arrivals[pipeline].name, { label = "being handled, or handed back" }],
            ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", aws_sqs_queue.dead_letters[pipeline].name, { label = "dead letters" }],
          ]
        },
        ] : {
        type       = "metric"
        x          = position % 3 * 8
        y          = 6 + index * 12 + floor(position / 3) * 6
        width      = 8
        height     = 6
        properties = merge(local.dashboard_graph, widget)
      }
    ]
  ])
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = var.name
  dashboard_body = jsonencode({ widgets = concat(local.dashboard_alarms, local.dashboard_top, local.dashboard_pipelines) })
}
