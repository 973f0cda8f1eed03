import { describe, expect, it } from 'vitest';
import { newestAgent } from '../../../simulator/ecs/update.ts';
import { code } from './fault.ts';
import { Scene } from './scene.ts';

const versionInfo = { agentVersion: '1.104.0', agentHash: 'old', dockerVersion: 'DockerVersion: 24.0.5' };
const update = (one: Scene) =>
  one.call('UpdateContainerAgent', { containerInstance: one.idOf('i-1') }).containerInstance;
const stage = (one: Scene) => one.describe('i-1').agentUpdateStatus;

/** An instance with an old agent and a task on it. */
function scene(more: Parameters<Scene['instance']>[1] = {}) {
  const one = new Scene();
  one.instance('i-1', { versionInfo, ...more });
  one.definition('job');
  one.call('RunTask', { taskDefinition: 'job' });
  one.pass(10);
  one.heard();
  return one;
}

describe('UpdateContainerAgent', () => {
  it('goes from PENDING over STAGING, STAGED and UPDATING to UPDATED, in minutes (D-8.4, D-8.5)', () => {
    const one = scene();
    expect(stage(one)).toBeUndefined();
    expect(update(one)).toMatchObject({ ec2InstanceId: 'i-1', agentUpdateStatus: 'PENDING' });
    const stages = [stage(one)];
    for (let second = 0; second < 120; second++) {
      one.pass(1);
      if (stages.at(-1) !== stage(one)) stages.push(stage(one));
    }
    expect(stages).toEqual(['PENDING', 'STAGING', 'STAGED', 'UPDATING', 'UPDATED']);
    const { agentVersion, agentHash } = newestAgent;
    expect(one.describe('i-1').versionInfo).toEqual({ ...versionInfo, agentVersion, agentHash });
  });

  it('tells of the agent that goes and comes back with its new version, and of no stage (D-1.10h, D-8.9)', () => {
    const one = scene();
    update(one);
    one.pass(120);
    const seen = one
      .instanceEvents()
      .map(({ detail }) => [detail.agentConnected, (detail.versionInfo as typeof versionInfo).agentVersion]);
    expect(seen).toEqual([
      [false, '1.104.0'],
      [true, newestAgent.agentVersion],
    ]);
  });

  it('leaves tasks alone (D-8.1)', () => {
    const one = scene();
    const [task] = one.live();
    update(one);
    one.pass(120);
    expect(one.taskEvents()).toEqual([]);
    expect(one.live()).toEqual([task]);
  });

  it.each(['PENDING', 'STAGING'])(
    'stands still in %s while the agent is disconnected, and goes on when it is back (D-8.6, D-10.8)',
    (wanted) => {
      const one = scene();
      update(one);
      while (stage(one) !== wanted) one.pass(1);
      one.connection('i-1', false);
      one.pass(3600);
      expect(stage(one)).toBe(wanted);
      expect(code(() => update(one))).toContain('UpdateInProgressException');
      one.connection('i-1', true);
      one.pass(120);
      expect(stage(one)).toBe('UPDATED');
    },
  );

  it.each<[string, (one: Scene) => void, (one: Scene) => void]>([
    ['is cut off', (one) => one.connection('i-1', false), (one) => one.connection('i-1', true)],
    ['is on a host that was stopped', (one) => one.stop('i-1'), (one) => one.instance('i-1')],
  ])('stays UPDATING while its agent %s, and ends when that is back', (_, goes, returns) => {
    const one = scene();
    update(one);
    while (stage(one) !== 'UPDATING') one.pass(1);
    goes(one);
    one.pass(600);
    expect([stage(one), one.describe('i-1').agentConnected]).toEqual(['UPDATING', false]);
    one.heard();
    returns(one);
    expect([stage(one), one.describe('i-1').agentConnected]).toEqual(['UPDATED', true]);
    expect(one.instanceEvents().at(-1)?.detail).toMatchObject({
      agentConnected: true,
      versionInfo: { agentVersion: newestAgent.agentVersion },
    });
  });

  it('is refused while one is under way, in every stage (D-8.6)', () => {
    const one = scene();
    update(one);
    const seen = new Set<unknown>();
    for (; stage(one) !== 'UPDATED'; one.pass(1)) {
      seen.add(stage(one));
      expect(code(() => update(one))).toBe(
        'UpdateInProgressException: There is already a container agent update in progress on this container instance.',
      );
    }
    expect(seen.size).toBe(4);
    expect(code(() => update(one))).toContain('NoUpdateAvailableException');
  });

  it.each([
    ['STAGING', { updateFailsIn: 'STAGING' as const }, 21],
    ['STAGING, after 15 minutes of download (D-8.8)', { downloadSeconds: 3600 }, 901],
    ['UPDATING', { updateFailsIn: 'UPDATING' as const }, 31],
  ])('is FAILED when it fails in %s, keeps the old agent, and may be tried again (D-8.5)', (_, fate, at) => {
    const one = scene({ fate });
    update(one);
    one.pass(at - 1);
    expect(stage(one)).not.toBe('FAILED');
    one.pass(1);
    expect(one.describe('i-1')).toMatchObject({
      agentUpdateStatus: 'FAILED',
      versionInfo,
      agentConnected: true,
    });
    expect(update(one).agentUpdateStatus).toBe('PENDING');
  });

  it('ends with its instance', () => {
    const one = scene();
    update(one);
    one.pass(25);
    expect(stage(one)).toBe('UPDATING');
    one.terminate('i-1');
    one.pass(60);
    expect(one.describe('i-1')).toMatchObject({ agentConnected: false, versionInfo });
  });

  it.each([
    ['the newest agent', newestAgent, 'NoUpdateAvailableException: There is no update available for your'],
    ['an agent before 1.0.0', { agentVersion: '0.0.3' }, 'NoUpdateAvailableException'],
    [
      'an agent of unknown version',
      {},
      'MissingVersionException: The version of the container agent is unknown',
    ],
    [
      'an agent of its own',
      { agentVersion: 'mine' },
      'MissingVersionException: The version of the container',
    ],
  ])('is refused for %s (D-8.6, D-9.62)', (_, version, message) => {
    expect(code(() => update(scene({ versionInfo: version })))).toContain(message);
  });

  it.each([
    ['ecs.os-type', 'windows'],
    ['ecs.cpu-architecture', 'arm64'],
  ])('is refused where %s is %s (D-8.3)', (name, value) => {
    const one = scene({ attributes: [{ name, value }] });
    expect(code(() => update(one))).toContain('InvalidParameterException: containerInstance: expected');
    expect(stage(one)).toBeUndefined();
  });

  it.each([
    [{ containerInstance: '0'.repeat(32) }, 'InvalidParameterException: Container instance not found.'],
    [{ containerInstance: '' }, 'InvalidParameterException: containerInstance cannot be blank.'],
    [{ cluster: 'other' }, 'ClusterNotFoundException: Cluster not found.'],
  ])('refuses %j', (more, message) => {
    const one = scene();
    const input = { containerInstance: one.idOf('i-1'), ...more };
    expect(code(() => one.call('UpdateContainerAgent', input))).toBe(message);
  });

  it('does not know an instance that is INACTIVE', () => {
    const one = scene();
    one.terminate('i-1');
    expect(code(() => update(one))).toBe('InvalidParameterException: Container instance not found.');
  });
});
