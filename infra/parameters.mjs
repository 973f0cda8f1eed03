/**
 * What an installation may choose, by the name it has in the template of a release: the stage and the parameters of
 * serverless.yml, as CloudFormation defines parameters. `placeholder` is the value that is packaged in its place, one that
 * serverless.yml takes and that stands for nothing else there; `option` is how `sls package` is told.
 */
export const parameters = {
  Clusters: {
    option: '--param=clusters=',
    placeholder: 'ClustersPlaceholder',
    definition: {
      Type: 'String',
      Default: '*',
      Description:
        'The ECS clusters it may touch: one name, or a name with *. Narrows event rules and IAM alike.',
      // EventBridge takes no two * in a row.
      AllowedPattern: '^(?!.*\\*\\*)[A-Za-z0-9_*-]{1,255}$',
      ConstraintDescription: 'one name of a cluster; * stands for any characters, and never beside another *',
    },
  },
  AlarmTopicArn: {
    option: '--param=alarmTopicArn=',
    placeholder: 'AlarmTopicArnPlaceholder',
    definition: {
      Type: 'String',
      Default: '',
      Description: 'The SNS topic that alarms notify. Empty: alarms change state and tell nobody.',
      AllowedPattern: '^(arn:[a-z-]+:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_.-]{1,256})?$',
      ConstraintDescription: 'the ARN of an SNS topic, or nothing',
    },
  },
  LogLevel: {
    option: '--param=logLevel=',
    placeholder: 'FATAL',
    definition: {
      Type: 'String',
      Default: 'INFO',
      Description: 'What the functions log. DEBUG also logs every decision to do nothing.',
      AllowedValues: ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'],
    },
  },
  RetentionDays: {
    option: '--param=retentionDays=',
    placeholder: '3653',
    definition: {
      Type: 'Number',
      Default: 30,
      Description: 'How many days logs are kept.',
      AllowedValues: [
        1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1827, 2192, 2557, 2922, 3288, 3653,
      ],
    },
  },
  Stage: {
    option: '--stage=',
    placeholder: 'StagePlaceholder',
    definition: {
      Type: 'String',
      Default: 'prod',
      Description:
        'Part of the names of functions and log groups. It makes no room for a second installation.',
      // Names that it is part of keep within the 64 characters that Lambda and EventBridge allow.
      AllowedPattern: '^[A-Za-z0-9-]{1,32}$',
      ConstraintDescription: 'at most 32 letters, digits and hyphens',
    },
  },
};

/** Where an installation has put the function zips of the release. */
export const artifactParameters = {
  ArtifactBucket: {
    Type: 'String',
    Description: 'The S3 bucket with the zips of this release. It must be in the Region of the stack.',
    AllowedPattern: '^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$',
    ConstraintDescription: 'the name of an S3 bucket',
  },
  ArtifactPrefix: {
    Type: 'String',
    Default: '',
    Description:
      'What stands before the names of the zips in the bucket: nothing, or a path with / at its end.',
    AllowedPattern: "^([A-Za-z0-9!_.*'()/-]*/)?$",
    ConstraintDescription: 'nothing, or a path with / at its end',
  },
};
