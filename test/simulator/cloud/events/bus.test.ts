import { describe, expect, it } from 'vitest';
import { accountId, definition, functionArn, handles, queueArn, region, ruleArn } from '../fixture.ts';
import { stopped, terminating, toEverything, wired } from './bus-fixture.ts';

describe('the bus', () => {
  it('gives an event the envelope of AWS, its time in whole seconds (D-1.1)', async () => {
    const { publish, messages, pass } = wired();
    await pass(0.7);
    const id = publish();
    await pass(1);
    expect(messages().map(({ Body }) => JSON.parse(Body))).toEqual([
      {
        version: '0',
        id,
        'detail-type': 'ECS Task State Change',
        source: 'aws.ecs',
        account: accountId,
        time: '2026-05-04T12:00:00Z',
        region,
        resources: ['arn:task'],
        detail: { lastStatus: 'STOPPED', version: 3 },
      },
    ]);
  });

  it('takes 0.1 to 1 s to the target, not always the same', async () => {
    const { publish, records, pass, world } = wired();
    const start = world.now;
    for (let sent = 0; sent < 200; sent++) publish();
    await pass(2);
    const delays = records('delivered').map(({ time }) => Date.parse(time) - start);
    expect(delays.length).toBe(200);
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(100);
    expect(Math.max(...delays)).toBeLessThanOrEqual(1000);
    expect(new Set(delays).size).toBeGreaterThan(50);
  });

  it('delivers what a rule matches and nothing else', async () => {
    const { publish, messages, records, pass } = wired({
      rule: { eventPattern: { source: ['aws.ecs'], detail: { lastStatus: ['STOPPED'] } } },
    });
    const id = publish();
    publish({ ...stopped, detail: { lastStatus: 'RUNNING' } });
    publish(terminating);
    await pass(2);
    expect(messages().length).toBe(1);
    expect(records('event').length).toBe(3);
    expect(records('rule-matched')).toMatchObject([{ rule: 'mine', eventId: id, copies: 1 }]);
  });

  it('matches and delivers what JSON keeps of an event, as it was when it was published', async () => {
    const { publish, messages, pass } = wired({
      rule: { eventPattern: { detail: { at: ['2026-05-04T12:00:00.000Z'], gone: [{ exists: false }] } } },
    });
    const detail: Record<string, unknown> = { at: new Date('2026-05-04T12:00:00Z'), gone: undefined };
    publish({ ...stopped, detail });
    detail.at = 'changed';
    await pass(2);
    expect(messages().map(({ Body }) => JSON.parse(Body).detail)).toEqual([
      { at: '2026-05-04T12:00:00.000Z' },
    ]);
  });

  it('invokes a function that lets the rule in', async () => {
    const { publish, lambda, define, pass } = wired();
    const seen: unknown[] = [];
    lambda.createFunction(
      definition(),
      handles(async (event) => seen.push(event)),
    );
    lambda.addPermission('work', {
      action: 'lambda:InvokeFunction',
      principal: 'events.amazonaws.com',
      sourceArn: ruleArn('mine'),
    });
    define({ targets: [{ id: 'function', arn: functionArn('work') }] });
    const id = publish();
    await pass(3);
    expect(seen).toMatchObject([{ id }]);
    expect(lambda.invocations).toMatchObject([{ trigger: 'rule:mine' }]);
  });

  it('hands a FIFO queue its message group, and twice the same event only once (D-13.4, D-13.5)', async () => {
    const { bus, publish, messages, records, pass } = wired({
      queue: { FifoQueue: true, ContentBasedDeduplication: true },
      target: { messageGroupId: 'lane' },
    });
    bus.faults.duplicate = 1;
    publish();
    await pass(2);
    expect(messages().map(({ Attributes }) => Attributes.MessageGroupId)).toEqual(['lane']);
    expect(records('delivered').filter(({ deduplicated }) => deduplicated).length).toBe(1);
  });
});

