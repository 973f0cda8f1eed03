import { describe, expect, it } from 'vitest';
import { code } from '../fault.ts';
import { Scene } from '../scene.ts';

const document = (more: Record<string, unknown> = {}) =>
  JSON.stringify({
    instanceId: 'i-0abc',
    instanceType: 'm6i.large',
    availabilityZone: 'eu-west-1b',
    region: 'eu-west-1',
    accountId: '111122223333',
    ...more,
  });

const totalResources = [
  { name: 'CPU', type: 'INTEGER', integerValue: 2048 },
  { name: 'MEMORY', type: 'INTEGER', integerValue: 7680 },
  { name: 'PORTS', type: 'STRINGSET', stringSetValue: ['22', '51678'] },
  { name: 'PORTS_UDP', type: 'STRINGSET', stringSetValue: [] },
];

const usual = {
  instanceIdentityDocument: document(),
  instanceIdentityDocumentSignature: 'signed',
  totalResources,
  versionInfo: { agentVersion: '1.104.0', agentHash: 'abc', dockerVersion: 'DockerVersion: 25.0.14' },
  attributes: [{ name: 'ecs.capability.task-eni' }, { name: 'ecs.os-type', value: 'linux' }],
};

const register = (scene: Scene, more: Record<string, unknown> = {}) =>
  scene.call('RegisterContainerInstance', { ...usual, ...more }).containerInstance;

