import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Ec2 } from '../../../simulator/ec2/ec2.ts';
import type { LaunchTemplate } from '../../../simulator/ec2/instance.ts';
import type { Outcome } from '../../../simulator/machine.ts';

const ec2 = (agentSeconds?: number, more: Partial<LaunchTemplate> = {}) => {
  const machine = new Ec2({ region: 'eu-west-1', accountId: '111122223333' });
  machine.putLaunchTemplate({
    launchTemplateName: 'web',
    instanceType: 'm6i.large',
    clusterName: 'demo',
    agentSeconds,
    ...more,
  });
  return machine;
};
const order = {
  instanceId: 'i-1',
  launchTemplateName: 'web',
  availabilityZone: 'eu-west-1a',
  agentDelayMs: 0,
};
const say = (outcomes: Outcome[]) =>
  outcomes.map((outcome) => (outcome.kind === 'event' ? outcome.event.detail.state : outcome.kind));

describe('Ec2', () => {
  it('goes pending, running, and brings up the agent (D-1.31)', () => {
    const machine = ec2(40);
    expect(say(machine.launch(0, order))).toEqual(['pending']);
    expect(machine.nextAt).toBe(10_000);
    expect(say(machine.advance(10_000))).toEqual(['running', 'instance-running']);
    expect(say(machine.advance(39_999))).toEqual([]);
    expect(say(machine.advance(40_000))).toEqual(['agent-ready']);
  });

  it('cuts containers off when the shutdown begins and is gone half a minute later', () => {
    const machine = ec2(40);
    machine.launch(0, order);
    machine.advance(100_000);
    expect(say(machine.terminate(100_000, 'i-1'))).toEqual(['shutting-down', 'instance-shutting-down']);
    expect(say(machine.terminate(101_000, 'i-1'))).toEqual([]);
    expect(say(machine.advance(129_999))).toEqual([]);
    expect(say(machine.advance(130_000))).toEqual(['terminated', 'instance-terminated']);
  });

  it('never brings up the agent of an instance that is ending, or whose template has none', () => {
    const ending = ec2(40);
    ending.launch(0, order);
    ending.terminate(5000, 'i-1');
    expect(say(ending.advance(100_000))).toEqual(['terminated', 'instance-terminated']);
    const silent = ec2();
    silent.launch(0, order);
    expect(say(silent.advance(1_000_000))).toEqual(['running', 'instance-running']);
  });

  const running = () => {
    const machine = ec2(40);
    machine.launch(0, order);
    machine.advance(100_000);
    return machine;
  };

  it('stops in twenty seconds, and boots again with its agent when it is started (D-1.31, D-2.6)', () => {
    const machine = running();
    expect(say(machine.stop(100_000, 'i-1'))).toEqual(['stopping', 'instance-stopping']);
    expect(say(machine.start(110_000, { instanceId: 'i-1', agentDelayMs: 0 }))).toEqual([]);
    expect(say(machine.advance(120_000))).toEqual(['stopped', 'instance-stopped']);
    expect(say(machine.stop(130_000, 'i-1'))).toEqual([]);
    expect(say(machine.start(200_000, { instanceId: 'i-1', agentDelayMs: 500 }))).toEqual(['pending']);
    expect(say(machine.advance(240_499))).toEqual(['running', 'instance-running']);
    expect(say(machine.advance(240_500))).toEqual(['agent-ready']);
  });

  it('never brings up the agent of a boot that a stop cut short', () => {
    const machine = ec2(40);
    machine.launch(0, order);
    machine.advance(10_000);
    machine.stop(15_000, 'i-1');
    expect(say(machine.advance(100_000))).toEqual(['stopped', 'instance-stopped']);
    machine.start(100_000, { instanceId: 'i-1', agentDelayMs: 0 });
    expect(say(machine.advance(200_000))).toEqual(['running', 'instance-running', 'agent-ready']);
  });

  it('can be terminated while it is stopping or stopped', () => {
    const machine = running();
    machine.stop(100_000, 'i-1');
    expect(say(machine.terminate(110_000, 'i-1'))).toEqual(['shutting-down', 'instance-shutting-down']);
    expect(say(machine.advance(200_000))).toEqual(['terminated', 'instance-terminated']);
  });

  it('warns of a Spot interruption and is terminated two minutes later, stopped or not (D-1.29, D-3.19)', () => {
    const machine = running();
    const [warning] = machine.interrupt(100_000, 'i-1');
    const sample = JSON.parse(readFileSync('test/events/ec2-spot-interruption-warning.json', 'utf8'));
    expect(warning).toMatchObject({
      event: {
        source: sample.source,
        detailType: sample['detail-type'],
        resources: ['arn:aws:ec2:eu-west-1:111122223333:instance/i-1'],
        detail: { ...sample.detail, 'instance-id': 'i-1' },
      },
    });
    machine.stop(150_000, 'i-1');
    expect(say(machine.advance(219_999))).toEqual(['stopped', 'instance-stopped']);
    expect(say(machine.advance(220_000))).toEqual(['shutting-down', 'instance-shutting-down']);
  });

  it('warns of a stop, which comes two minutes later and may be taken back by nobody (D-1.29, D-3.19)', () => {
    const machine = running();
    const [warning] = machine.interrupt(100_000, 'i-1', 'stop');
    expect(warning).toMatchObject({ event: { detail: { 'instance-action': 'stop' } } });
    expect(say(machine.advance(219_999))).toEqual([]);
    expect(say(machine.advance(220_000))).toEqual(['stopping', 'instance-stopping']);
    expect(machine.instance('i-1').state).toBe('stopping');
  });

  it('hibernates an instance with the warning itself, without two minutes (D-7.1)', () => {
    const machine = running();
    const said = machine.interrupt(100_000, 'i-1', 'hibernate');
    expect(said[0]).toMatchObject({ event: { detail: { 'instance-action': 'hibernate' } } });
    expect(say(said).slice(1)).toEqual(['stopping', 'instance-stopping']);
  });

  it.each(['stop', 'hibernate'] as const)(
    'starts again what was interrupted with %s when Spot has capacity, and nobody else may start it',
    (action) => {
      const machine = running();
      const order = { instanceId: 'i-1', agentDelayMs: 0 };
      expect(machine.spotReturns(100_000, order)).toEqual([]);
      machine.interrupt(100_000, 'i-1', action);
      machine.advance(300_000);
      expect(machine.instance('i-1').state).toBe('stopped');
      expect(machine.start(300_000, order)).toEqual([]);
      expect(say(machine.spotReturns(400_000, order))).toEqual(['pending']);
      expect(say(machine.advance(440_000))).toEqual(['running', 'instance-running', 'agent-ready']);
      expect(machine.spotReturns(450_000, order)).toEqual([]);
      machine.stop(450_000, 'i-1');
      machine.advance(500_000);
      expect(machine.spotReturns(500_000, order)).toEqual([]);
      expect(say(machine.start(500_000, order))).toEqual(['pending']);
    },
  );

  it('starts again when it has stopped what Spot has capacity for while it stops', () => {
    const machine = running();
    machine.interrupt(100_000, 'i-1', 'stop');
    machine.advance(220_000);
    expect(machine.spotReturns(225_000, { instanceId: 'i-1', agentDelayMs: 0 })).toEqual([]);
    expect(say(machine.advance(300_000))).toEqual([
      'stopped',
      'instance-stopped',
      'pending',
      'running',
      'instance-running',
      'agent-ready',
    ]);
  });

  it('does not stop an instance again that was stopped and started after the warning', () => {
    const machine = running();
    machine.interrupt(100_000, 'i-1', 'stop');
    machine.stop(110_000, 'i-1');
    machine.advance(150_000);
    machine.start(150_000, { instanceId: 'i-1', agentDelayMs: 0 });
    machine.advance(600_000);
    expect(machine.instance('i-1').state).toBe('running');
  });

  describe('with an agent that drains its instance by itself (D-7.2)', () => {
    const draining = () => {
      const machine = ec2(40, { spotInstanceDraining: true });
      machine.launch(0, order);
      return machine;
    };

    it('lets it see the warning', () => {
      const machine = draining();
      machine.advance(100_000);
      expect(say(machine.interrupt(100_000, 'i-1')).slice(1)).toEqual(['spot-notice']);
    });

    it('lets it see the warning when it comes up, too', () => {
      const machine = draining();
      machine.advance(10_000);
      machine.interrupt(10_000, 'i-1');
      expect(say(machine.advance(40_000))).toEqual(['agent-ready', 'spot-notice']);
    });

    it('lets it see nothing of a recommendation (D-7.3)', () => {
      const machine = draining();
      machine.advance(100_000);
      expect(machine.recommendRebalance('i-1')).toHaveLength(1);
    });
  });

  it('tells ECS what its launch template says of agent and fate', () => {
    const machine = ec2(40, {
      agentVersion: '1.104.0',
      trunkFailure: 'No address.',
      updateFailsIn: 'STAGING',
    });
    machine.launch(0, order);
    expect(machine.registration('i-1')).toMatchObject({
      image: { agentVersion: '1.104.0' },
      fate: { trunkFailure: 'No address.', updateFailsIn: 'STAGING' },
    });
  });

  it('recommends a rebalance and does nothing else (D-1.30)', () => {
    const machine = running();
    const sample = JSON.parse(readFileSync('test/events/ec2-rebalance-recommendation.json', 'utf8'));
    expect(machine.recommendRebalance('i-1')).toMatchObject([
      { event: { source: 'aws.ec2', detailType: sample['detail-type'], detail: { 'instance-id': 'i-1' } } },
    ]);
    expect(machine.nextAt).toBeUndefined();
  });

  it.each(['pending', 'running', 'stopping', 'stopped', 'shutting-down', 'terminated'])(
    'tells of %s as AWS does (D-1.31)',
    (state) => {
      const machine = ec2();
      const events = [
        ...machine.launch(0, order),
        ...machine.advance(10_000),
        ...machine.stop(20_000, 'i-1'),
        ...machine.advance(50_000),
        ...machine.terminate(60_000, 'i-1'),
        ...machine.advance(100_000),
      ].flatMap((outcome) => (outcome.kind === 'event' ? outcome.event : []));
      const sample = JSON.parse(readFileSync(`test/events/ec2-instance-state-change.${state}.json`, 'utf8'));
      const told = events.find(({ detail }) => detail.state === state);
      expect(told?.detailType).toBe(sample['detail-type']);
      expect(Object.keys(told?.detail ?? {}).sort()).toEqual(Object.keys(sample.detail).sort());
    },
  );
});
