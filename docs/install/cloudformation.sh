#!/usr/bin/env bash
# Installs or updates a release with the AWS CLI. Run where the folder `release` lies, with the Region of the installation
# in AWS_REGION; the bucket must be in that Region.
#   ARTIFACT_BUCKET=my-bucket docs/install/cloudformation.sh
set -euo pipefail

bucket=${ARTIFACT_BUCKET:?expected the name of an S3 bucket for the zips}

# The zips of earlier releases stay: a stack that is rolled back needs them.
aws s3 cp release "s3://$bucket/ecs-steward/" --recursive --exclude '*' --include '*.zip'

# On an update, a parameter that is not given keeps its value. The template is more than fits into a request: it goes by the bucket too.
aws cloudformation deploy \
  --stack-name ecs-steward-prod \
  --template-file release/ecs-steward.template.json \
  --s3-bucket "$bucket" \
  --s3-prefix ecs-steward \
  --capabilities CAPABILITY_IAM \
  --parameter-overrides \
  "ArtifactBucket=$bucket" \
  ArtifactPrefix=ecs-steward/ \
  'Clusters=prod-*' \
  RetentionDays=90 \
  --tags service=ecs-steward stage=prod \
  --no-fail-on-empty-changeset

aws cloudformation describe-stacks \
  --stack-name ecs-steward-prod \
  --query "Stacks[0].Outputs[?OutputKey=='LaneUrl'].OutputValue" \
  --output text
