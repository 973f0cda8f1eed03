// A release as a stack of an AWS CDK app. Beside the folder `release`, in an environment that is bootstrapped:
//   npm install aws-cdk aws-cdk-lib tsx
//   npx cdk deploy --app 'npx tsx cdk.ts'
import { App, Stack } from 'aws-cdk-lib';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { BucketDeployment, Source } from 'aws-cdk-lib/aws-s3-deployment';
import { CfnInclude } from 'aws-cdk-lib/cloudformation-include';

const stack = new Stack(new App(), 'ecs-steward-prod', { tags: { service: 'ecs-steward', stage: 'prod' } });

const artifacts = new Bucket(stack, 'Artifacts', { enforceSSL: true });
const uploaded = new BucketDeployment(stack, 'Uploaded', {
  sources: [Source.asset('release')],
  destinationBucket: artifacts,
  // A stack that is rolled back needs the zips of the release before.
  prune: false,
});

const steward = new CfnInclude(stack, 'Steward', {
  templateFile: 'release/ecs-steward.template.json',
  parameters: {
    ArtifactBucket: artifacts.bucketName,
    Clusters: 'prod-*',
    RetentionDays: 90,
  },
});
steward.node.addDependency(uploaded);
