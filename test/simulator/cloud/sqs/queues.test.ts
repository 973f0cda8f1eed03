import { describe, expect, it } from 'vitest';
import { answering } from '../../../../simulator/answered.ts';
import type { QueueAttributes } from '../../../../simulator/cloud/sqs/attributes.ts';
import { Sqs } from '../../../../simulator/cloud/sqs/sqs.ts';
import { World } from '../../../../simulator/world.ts';
import { accountId, cloud, letsRuleSend, queueArn, queueUrl, region, ruleArn } from '../fixture.ts';
import { day, fifo, first, QueueUrl, queue, type Reply } from './queue-fixture.ts';

describe('redrive', () => {
  function withDeadLetters(attributes: QueueAttributes = {}) {
    const here = queue({ VisibilityTimeout: 10, ...attributes });
    const end = attributes.FifoQueue ? '.fifo' : '';
    here.sqs.createQueue(here.world.now, `dead${end}`, attributes.FifoQueue ? { FifoQueue: true } : {});
    here.sqs.setRedrive(queueArn(`work${end}`), {
      deadLetterTargetArn: queueArn(`dead${end}`),
      maxReceiveCount: 2,
    });
    const dead = () =>
      (here.call('ReceiveMessage', {
        QueueUrl: queueUrl(`dead${end}`),
        MessageSystemAttributeNames: ['All'],
        VisibilityTimeout: 0,
      }).Messages ?? []) as Reply[];
    return { ...here, dead };
  }

  it('moves a message at the receive after the last allowed one, with its id, age and origin', async () => {
    const { send, receive, bodies, dead, pass } = withDeadLetters();
    const { MessageId } = send('a');
    const sentAt = first(receive()).Attributes.SentTimestamp;
    await pass(10);
    expect(bodies()).toEqual(['a']);
    await pass(10);
    expect(dead()).toEqual([]);
    expect(bodies()).toEqual([]);
    expect(first(dead())).toMatchObject({
      MessageId,
      Attributes: {
        DeadLetterQueueSourceArn: queueArn('work'),
        SentTimestamp: sentAt,
        ApproximateReceiveCount: '1',
      },
    });
  });

  it('does not make a message younger: its retention counts from when it was sent', async () => {
    const { send, receive, dead, pass } = withDeadLetters({ MessageRetentionPeriod: 14 * day });
    send('a');
    await pass(3 * day);
    for (let received = 0; received < 3; received++) {
      receive();
      await pass(10);
    }
    expect(dead().length).toBe(1);
    await pass(day - 31);
    expect(dead().length).toBe(1);
    await pass(2);
    expect(dead()).toEqual([]);
  });

  it('tells who watches the dead-letter queue', async () => {
    const { sqs, send, receive, pass } = withDeadLetters();
    let heard = 0;
    sqs.watch(queueArn('dead'), () => heard++);
    send('a');
    for (let received = 0; received < 3; received++) {
      expect(heard).toBe(0);
      receive();
      await pass(10);
    }
    expect(heard).toBe(1);
  });

  it('lets a FIFO group go on once its first message is dead-lettered (D-13.5)', async () => {
    const { send, bodies, dead, pass } = withDeadLetters(fifo);
    send('a', { MessageGroupId: 'g' });
    for (let received = 0; received < 2; received++) {
      expect(bodies()).toEqual(['a']);
      await pass(10);
    }
    send('b', { MessageGroupId: 'g' });
    expect(bodies()).toEqual(['b']);
    expect(dead().map(({ Body }) => Body)).toEqual(['a']);
  });

  it.each([
    { source: 'work.fifo', target: 'other', why: 'FIFO dead-letter queue' },
    { source: 'work', target: 'other.fifo', why: 'standard dead-letter queue' },
    { source: 'work', target: 'missing', why: 'exists' },
    { source: 'work', target: 'closed', why: 'RedriveAllowPolicy' },
    { source: 'work', target: 'chosen', why: 'RedriveAllowPolicy' },
  ])('is refused from $source to $target (D-13.6)', ({ source, target, why }) => {
    const { sqs, world } = cloud();
    sqs.createQueue(world.now, source, source.endsWith('.fifo') ? { FifoQueue: true } : {});
    sqs.createQueue(world.now, 'other');
    sqs.createQueue(world.now, 'other.fifo', { FifoQueue: true });
    sqs.createQueue(world.now, 'closed', { RedriveAllowPolicy: { redrivePermission: 'denyAll' } });
    sqs.createQueue(world.now, 'chosen', {
      RedriveAllowPolicy: { redrivePermission: 'byQueue', sourceQueueArns: [queueArn('else')] },
    });
    expect(() =>
      sqs.setRedrive(queueArn(source), { deadLetterTargetArn: queueArn(target), maxReceiveCount: 3 }),
    ).toThrow(why);
  });

  it.each([0, 1001, 1.5])('is refused with maxReceiveCount %d', (maxReceiveCount) => {
    const { sqs, world } = cloud();
    sqs.createQueue(world.now, 'work');
    sqs.createQueue(world.now, 'dead');
    expect(() =>
      sqs.setRedrive(queueArn('work'), { deadLetterTargetArn: queueArn('dead'), maxReceiveCount }),
    ).toThrow('maxReceiveCount from 1 to 1000');
  });
});

