"""What Glue scripts import: the part of AWS's awsglue that needs no Spark."""
