import {
  CloudFormationClient,
  CreateStackCommand,
  DeleteStackCommand,
  DescribeStackEventsCommand,
  DescribeStacksCommand,
} from '@aws-sdk/client-cloudformation';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { expect, it } from 'vitest';
import { zipOf } from '../simulator/cloud/lambda/zip-fixture.ts';
import { clientOf, service } from './service.ts';

/** Answers as CloudFormation asks functions to: by putting to the URL that it was given. */
const source = `
import http from 'node:http';
export const handler = (event) => new Promise((resolve, reject) => {
  const { StackId, RequestId, LogicalResourceId, RequestType, ResponseURL } = event;
  const refuses = RequestType === 'Delete' && event.ResourceProperties.Stays === 'true';
  const Status = refuses ? 'FAILED' : 'SUCCESS';
  const body = JSON.stringify({ Status, Reason: 'it stays', PhysicalResourceId: 'thing-1', StackId, RequestId,
    LogicalResourceId, Data: { Said: RequestType } });
  const request = http.request(ResponseURL, { method: 'PUT', headers: { 'content-type': '' } }, (response) => {
    response.resume().on('end', () => resolve(response.statusCode));
  });
  request.on('error', reject);
  request.end(body);
});`;

const template = (stays: boolean) => ({
  Resources: {
    Role: {
      Type: 'AWS::IAM::Role',
      Properties: {
        AssumeRolePolicyDocument: {
          Statement: {
            Effect: 'Allow',
            Principal: { Service: 'lambda.amazonaws.com' },
            Action: 'sts:AssumeRole',
          },
        },
      },
    },
    Asked: {
      Type: 'AWS::Lambda::Function',
      Properties: {
        ...{ Handler: 'index.handler', Runtime: 'nodejs24.x', Role: { 'Fn::GetAtt': 'Role.Arn' } },
        Code: { S3Bucket: 'packages', S3Key: 'asked.zip' },
      },
    },
    Thing: {
      Type: 'Custom::Thing',
      Properties: { ServiceToken: { 'Fn::GetAtt': 'Asked.Arn' }, ServiceTimeout: 60, Stays: stays },
    },
  },
  Outputs: { Said: { Value: { 'Fn::GetAtt': 'Thing.Said' } } },
});

it('lets the packages of functions answer for custom resources over HTTP', async () => {
  const here = await service();
  const cloudformation = new CloudFormationClient(clientOf(here));
  const s3 = new S3Client(clientOf(here));
  await s3.send(new CreateBucketCommand({ Bucket: 'packages' }));
  const Body = zipOf({ 'index.mjs': source });
  await s3.send(new PutObjectCommand({ Bucket: 'packages', Key: 'asked.zip', Body }));
  const StackName = 'one';
  const stack = async () => (await cloudformation.send(new DescribeStacksCommand({ StackName }))).Stacks?.[0];
  const settled = async () => {
    for (let asked = 0; asked < 60; asked++) {
      const { StackStatus = '', Outputs } = (await stack()) ?? {};
      if (!StackStatus.endsWith('_IN_PROGRESS')) return { StackStatus, Outputs };
    }
    throw new Error('The operation does not end');
  };
  const TemplateBody = JSON.stringify(template(true));
  await cloudformation.send(
    new CreateStackCommand({ StackName, TemplateBody, Capabilities: ['CAPABILITY_IAM'] }),
  );
  expect(await settled()).toMatchObject({
    StackStatus: 'CREATE_COMPLETE',
    Outputs: [{ OutputValue: 'Create' }],
  });
  await cloudformation.send(new DeleteStackCommand({ StackName }));
  expect(await settled()).toMatchObject({ StackStatus: 'DELETE_FAILED' });
  const { StackEvents = [] } = await cloudformation.send(new DescribeStackEventsCommand({ StackName }));
  expect(StackEvents.map(({ ResourceStatusReason }) => ResourceStatusReason)).toContainEqual(
    expect.stringMatching(
      /Received response status \[FAILED\] from custom resource\. Message returned: it stays/,
    ),
  );
});
