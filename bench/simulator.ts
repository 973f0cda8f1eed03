import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import {
  createGroup,
  enrolmentTag,
  hasHook,
  isSteady,
  setDesiredCapacity,
  tagGroup,
} from '../demo/cluster.ts';
import { accountWithSteward, packageService } from '../demo/install.ts';
import { Account } from '../simulator/account.ts';
import type { Row } from './departures.ts';

const name = 'bench';
const instances = 100;
const replicaServices = 9;
const days = 7;
const hourSeconds = 3600;

/** An account for long runs: it forgets what AWS forgets, and its journals are full before the first day is over. */
const options = { seed: 1, entriesMax: 1000 };

/** What a day took: of the clock on the wall, and of the processor, which other programs slow less. */
interface Day {
  readonly wallRatio: number;
  readonly cpuRatio: number;
  readonly events: number;
  readonly heapBytes: number;
}

/** Bytes in use when everything that can be collected is. */
function heapBytes(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  return process.memoryUsage().heapUsed;
}

/** A service whose container has a health check: replicas, or a daemon without a count. */
function createCheckedService(account: Account, serviceName: string, desiredCount: number | undefined): void {
  account.call('ecs', 'RegisterTaskDefinition', {
    family: serviceName,
    containerDefinitions: [
      {
        name: 'app',
        image: `registry.example/${serviceName}:1`,
        cpu: 128,
        memory: 512,
        essential: true,
        healthCheck: { command: ['CMD', 'true'] },
      },
    ],
  });
  account.call('ecs', 'CreateService', {
    cluster: name,
    serviceName,
    taskDefinition: serviceName,
    ...(desiredCount === undefined ? { schedulingStrategy: 'DAEMON' } : { desiredCount }),
  });
}

const isAtRest = (account: Account) => account.ecs.taskRecords().length > 0 && isSteady(account, name);

/** 100 instances with 900 tasks of nine services and a daemon on each, agents that reconnect four times an hour. */
async function busyCluster(account: Account): Promise<void> {
  account.call('ecs', 'CreateCluster', { clusterName: name });
  createGroup(account, { clusterName: name, autoScalingGroupName: name, desiredCapacity: instances });
  await account.advance(300);
  for (let number = 1; number <= replicaServices; number++)
    createCheckedService(account, `web-${number}`, instances);
  createCheckedService(account, 'daemon', undefined);
  await account.until('steady', () => isAtRest(account), 1800);
  tagGroup(account, name, { [enrolmentTag]: name });
  account.reconnects.set({ agentReconnectsPerHour: 4, agentAwaySecondsMax: 5 });
}

/** A day in which every instance is replaced and a tenth of them leaves and comes back. Throws when it ends otherwise. */
async function liveADay(account: Account): Promise<void> {
  await account.advance(hourSeconds);
  account.call('autoscaling', 'StartInstanceRefresh', { AutoScalingGroupName: name });
  await account.advance(14 * hourSeconds);
  const { InstanceRefreshes } = account.call('autoscaling', 'DescribeInstanceRefreshes', {
    AutoScalingGroupName: name,
  });
  const [refresh] = InstanceRefreshes as { Status: string; StatusReason?: string }[];
  if (refresh?.Status !== 'Successful')
    throw new Error(`expected the instance refresh to be Successful, got ${JSON.stringify(refresh)}`);
  setDesiredCapacity(account, name, instances - instances / 10);
  await account.advance(4 * hourSeconds);
  setDesiredCapacity(account, name, instances);
  await account.advance(5 * hourSeconds);
  await account.until('steady after the day', () => isAtRest(account), 600);
}

async function measuredDay(account: Account): Promise<Day> {
  let events = 0;
  let isMeasured = true;
  account.world.onRecord(({ kind }) => {
    if (isMeasured && kind === 'event') events++;
  });
  const began = { at: account.world.now, wall: performance.now(), cpu: process.cpuUsage() };
  await liveADay(account);
  isMeasured = false;
  const wallMs = performance.now() - began.wall;
  const { user, system } = process.cpuUsage(began.cpu);
  const simulatedMs = account.world.now - began.at;
  return {
    wallRatio: Math.round(simulatedMs / wallMs),
    cpuRatio: Math.round(simulatedMs / ((user + system) / 1000)),
    events,
    heapBytes: heapBytes(),
  };
}

async function measured(what: string, account: Account, onProgress: (text: string) => void): Promise<Row[]> {
  await busyCluster(account);
  const lived: Day[] = [];
  for (let day = 1; day <= days; day++) {
    const one = await measuredDay(account);
    onProgress(`${what}, day ${day}: ${JSON.stringify(one)}`);
    lived.push(one);
  }
  const [first, last] = [lived.at(0), lived.at(-1)];
  if (!first || !last) throw new RangeError(`expected at least one day, got ${days}`);
  const mebi = (bytes: number) => Math.round(bytes / 2 ** 20);
  const growth = Math.round((100 * last.heapBytes) / first.heapBytes) / 100;
  return [
    { figure: `${what}: simulated / real time, first day`, value: first.wallRatio, unit: 'x' },
    { figure: `${what}: simulated / processor time`, value: first.cpuRatio, unit: 'x' },
    { figure: `${what}: events of the first day`, value: first.events, unit: '' },
    { figure: `${what}: heap after the first day`, value: mebi(first.heapBytes), unit: 'MiB' },
    { figure: `${what}: heap after day ${days} / after the first`, value: growth, unit: 'x' },
  ];
}

/**
 * How much faster than real time the local AWS lives a busy day with 100 instances and 1,000 tasks, alone and with the
 * steward in it, and how its memory grows in a week.
 */
export async function simulator(onProgress: (text: string) => void): Promise<Row[]> {
  onProgress('sls package');
  await packageService();
  const alone = await measured('alone', new Account(options), onProgress);
  const account = await accountWithSteward(options);
  const withSteward = await measured('with the steward', account, onProgress);
  if (!hasHook(account, name))
    throw new Error(`expected the hook of the steward on the group ${name}, got none`);
  return [...alone, ...withSteward];
}