describe('RegisterContainerInstance (D-9.11)', () => {
  it('makes an ACTIVE instance of what the agent says, with the event of a first registration (D-1.10f, D-9.1, D-9.3)', () => {
    const scene = new Scene();
    const tags = [{ key: 'stage', value: 'test' }];
    const instance = register(scene, { tags });
    expect(instance).toMatchObject({
      ec2InstanceId: 'i-0abc',
      status: 'ACTIVE',
      agentConnected: true,
      version: 2,
      versionInfo: usual.versionInfo,
      tags,
      attributes: [
        ...usual.attributes,
        { name: 'ecs.availability-zone', value: 'eu-west-1b' },
        { name: 'ecs.instance-type', value: 'm6i.large' },
        expect.objectContaining({ name: 'ecs.ami-id' }),
      ],
    });
    expect(scene.instanceEvents().map(({ detail }) => detail.version)).toEqual([2]);
  });

  it('takes part in placement: its sizes are what tasks take from, its reserved ports are in use (D-9.4)', () => {
    const scene = new Scene();
    register(scene);
    scene.definition('web', {}, { portMappings: [{ containerPort: 80, hostPort: 51_678 }] });
    expect(scene.call('RunTask', { taskDefinition: 'web' }).failures).toMatchObject([
      { reason: 'RESOURCE:PORTS' },
    ]);
    scene.definition('job', {}, { cpu: 2048 });
    expect(scene.call('RunTask', { taskDefinition: 'job', count: 2 })).toMatchObject({
      tasks: [{ availabilityZone: 'eu-west-1b' }],
      failures: [{ reason: 'RESOURCE:CPU' }],
    });
  });

  it('shows resources of its own and GPUs, registered and remaining, each with the value of its type (D-9.5)', () => {
    const scene = new Scene();
    const own = { name: 'LICENCES', type: 'DOUBLE', doubleValue: 1.5 };
    const platformDevices = [
      { id: 'gpu-1', type: 'GPU' },
      { id: 'gpu-2', type: 'GPU' },
    ];
    const instance = register(scene, { totalResources: [...totalResources, own], platformDevices });
    for (const member of ['registeredResources', 'remainingResources']) {
      const resources = instance[member];
      expect(resources).toContainEqual({ ...own, integerValue: 0, longValue: 0 });
      expect(resources).toContainEqual(
        expect.objectContaining({ name: 'GPU', type: 'STRINGSET', stringSetValue: ['gpu-1', 'gpu-2'] }),
      );
    }
    const [event] = scene.instanceEvents();
    expect(event?.detail.registeredResources).toContainEqual(own);
  });

  it('keeps the identity and the custom attributes of an instance that registers again, with its new agent (D-1.10h)', () => {
    const scene = new Scene();
    const { containerInstanceArn } = register(scene);
    const attributes = [{ name: 'mark', value: 'x', targetId: containerInstanceArn }];
    scene.call('PutAttributes', { attributes });
    scene.heard();
    const versionInfo = { agentVersion: '1.105.1' };
    const again = register(scene, { containerInstanceArn, versionInfo });
    expect(again).toMatchObject({ containerInstanceArn, version: 3, versionInfo });
    expect(again.attributes).toContainEqual({ name: 'mark', value: 'x' });
    expect(scene.instanceEvents()).toHaveLength(1);
    register(scene, { containerInstanceArn, versionInfo });
    expect(scene.instanceEvents()).toEqual([]);
  });

  it('makes a duplicate of an instance whose agent has forgotten its ARN; the first one has no agent (D-2.8)', () => {
    const scene = new Scene();
    const first = register(scene);
    const second = register(scene);
    expect(second.containerInstanceArn).not.toBe(first.containerInstanceArn);
    const { containerInstances } = scene.call('DescribeContainerInstances', {
      containerInstances: [first.containerInstanceArn, second.containerInstanceArn],
    });
    expect(containerInstances).toMatchObject([
      { status: 'ACTIVE', agentConnected: false },
      { status: 'ACTIVE', agentConnected: true },
    ]);
  });

  it('brings the default cluster into being, and no other one (D-9.21)', () => {
    const scene = new Scene();
    register(scene, { cluster: 'default' });
    expect(scene.call('ListClusters').clusterArns).toHaveLength(2);
    expect(code(() => register(scene, { cluster: 'other' }))).toBe(
      'ClusterNotFoundException: Cluster not found.',
    );
  });

  it.each(['demo', 'default'])('takes no %s of another account for its own (D-6.7, D-9.10)', (name) => {
    const scene = new Scene();
    const cluster = `arn:aws:ecs:eu-west-1:999999999999:cluster/${name}`;
    expect(code(() => register(scene, { cluster }))).toBe('ClusterNotFoundException: Cluster not found.');
    expect(scene.call('ListClusters').clusterArns).toHaveLength(1);
    expect(scene.call('ListContainerInstances').containerInstanceArns).toEqual([]);
  });

  it('needs the long form of ARN for tags (D-9.56)', () => {
    const scene = new Scene();
    scene.call('PutAccountSetting', { name: 'containerInstanceLongArnFormat', value: 'disabled' });
    expect(code(() => register(scene, { tags: [{ key: 'a', value: '' }] }))).toBe(
      'InvalidParameterException: Long arn format must be enabled for tagging.',
    );
  });

  it('is refused for another instance, cluster or instance type than the ARN has (D-9.11, D-13.44)', () => {
    const scene = new Scene();
    scene.call('CreateCluster', { clusterName: 'other' });
    const { containerInstanceArn } = register(scene);
    const again = (more: Record<string, unknown>) =>
      code(() => register(scene, { containerInstanceArn, ...more }));
    expect(again({ instanceIdentityDocument: document({ instanceId: 'i-0def' }) })).toContain(
      'InvalidParameterException: containerInstanceArn: expected a registration of i-0def in demo',
    );
    expect(again({ cluster: 'other' })).toContain('Identifier is for cluster demo. Your cluster is other');
    expect(again({ instanceIdentityDocument: document({ instanceType: 'm6i.xlarge' }) })).toMatch(
      /^ClientException: Container instance type changes are not supported\. .* registered as m6i\.large\.$/,
    );
    scene.terminate('i-0abc');
    expect(again({})).toContain('containerInstanceArn: expected a registration of i-0abc in demo');
  });

  const without = (name: string) => totalResources.filter((resource) => resource.name !== name);

  it.each([
    [{ instanceIdentityDocument: '' }, 'instanceIdentityDocument cannot be blank.'],
    [
      { instanceIdentityDocument: 'i-0abc' },
      'instanceIdentityDocument: expected a JSON object, got "i-0abc".',
    ],
    [{ instanceIdentityDocument: '{}' }, 'instanceId cannot be blank.'],
    [
      { instanceIdentityDocument: document({ region: 'us-east-1' }) },
      'instanceIdentityDocument: expected region eu-west-1, got "us-east-1".',
    ],
    [
      { instanceIdentityDocument: document({ accountId: '1' }) },
      'instanceIdentityDocument: expected accountId 111122223333, got "1".',
    ],
    [{ instanceIdentityDocumentSignature: undefined }, 'instanceIdentityDocumentSignature cannot be blank.'],
    [{ totalResources: without('CPU') }, 'totalResources: expected CPU with an integerValue of more than 0'],
    [{ totalResources: without('MEMORY') }, 'totalResources: expected MEMORY with an integerValue'],
    [
      { totalResources: [...without('CPU'), { name: 'CPU', type: 'LONG', longValue: 1 }] },
      'totalResources: expected CPU of type INTEGER, got LONG.',
    ],
    [
      { totalResources: [...totalResources, { name: 'A', type: 'DOUBLE', integerValue: 1 }] },
      'totalResources: expected A with a doubleValue, got undefined.',
    ],
    [
      { totalResources: [...totalResources, { name: 'A', type: 'FLOAT' }] },
      'type should be one of [INTEGER, DOUBLE, LONG, STRINGSET], got "FLOAT".',
    ],
    [{ totalResources: [...totalResources, totalResources[0]] }, 'totalResources: names must be unique.'],
    [
      { totalResources: [...without('PORTS'), { name: 'PORTS', type: 'STRINGSET', stringSetValue: ['x'] }] },
      'port: expected a whole number from 1 to 65535',
    ],
    [
      { totalResources: [...totalResources, { name: 'A', type: 'LONG', longValue: 1.5 }] },
      'totalResources: expected A with a longValue, got 1.5.',
    ],
    [
      { totalResources: [...totalResources, { name: 'A', type: 'LONG', longValue: 1, doubleValue: 2 }] },
      'totalResources: expected A with its longValue alone, got a doubleValue too.',
    ],
    [{ attributes: [{ name: 'a b' }] }, 'name: expected text like'],
    [
      { platformDevices: [{ id: 'a', type: 'TPU' }] },
      'type should be one of [GPU, NEURON_DEVICE], got "TPU".',
    ],
    [{ tags: [{ key: 'aws:a', value: '' }] }, 'key: expected text like'],
    [
      { containerInstanceArn: '0'.repeat(32) },
      'containerInstanceArn: expected a registration of i-0abc in demo',
    ],
  ])('refuses %j', (more, message) => {
    const scene = new Scene();
    expect(code(() => register(scene, more))).toContain(`InvalidParameterException: ${message}`);
    expect(scene.call('ListContainerInstances').containerInstanceArns).toEqual([]);
  });
});

