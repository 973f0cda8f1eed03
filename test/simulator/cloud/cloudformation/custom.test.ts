import { DeleteStackCommand } from '@aws-sdk/client-cloudformation';
import { describe, expect, it } from 'vitest';
import type { AccountOptions } from '../../../../simulator/account.ts';
import type { Platform } from '../../../../simulator/cloud/lambda/lambda.ts';
import { program, queue, role, scene, template } from './scene.ts';

type Event = Record<string, string> & { ResourceProperties: unknown; OldResourceProperties?: unknown };

/** A stack with a custom resource whose function answers what `answer` says, three seconds after it was asked. */
function customScene(
  answer: (event: Event) => Record<string, unknown> | undefined,
  options: Partial<AccountOptions> = {},
) {
  const events: Event[] = [];
  const statuses: number[] = [];
  const programs = {
    asked:
      ({ sleep, put }: Platform) =>
      async (event: unknown) => {
        const asked = event as Event;
        events.push(asked);
        await sleep(3000);
        const { StackId, RequestId, LogicalResourceId, PhysicalResourceId = 'made' } = asked;
        const own = answer(asked);
        if (!own) return;
        const body = { Status: 'SUCCESS', PhysicalResourceId, StackId, RequestId, LogicalResourceId, ...own };
        statuses.push(await put(asked.ResponseURL ?? '', JSON.stringify(body)));
      },
  };
  const here = scene(programs, options);
  return { ...here, events, statuses };
}

const custom = (properties: Record<string, unknown> = {}, rest: Record<string, unknown> = {}) => ({
  Type: 'Custom::Thing',
  Properties: { ServiceToken: { 'Fn::GetAtt': ['Asked', 'Arn'] }, ...properties },
  ...rest,
});

const resources = (properties: Record<string, unknown> = {}) => ({
  Role: role,
  Asked: program('asked', { Timeout: 30 }),
  Thing: custom(properties),
});

