import { writeFileSync } from 'node:fs';
import { argv } from 'node:process';
import { fileURLToPath } from 'node:url';
import { enrolmentTag, setDesiredCapacity, tagGroup } from '../../demo/cluster.ts';
import { setFaults } from '../../simulator/control/faults.ts';
import { clusterName, groupName, job, Scene, service } from './scene.ts';

/** Every fault that comes by chance. */
export const allFaults = {
  loseBestEffort: 0.2,
  duplicate: 0.3,
  lateProbability: 0.3,
  lateSecondsMax: 60,
  readLagSecondsMax: 5,
  othersShare: 0.5,
  refusalProbability: 0.05,
  crashProbability: 0.02,
  redeliverProbability: 0.3,
  reorderProbability: 0.3,
  agentReconnectsPerHour: 5,
  agentAwaySecondsMax: 20,
  agentLossProbability: 0.02,
  meddlesPerHour: 6,
  throttle: true,
};

/** Two hours in which everything goes wrong at once: scale-ins, scale-outs, a Spot interruption, stopped tasks. */
export async function allFaultsAtOnce(seed: number): Promise<Scene> {
  const standalone = [job({ name: 'report', exitAfterSeconds: 1500 })];
  const scene = await Scene.open({
    seed,
    instances: 6,
    services: [service({ desiredCount: 12 })],
    standalone,
  });
  const { account } = scene;
  setFaults(account, allFaults);
  for (const size of [4, 7, 3, 6, 2, 5]) {
    // Whoever keeps the group in a template puts back what was taken from its tags.
    tagGroup(account, groupName, { [enrolmentTag]: clusterName });
    setDesiredCapacity(account, groupName, size);
    await account.advance(900);
    const newest = account.ec2.all().findLast(({ state }) => state === 'running');
    if (newest) account.hear(account.ec2.interrupt(account.world.now, newest.instanceId));
    await account.advance(300);
  }
  return scene;
}

/** As a program: `all-faults.ts SEED` writes the log of a run into the folder that it is in. */
if (argv[1] === fileURLToPath(import.meta.url)) {
  const { account } = await allFaultsAtOnce(Number(argv[2]));
  writeFileSync('log.ndjson', account.world.log.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
}