describe('permissions', () => {
  const event = { body: 'event' };
  const bus = (rule: string) => ({
    principalService: 'events.amazonaws.com',
    context: { 'aws:SourceArn': ruleArn(rule) },
  });

  it('lets a service send only where the policy of the queue allows it, for the rule that it names', () => {
    const { sqs, world } = queue();
    expect(() => sqs.send(world.now, queueArn('work'), event, bus('mine'))).toThrow('not authorized');
    sqs.setPolicy(queueArn('work'), letsRuleSend('work', 'mine'));
    expect(() => sqs.send(world.now, queueArn('work'), event, bus('other'))).toThrow('not authorized');
    sqs.send(world.now, queueArn('work'), event, bus('mine'));
    expect(sqs.queue(queueArn('work'))?.counts(world.now).visible).toBe(1);
  });

  it('knows that services come over TLS, from their account', () => {
    const { sqs, world } = queue();
    const [statement] = letsRuleSend('work', 'mine').Statement;
    const allow = (Condition: Record<string, Record<string, string>>) =>
      sqs.setPolicy(queueArn('work'), { Statement: [{ ...statement, Effect: 'Allow', Condition }] });
    allow({ Bool: { 'aws:SecureTransport': 'true' } });
    sqs.send(world.now, queueArn('work'), event, bus('mine'));
    allow({ Bool: { 'aws:SecureTransport': 'false' } });
    expect(() => sqs.send(world.now, queueArn('work'), event, bus('mine'))).toThrow('not authorized');
  });

  it('keeps services out of a queue under the AWS-managed key, not the account (D-13.6)', () => {
    const { sqs, world, send } = queue({ KmsMasterKeyId: 'alias/aws/sqs' });
    sqs.setPolicy(queueArn('work'), letsRuleSend('work', 'mine'));
    expect(() => sqs.send(world.now, queueArn('work'), event, bus('mine'))).toThrow(
      expect.objectContaining({ code: 'KmsAccessDenied' }),
    );
    send('a');
  });

  it('takes calls over TLS where the policy denies the others, and none that it denies', () => {
    const { sqs, send } = queue();
    const deny = (Condition: Record<string, Record<string, string>>) =>
      sqs.setPolicy(queueArn('work'), {
        Statement: [{ Effect: 'Deny', Principal: '*', Action: 'sqs:*', Resource: '*', Condition }],
      });
    deny({ Bool: { 'aws:SecureTransport': 'false' } });
    send('a');
    deny({ ArnLike: { 'aws:PrincipalArn': `arn:aws:iam::${accountId}:*` } });
    expect(() => send('b')).toThrow(expect.objectContaining({ code: 'AccessDenied' }));
  });

  it.each([
    ['SendMessage', 'sqs:SendMessage'],
    ['SendMessageBatch', 'sqs:SendMessage'],
    ['DeleteMessageBatch', 'sqs:DeleteMessage'],
    ['GetQueueAttributes', 'sqs:GetQueueAttributes'],
  ])('%s needs %s on the queue, also on one that does not exist', (operation, action) => {
    const { sqs, world } = cloud();
    const caller = { principalArn: 'x', client: 'x' };
    expect(
      sqs.needs({ operation, input: { QueueUrl: queueUrl('none') }, caller, viewAt: world.now }),
    ).toMatchObject([{ action, resource: queueArn('none') }]);
  });
});