describe('a custom resource', () => {
  it('is created, updated and deleted by its function, which gets every value as text', async () => {
    const {
      events,
      create,
      update,
      settle,
      cloudformation,
      account,
      describe: stack,
    } = customScene(() => ({}));
    await create(template(resources({ Count: 3, List: [true, { Deep: 1 }] })));
    expect(await settle()).toBe('CREATE_COMPLETE');
    const id = (await stack())?.StackId;
    const own = { StackId: id, LogicalResourceId: 'Thing', ResourceType: 'Custom::Thing' };
    const first = { Count: '3', List: ['true', { Deep: '1' }] };
    expect(events[0]).toMatchObject({ ...own, RequestType: 'Create', ResourceProperties: first });
    expect(events[0]).not.toHaveProperty('PhysicalResourceId');
    expect(events[0]?.ResponseURL).toMatch(
      /^https:\/\/cloudformation-custom-resource-response-eu-west-1\.s3\.eu-west-1\.amazonaws\.com\/\w{32}$/,
    );
    await update(template(resources({ Count: 4 })));
    expect(await settle()).toBe('UPDATE_COMPLETE');
    expect(events[1]).toMatchObject({
      ...own,
      RequestType: 'Update',
      PhysicalResourceId: 'made',
      ResourceProperties: { Count: '4' },
      OldResourceProperties: first,
    });
    await cloudformation.send(new DeleteStackCommand({ StackName: 'one' }));
    await account.advance(60);
    expect((await stack(id))?.StackStatus).toBe('DELETE_COMPLETE');
    expect(events[2]).toMatchObject({ ...own, RequestType: 'Delete', PhysicalResourceId: 'made' });
    expect(events).toHaveLength(3);
  });

  it('gives what its function answers to those that refer to it, who wait for it', async () => {
    const {
      create,
      settle,
      physicalIdOf,
      describe: stack,
    } = customScene(() => ({
      PhysicalResourceId: 'thing-1',
      Data: { Name: 'from-data', Size: 7 },
    }));
    const Outputs = {
      Ref: { Value: { Ref: 'Thing' } },
      Size: { Value: { 'Fn::Sub': `\${Thing.Size}` } },
    };
    const named = queue({ QueueName: { 'Fn::GetAtt': ['Thing', 'Name'] } });
    await create(template({ ...resources(), Named: named }, { Outputs }));
    expect(await settle()).toBe('CREATE_COMPLETE');
    expect(await physicalIdOf('Named')).toMatch(/\/from-data$/);
    expect((await stack())?.Outputs?.map(({ OutputValue }) => OutputValue)).toEqual(['thing-1', '7']);
  });

  it('fails the stack that asks for something that its function does not answer', async () => {
    const { create, settle, news } = customScene(() => ({ Data: { Other: 'x' } }));
    const named = queue({ QueueName: { 'Fn::GetAtt': ['Thing', 'Name'] } });
    await create(template({ ...resources(), Named: named }));
    expect(await settle()).toBe('ROLLBACK_COMPLETE');
    expect(await news()).toContainEqual(
      expect.stringMatching(
        /^Named: CREATE_FAILED \(.*an attribute of Thing \(Custom::Thing has Other\), got Name\)$/,
      ),
    );
  });

  it.each<[string, Record<string, unknown>, RegExp]>([
    [
      'fails',
      { Status: 'FAILED', Reason: 'no thing today' },
      /Received response status \[FAILED\] from custom resource\. Message returned: no thing today \(RequestId: [\w-]{36}\)/,
    ],
    ['says neither', { Status: 'MAYBE' }, /Invalid Status: expected SUCCESS or FAILED, got "MAYBE"/],
    ['gives no id', { PhysicalResourceId: '' }, /Invalid PhysicalResourceId/],
    ['names another request', { RequestId: 'x' }, /Invalid response: expected RequestId [\w-]{36}, got "x"/],
    ['says too much', { Reason: 'x'.repeat(5000) }, /Response object is too long\./],
  ])('that %s fails with the reason, and is deleted with the rest', async (_, answer, why) => {
    const { events, create, settle, news } = customScene(({ RequestType }) =>
      RequestType === 'Create' ? answer : {},
    );
    await create(template(resources()));
    expect(await settle()).toBe('ROLLBACK_COMPLETE');
    expect((await news()).filter((line) => line.startsWith('Thing: CREATE_FAILED'))).toEqual([
      expect.stringMatching(why),
    ]);
    expect(events.map(({ RequestType }) => RequestType)).toEqual(['Create', 'Delete']);
  });

  it.each([
    [{}, 3600],
    [{ ServiceTimeout: 60 }, 60],
  ])('with %j is waited for %d seconds', async (properties, seconds) => {
    const { create, settle, news } = customScene(({ RequestType }) =>
      RequestType === 'Create' ? undefined : {},
    );
    await create(template(resources(properties)));
    expect(await settle(2 + seconds - 1)).toBe('CREATE_IN_PROGRESS');
    expect(await settle(60)).toBe('ROLLBACK_COMPLETE');
    expect(await news()).toContainEqual(
      expect.stringMatching(
        /^Thing: CREATE_FAILED \(CloudFormation did not receive a response from your Custom Resource/,
      ),
    );
  });

  it('that takes another name on an update leaves the old one to be deleted at the end', async () => {
    const { events, create, update, settle, physicalIdOf, news } = customScene(
      ({ RequestType, ResourceProperties }) => ({
        ...(RequestType === 'Delete'
          ? {}
          : { PhysicalResourceId: `thing-${(ResourceProperties as { V: string }).V}` }),
      }),
    );
    await create(template(resources({ V: 1 })));
    await settle();
    await news();
    await update(template(resources({ V: 2 })));
    expect(await settle()).toBe('UPDATE_COMPLETE');
    expect(await physicalIdOf('Thing')).toBe('thing-2');
    expect(events.map(({ RequestType, PhysicalResourceId }) => [RequestType, PhysicalResourceId])).toEqual([
      ['Create', undefined],
      ['Update', 'thing-1'],
      ['Delete', 'thing-1'],
    ]);
    const lines = await news();
    expect(lines.indexOf('one: UPDATE_COMPLETE_CLEANUP_IN_PROGRESS')).toBeLessThan(
      lines.indexOf('Thing: DELETE_IN_PROGRESS'),
    );
  });

  it('that fails an update is asked to go back, and the stack is as it was', async () => {
    const { events, create, update, settle } = customScene(({ ResourceProperties }) =>
      (ResourceProperties as { V: string }).V === '2' ? { Status: 'FAILED', Reason: 'not 2' } : {},
    );
    await create(template(resources({ V: 1 })));
    await settle();
    await update(template(resources({ V: 2 })));
    expect(await settle()).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(events.slice(1)).toMatchObject([
      { RequestType: 'Update', ResourceProperties: { V: '2' }, OldResourceProperties: { V: '1' } },
      { RequestType: 'Update', ResourceProperties: { V: '1' }, OldResourceProperties: { V: '2' } },
    ]);
  });

  it('that refuses to go keeps the stack, and is asked again when it is deleted again', async () => {
    let isReady = false;
    const here = customScene(({ RequestType }) =>
      RequestType === 'Delete' && !isReady ? { Status: 'FAILED', Reason: 'an instance waits' } : {},
    );
    const { account, cloudformation, create, settle, news, describe: stack } = here;
    await create(template(resources()));
    await settle();
    const id = (await stack())?.StackId ?? '';
    const remove = () => cloudformation.send(new DeleteStackCommand({ StackName: 'one' }));
    await remove();
    expect(await settle()).toBe('DELETE_FAILED');
    expect(await news()).toContainEqual(expect.stringMatching(/^Thing: DELETE_FAILED \(.*an instance waits/));
    expect(account.lambda.all()).toHaveLength(1);
    isReady = true;
    await remove();
    await account.advance(60);
    expect((await stack(id))?.StackStatus).toBe('DELETE_COMPLETE');
    expect(account.lambda.all()).toEqual([]);
  });

  it('of a function that does not exist fails with the reason of Lambda', async () => {
    const { create, settle, news } = customScene(() => ({}));
    const ServiceToken = 'arn:aws:lambda:eu-west-1:111122223333:function:nobody';
    await create(template({ Thing: custom({ ServiceToken }) }));
    expect(await settle()).toBe('ROLLBACK_COMPLETE');
    expect(await news()).toContain(
      `Thing: CREATE_FAILED (Function not found: ${ServiceToken} (Service: Lambda; Error Code: ResourceNotFoundException))`,
    );
  });

  it('is answered at the endpoint of the account where it has one; nobody waits under another token', async () => {
    const { account, events, statuses, create, settle } = customScene(() => ({}), {
      endpointUrl: 'http://127.0.0.1:4566',
    });
    await create(template(resources()));
    expect(await settle()).toBe('CREATE_COMPLETE');
    expect(events[0]?.ResponseURL).toMatch(
      /^http:\/\/127\.0\.0\.1:4566\/cloudformation-custom-resource-response\/\w{32}$/,
    );
    expect(statuses).toEqual([200]);
    expect(account.cloudformation.respond('other', '{}')).toBe(false);
    expect(account.cloudformation.respondAt(events[0]?.ResponseURL ?? '', '{}')).toBe(false);
  });
});
