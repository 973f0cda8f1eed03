import { describe, expect, it } from 'vitest';
import { Ec2 } from '../../../simulator/ec2/ec2.ts';
import type { Outcome } from '../../../simulator/machine.ts';

const ec2 = (agentSeconds?: number) => {
  const machine = new Ec2({ region: 'eu-west-1', accountId: '111122223333' });
  machine.putLaunchTemplate({
    launchTemplateName: 'web',
    instanceType: 'm6i.large',
    clusterName: 'demo',
    agentSeconds,
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
});