describe('watching', () => {
  it('hears of a message that arrives, is deleted or becomes visible at another time', () => {
    const { sqs, call, send, receive, remove } = queue();
    let heard = 0;
    sqs.watch(queueArn('work'), () => heard++);
    send('a');
    expect(heard).toBe(1);
    const message = first(receive());
    expect(heard).toBe(1);
    call('ChangeMessageVisibility', { QueueUrl, ReceiptHandle: message.ReceiptHandle, VisibilityTimeout: 5 });
    expect(heard).toBe(2);
    remove(message);
    expect(heard).toBe(3);
  });

  it('knows when the next message can be received', () => {
    const { sqs, world, send, receive } = queue(fifo);
    const nextIn = () =>
      (sqs.queue(queueArn('work.fifo'))?.nextReceivableAt(world.now) ?? Number.NaN) - world.now;
    expect(nextIn()).toBeNaN();
    send('a1', { MessageGroupId: 'a' });
    expect(nextIn()).toBe(0);
    receive({ VisibilityTimeout: 20 });
    send('a2', { MessageGroupId: 'a' });
    expect(nextIn()).toBe(20_000);
    send('b1', { MessageGroupId: 'b' });
    expect(nextIn()).toBe(0);
  });
});

describe('a queue that is set up anew', () => {
  it('keeps its messages, for as long as it says now', async () => {
    const { sqs, world, send, pass, bodies } = queue();
    send('old');
    await pass(100);
    send('new');
    sqs.changeQueue(world.now, queueArn('work'), { MessageRetentionPeriod: 60 });
    expect(bodies()).toEqual(['new']);
  });

  it('is as it was when it is asked for what no queue is', () => {
    const { sqs, world } = queue({ VisibilityTimeout: 7 });
    expect(() => sqs.changeQueue(world.now, queueArn('work'), { DelaySeconds: 901 })).toThrow(/DelaySeconds/);
    expect(sqs.queue(queueArn('work'))?.settings.visibilityTimeoutSeconds).toBe(7);
  });

  it('lets go of its dead-letter queue and of its policy', () => {
    const { sqs, world } = queue();
    sqs.createQueue(world.now, 'dead');
    sqs.setRedrive(queueArn('work'), { deadLetterTargetArn: queueArn('dead'), maxReceiveCount: 1 });
    sqs.setPolicy(queueArn('work'), {
      Statement: { Effect: 'Deny', Principal: '*', Action: '*', Resource: '*' },
    });
    const send = () => sqs.send(world.now, queueArn('work'), { body: 'x' }, { principalArn: 'arn:p' });
    expect(send).toThrow(/not authorized/);
    sqs.setRedrive(queueArn('work'), undefined);
    sqs.setPolicy(queueArn('work'), undefined);
    expect(send).not.toThrow();
    expect(sqs.queue(queueArn('work'))?.redrive).toBeUndefined();
  });
});

describe('a queue that is deleted', () => {
  it('loses its messages, refuses calls, and leaves its name free after a minute', async () => {
    const { sqs, world, send, pass, call, bodies } = queue();
    send('lost');
    call('DeleteQueue', { QueueUrl });
    expect(() => send('x')).toThrow(expect.objectContaining({ code: 'QueueDoesNotExist' }));
    expect(call('ListQueues', {})).toEqual({});
    await pass(59.9);
    expect(() => sqs.createQueue(world.now, 'work')).toThrow(
      expect.objectContaining({ code: 'QueueDeletedRecently' }),
    );
    await pass(0.1);
    sqs.createQueue(world.now, 'work');
    expect(bodies()).toEqual([]);
    expect(call('ListQueues', { QueueNamePrefix: 'wo' })).toEqual({ QueueUrls: [QueueUrl] });
    expect(call('ListQueues', { QueueNamePrefix: 'other' })).toEqual({});
  });
});

describe('an account behind an endpoint of its own', () => {
  it('gives queues URLs there, and takes AWS’s all the same', () => {
    const world = new World(1);
    const endpointUrl = 'http://127.0.0.1:4566';
    const sqs = new Sqs({ region, accountId, ids: world.ids('sqs'), endpointUrl });
    const { url } = sqs.createQueue(world.now, 'work');
    expect(url).toBe(`${endpointUrl}/${accountId}/work`);
    const caller = { principalArn: `arn:aws:iam::${accountId}:root`, client: 'test' };
    for (const given of [url, QueueUrl]) {
      const input = { QueueUrl: given, MessageBody: 'x' };
      const call = { operation: 'SendMessage', input, caller, viewAt: world.now };
      const { reply } = answering('sqs', call, () => sqs.apply(world.now, call));
      expect(reply.MessageId).toBeDefined();
    }
  });
});
