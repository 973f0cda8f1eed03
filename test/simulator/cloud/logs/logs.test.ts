import {
  CloudWatchLogsClient,
  DescribeLogGroupsCommand,
  DescribeLogStreamsCommand,
  FilterLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { expect, it } from 'vitest';
import { program, role, scene, template } from '../cloudformation/scene.ts';
import { clientConfig } from '../operator.ts';

const logGroupName = '/aws/lambda/work';

/** A function that has written two lines, a minute apart. */
async function written() {
  const { account, create, settle } = scene({
    write:
      ({ write, now }) =>
      async () =>
        write(`said at ${now().toISOString()} ok`),
  });
  await create(template({ Role: role, Work: program('write', { FunctionName: 'work' }) }));
  await settle();
  for (let minute = 0; minute < 2; minute++) {
    account.lambda.invoke('work', '{}', 'test', () => undefined);
    await account.advance(60);
  }
  return { account, logs: new CloudWatchLogsClient(clientConfig(account)) };
}

it('shows the lines of the functions that write to a group, by time, words and page', async () => {
  const { logs } = await written();
  const read = (input: object = {}) => logs.send(new FilterLogEventsCommand({ logGroupName, ...input }));
  const { events = [] } = await read();
  expect(events.map(({ message }) => message)).toEqual([
    expect.stringMatching(/^said at 2026-05-04T12:01:00/),
    expect.stringMatching(/^said at 2026-05-04T12:02:00/),
  ]);
  const [, second] = events;
  expect((await read({ startTime: second?.timestamp })).events).toHaveLength(1);
  expect((await read({ filterPattern: '"T12:02" ok' })).events).toHaveLength(1);
  const page = await read({ limit: 1 });
  expect((await read({ limit: 1, nextToken: page.nextToken })).events).toMatchObject([
    { message: second?.message },
  ]);
  const { logStreams } = await logs.send(new DescribeLogStreamsCommand({ logGroupName }));
  expect(logStreams).toMatchObject([{ logStreamName: '2026/05/04/[$LATEST]work' }]);
  const { logGroups } = await logs.send(new DescribeLogGroupsCommand({}));
  expect(logGroups?.map((group) => group.logGroupName)).toEqual([logGroupName]);
});

it('refuses a group that nobody writes to, and a pattern that it does not know', async () => {
  const { logs } = await written();
  const none = logs.send(new FilterLogEventsCommand({ logGroupName: '/none' }));
  await expect(none).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  const pattern = logs.send(new FilterLogEventsCommand({ logGroupName, filterPattern: '{ $.a = 1 }' }));
  await expect(pattern).rejects.toMatchObject({ name: 'InvalidParameterException' });
});
