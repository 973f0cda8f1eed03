import {
  activeInstances,
  createGroup,
  createService,
  enrolmentTag,
  isSteady,
  tagGroup,
} from '../demo/cluster.ts';
import { accountWithSteward, packageService } from '../demo/install.ts';
import { Account } from '../simulator/account.ts';
import type { Row } from './departures.ts';

const instances = 100;
const hours = 2;

/** A cluster of 100 instances with 400 tasks behind a load balancer, and agents that reconnect five times an hour. */
async function steadyCluster(account: Account): Promise<void> {
  account.call('ecs', 'CreateCluster', { clusterName: 'bench' });
  createGroup(account, { clusterName: 'bench', autoScalingGroupName: 'bench', desiredCapacity: instances });
  await account.until('all instances', () => activeInstances(account, 'bench') === instances, 300);
  createService(account, 'bench', {
    name: 'web',
    cpu: 128,
    memoryMib: 256,
    desiredCount: 4 * instances,
    deregistrationDelaySeconds: 30,
  });
  await account.until('steady', () => isSteady(account, 'bench'), 900);
  tagGroup(account, 'bench', { [enrolmentTag]: 'bench' });
  const chance = account.world.chance('bench/flaps');
  for (const { instanceId } of account.ec2.all()) {
    for (let flap = 0; flap < 5 * hours; flap++) {
      const at = account.world.now + chance.between(0, hours * 3_600_000);
      account.world.at(at, () => account.disconnectAgent(instanceId, 10));
    }
  }
}

async function ratio(account: Account): Promise<number> {
  await steadyCluster(account);
  const startedAt = performance.now();
  await account.advance(hours * 3600);
  return Math.round((hours * 3_600_000) / (performance.now() - startedAt));
}

/** How much faster than real time the local AWS runs, alone and with the steward in it. */
export async function speed(onProgress: (text: string) => void): Promise<Row[]> {
  onProgress('sls package');
  await packageService();
  onProgress('the simulator alone');
  const alone = await ratio(new Account({ seed: 1 }));
  onProgress('with the steward');
  const withSteward = await ratio(await accountWithSteward({ seed: 1 }));
  return [
    { figure: `simulated / real time, ${instances} instances, alone`, value: alone, unit: 'x' },
    { figure: 'the same, with the steward', value: withSteward, unit: 'x' },
  ];
}
