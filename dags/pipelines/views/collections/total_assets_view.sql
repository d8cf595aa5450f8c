-- Total assets of each institution as reported on FR Y-9C (BHCK2170, in thousands of dollars).
-- One row per as-of date and institution, from the latest submission that has the item; NULL when it is no number.
WITH reported AS (
  SELECT
    aod,
    rssdid,
    submission_ts,
    TRY_CAST(item_value AS decimal(38, 6)) AS total_assets,
    source_file,
    source_line,
    RANK() OVER (
      PARTITION BY aod, rssdid
      ORDER BY submission_ts DESC, ingest_ts DESC, source_file DESC, source_line DESC
    ) AS place
  FROM collections_data_staging
  WHERE seriesid = 'FRY9C' AND item_mdrm = 'BHCK2170'
)
SELECT aod, rssdid, submission_ts, total_assets, source_file, source_line
FROM reported
WHERE place = 1
