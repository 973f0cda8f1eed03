import { GetFunctionConfigurationCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { ListQueuesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { clientOf, service } from './service.ts';

interface Invocations {
  readonly entries: readonly {
    readonly functionName: string;
    readonly outcome: string;
    readonly startedAt: number;
  }[];
}

const minutes = 60_000;

describe('sls against the local AWS', () => {
  it(
    'deploys the service, whose functions then run; says so; deploys nothing new, then a change; and removes it all',
    async () => {
      const here = await service();
      const { sls, edit, control } = here;
      const lambda = new LambdaClient(clientOf(here));
      const timeoutOf = async () => {
        const FunctionName = 'ecs-steward-prod-admit';
        return (await lambda.send(new GetFunctionConfigurationCommand({ FunctionName }))).Timeout;
      };

      const first = await sls('deploy');
      expect(first.output).toContain('Service deployed to stack ecs-steward-prod');
      expect(first.code).toBe(0);
      await control('advance', { seconds: 130 });
      const { entries } = await control<Invocations>('invocations');
      const runs = entries.map(({ functionName, outcome }) => `${functionName}: ${outcome}`);
      // Those of the schedules, and the one of the custom resource.
      const succeeded = ['rebalance', 'sweep', 'uninstall'].map(
        (name) => `ecs-steward-prod-${name}: success`,
      );
      expect(new Set(runs)).toEqual(new Set(succeeded));
      expect(runs.length).toBeGreaterThanOrEqual(2);

      const info = await sls('info', '--verbose');
      expect(info.output).toMatch(/stack: ecs-steward-prod/);
      expect(info.output).toMatch(/LaneUrl: http:\/\/127\.0\.0\.1:\d+\/111122223333\/ecs-steward-lane\.fifo/);

      expect((await sls('deploy')).output).toContain('No changes to deploy. Deployment skipped.');
      expect((await sls('deploy', '--force')).output).toContain('Service deployed to stack ecs-steward-prod');

      expect(await timeoutOf()).toBe(60);
      edit('serverless.yml', 'timeout: 60', 'timeout: 50');
      expect((await sls('deploy')).output).toContain('Service deployed to stack ecs-steward-prod');
      expect(await timeoutOf()).toBe(50);

      const removed = await sls('remove');
      expect(removed.output).toContain('Service ecs-steward has been successfully removed');
      expect(removed.code).toBe(0);
      expect((await new SQSClient(clientOf(here)).send(new ListQueuesCommand({}))).QueueUrls).toBeUndefined();
      await expect(timeoutOf()).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    },
    4 * minutes,
  );

  it.each<[string, string, string, RegExp]>([
    [
      'a resource that the simulator does not know',
      'Resources:\n',
      'Resources:\n  Table: { Type: AWS::DynamoDB::Table, Properties: { TableName: t } }\n',
      /Table\.Type: expected one of AWS::SQS::Queue.*got AWS::DynamoDB::Table/s,
    ],
    [
      'a reference to nothing',
      '!GetAtt LaneDeadLetters.Arn',
      '!GetAtt LaneDeadLeters.Arn',
      /Lane\.Properties\.RedrivePolicy\.deadLetterTargetArn.*got LaneDeadLeters/s,
    ],
    [
      'a queue that is refused when it is made',
      'VisibilityTimeout: 90',
      'VisibilityTimeout: 43201',
      /Lane \(AWS::SQS::Queue\)[\s\S]*VisibilityTimeout: expected .*43200, got 43201/,
    ],
  ])(
    'says which resource cannot be deployed, and why: %s',
    async (_, text, replacement, why) => {
      const { sls, edit } = await service();
      edit('infra/queues.yml', text, replacement);
      const { code, output } = await sls('deploy');
      expect(output).toMatch(why);
      expect(code).toBe(1);
    },
    2 * minutes,
  );
});