describe('SubmitAttachmentStateChanges (D-9.12)', () => {
  const attachmentArn = 'arn:aws:ecs:eu-west-1:111122223333:attachment/a';
  const submit = (scene: Scene, attachments: unknown) =>
    scene.call('SubmitAttachmentStateChanges', { attachments });

  it('makes an instance ACTIVE whose trunk interface is attached (D-2.2)', () => {
    const scene = new Scene();
    scene.call('PutAccountSetting', { name: 'awsvpcTrunking', value: 'enabled' });
    const { attachments } = register(scene) as { attachments?: { id: string }[] };
    const arn = attachmentArn.replace(/a$/, attachments?.[0]?.id ?? '');
    scene.heard();
    const { acknowledgment } = submit(scene, [{ attachmentArn: arn, status: 'ATTACHED' }]);
    expect(acknowledgment).toBe('ACK');
    expect(scene.describe('i-0abc')).toMatchObject({
      status: 'ACTIVE',
      version: 3,
      attachments: [{ status: 'ATTACHED' }],
    });
    scene.pass(60);
    expect(scene.instanceEvents()).toHaveLength(1);
  });

  it('accepts what it knows nothing of: the report of an instance that is gone', () => {
    expect(submit(new Scene(), [{ attachmentArn, status: 'DETACHED' }]).acknowledgment).toBe('ACK');
  });

  it.each([
    [[], 'attachments cannot be empty.'],
    [
      [{ attachmentArn, status: 'GONE' }],
      'status should be one of [PRECREATED, CREATED, ATTACHING, ATTACHED,',
    ],
    [[{ attachmentArn, status: '' }], 'status should be one of'],
    [[{ attachmentArn: 'a', status: 'ATTACHED' }], 'attachmentArn: expected the ARN of an attachment'],
    [[{ attachmentArn: '', status: 'ATTACHED' }], 'attachmentArn cannot be blank.'],
  ])('refuses %j', (attachments, message) => {
    expect(code(() => submit(new Scene(), attachments))).toContain(`InvalidParameterException: ${message}`);
  });
});