describe('faults', () => {
  it('loses events of best-effort sources and never one of ECS (D-0.1, D-10.4)', async () => {
    const { bus, publish, messages, records, pass } = wired();
    bus.faults.loseBestEffort = 1;
    publish(terminating);
    publish({ ...terminating, source: 'aws.ec2' });
    publish(stopped);
    await pass(2);
    expect(messages().map(({ Body }) => JSON.parse(Body).source)).toEqual(['aws.ecs']);
    expect(records('event-lost')).toMatchObject([{ source: 'aws.autoscaling' }, { source: 'aws.ec2' }]);
  });

  it('loses about as many as it is told to', async () => {
    const { bus, publish, records } = wired();
    bus.faults.loseBestEffort = 0.3;
    for (let sent = 0; sent < 1000; sent++) publish(terminating);
    expect(records('event-lost').length).toBeGreaterThan(250);
    expect(records('event-lost').length).toBeLessThan(350);
  });

  it('delivers a copy with the same id and content, at its own moment (D-10.2)', async () => {
    const { bus, publish, messages, records, pass } = wired();
    bus.faults.duplicate = 1;
    publish();
    await pass(2);
    const bodies = messages().map(({ Body }) => Body);
    expect(bodies.length).toBe(2);
    expect(new Set(bodies).size).toBe(1);
    expect(new Set(records('delivered').map(({ time }) => time)).size).toBe(2);
  });

  it('delivers late, the time in the event unchanged (D-1.8)', async () => {
    const { bus, publish, messages, records, pass, world } = wired();
    const start = world.now;
    Object.assign(bus.faults, { lateProbability: 1, lateSecondsMax: 3600 });
    for (let sent = 0; sent < 50; sent++) publish();
    await pass(3601);
    const delays = records('delivered').map(({ time }) => Date.parse(time) - start);
    expect(delays.length).toBe(50);
    expect(Math.max(...delays)).toBeGreaterThan(1_800_000);
    expect(new Set(messages().map(({ Body }) => JSON.parse(Body).time))).toEqual(
      new Set(['2026-05-04T12:00:00Z']),
    );
  });

  it('repeat themselves for the same seed', async () => {
    const log = async (seed: number) => {
      const { bus, publish, pass, world } = wired({ seed });
      Object.assign(bus.faults, {
        loseBestEffort: 0.5,
        duplicate: 0.5,
        lateProbability: 0.5,
        lateSecondsMax: 100,
      });
      for (let sent = 0; sent < 20; sent++) publish(sent % 2 ? stopped : terminating);
      await pass(200);
      return JSON.stringify(world.log);
    };
    expect(await log(7)).toBe(await log(7));
    expect(await log(7)).not.toBe(await log(8));
  });
});

describe('a schedule', () => {
  const scheduled = { rule: { eventPattern: undefined, scheduleExpression: 'rate(1 minute)' } };

  it('first runs one period after it was made, then every period', async () => {
    const { messages, records, pass } = wired(scheduled);
    await pass(59.9);
    expect(records('event')).toEqual([]);
    await pass(62);
    expect(messages().map(({ Body }) => JSON.parse(Body))).toMatchObject(
      ['2026-05-04T12:01:00Z', '2026-05-04T12:02:00Z'].map((time) => ({
        'detail-type': 'Scheduled Event',
        source: 'aws.events',
        time,
        resources: [ruleArn('mine')],
        detail: {},
      })),
    );
  });

  it('reaches only the targets of its own rule', async () => {
    const { bus, records, pass } = wired(scheduled);
    bus.putRule({
      name: 'other',
      eventPattern: toEverything,
      isEnabled: true,
      targets: [{ id: 'queue', arn: queueArn('work') }],
    });
    await pass(62);
    expect(records('rule-matched').map(({ rule }) => rule)).toEqual(['mine']);
  });

  it('rests while the rule is disabled', async () => {
    const { events, records, pass } = wired(scheduled);
    events('DisableRule', { Name: 'mine' });
    await pass(300);
    expect(records('event')).toEqual([]);
    events('EnableRule', { Name: 'mine' });
    await pass(61);
    expect(records('event').length).toBe(1);
  });

  it('with constant input into a FIFO lane comes through once in five minutes (D-13.5)', async () => {
    const { messages, pass } = wired({
      ...scheduled,
      target: { messageGroupId: 'lane', input: '{"kind":"sweep"}' },
      queue: { FifoQueue: true, ContentBasedDeduplication: true },
    });
    await pass(302);
    expect(messages().length).toBe(1);
  });
});

describe('a rule that is deleted', () => {
  it('matches nothing and keeps no schedule any more', async () => {
    const { bus, world, records, pass } = wired();
    bus.putRule({ name: 'tick', scheduleExpression: 'rate(1 minute)', isEnabled: true, targets: [] });
    bus.deleteRule('mine');
    bus.deleteRule('tick');
    bus.publish(world.now, stopped);
    await pass(180);
    expect(records('rule-matched')).toEqual([]);
    expect(bus.rule('mine')).toBeUndefined();
    expect(() => bus.deleteRule('mine')).toThrow(
      expect.objectContaining({ code: 'ResourceNotFoundException' }),
    );
  });
});
