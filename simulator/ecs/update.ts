import { Fault } from '../machine.ts';
import type { Agents } from './agents.ts';
import { invalid } from './input.ts';
import type { Instances } from './instances.ts';
import type { ContainerInstanceRecord, VersionInfo } from './records.ts';
import type { State } from './state.ts';

/** D-8.4. */
export type AgentUpdateStatus = 'PENDING' | 'STAGING' | 'STAGED' | 'UPDATING' | 'UPDATED' | 'FAILED';

/** The agent that an update installs, and that an instance has when nothing else is said (D-8.11). */
export const newestAgent = {
  agentVersion: '1.105.1',
  agentHash: '8dfceca6',
  dockerVersion: 'DockerVersion: 25.0.14',
} as const satisfies VersionInfo;

/** How long the stages take where nothing else is said (our choice; in practice 1 to 3 minutes, D-8.10). */
const orderMs = 1_000;
const downloadSeconds = 20;
const verifyMs = 2_000;
const restartMs = 8_000;
/** D-8.8. */
const downloadSecondsMax = 900;

const underWay: readonly (AgentUpdateStatus | undefined)[] = ['PENDING', 'STAGING', 'STAGED', 'UPDATING'];

/**
 * Updates of agents, step by step: PENDING, STAGING, STAGED, UPDATING, UPDATED, or FAILED (D-8.4, D-8.5). Steps that
 * need the agent wait while it is disconnected (D-8.6, D-10.8). No stage has an event of its own, only what it does to
 * the connection and the version (D-1.13, D-8.9).
 */
export class Updates {
  private readonly state: State;
  private readonly agents: Agents;
  private readonly instances: Instances;

  constructor(state: State, agents: Agents, instances: Instances) {
    this.state = state;
    this.agents = agents;
    this.instances = instances;
  }

  /** Begins an update. Throws what UpdateContainerAgent answers when there is nothing to begin (D-8.3, D-8.6). */
  begin(now: number, instance: ContainerInstanceRecord): void {
    mayUpdate(instance);
    const { containerInstanceArn: arn } = instance;
    this.note(now, arn, 'PENDING');
    this.later(now, arn, orderMs, (then) => this.stage(then, arn));
  }

  /** The agent downloads; what takes too long or is broken ends the update (D-8.5, D-8.8). */
  private stage(now: number, arn: string): void {
    this.note(now, arn, 'STAGING');
    const { fate } = this.state.instance(arn);
    const seconds = fate.downloadSeconds ?? downloadSeconds;
    const fails = fate.updateFailsIn === 'STAGING' || seconds > downloadSecondsMax;
    this.later(now, arn, Math.min(seconds, downloadSecondsMax) * 1000, (then) => {
      this.note(then, arn, fails ? 'FAILED' : 'STAGED');
      if (!fails) this.later(then, arn, verifyMs, (ready) => this.restart(ready, arn));
    });
  }

  /** The agent ends and comes back, its containers run on (D-8.1); it reports a new version or the old one. */
  private restart(now: number, arn: string): void {
    this.note(now, arn, 'UPDATING');
    this.instances.setConnected(now, this.state.instance(arn), false);
    this.state.after(now, restartMs, (then) => {
      const instance = this.state.instances.get(arn);
      if (!instance || instance.ec2TerminatedAt !== undefined) return;
      const { isCutOff, ec2StoppedAt } = instance;
      // An agent that cannot come back stays UPDATING until it can.
      if (isCutOff || ec2StoppedAt !== undefined) this.agents.pass(then, arn, (back) => this.end(back, arn));
      else this.end(then, arn);
    });
  }

  /** The agent is there again: a new one by its version, which has an event (D-1.10h), or the old one. */
  private end(now: number, arn: string): void {
    const instance = this.state.instance(arn);
    if (instance.agentUpdateStatus !== 'UPDATING') return;
    const fails = instance.fate.updateFailsIn === 'UPDATING';
    const { agentVersion, agentHash } = newestAgent;
    const updated: ContainerInstanceRecord = {
      ...instance,
      agentUpdateStatus: fails ? 'FAILED' : 'UPDATED',
      versionInfo: fails ? instance.versionInfo : { ...instance.versionInfo, agentVersion, agentHash },
    };
    this.state.putInstance(now, updated, { event: instance.agentConnected && !fails });
    this.instances.setConnected(now, this.state.instance(arn), true);
  }

  /** Does a step of an update that is still wanted, when the agent is there to do it. */
  private later(now: number, arn: string, milliseconds: number, step: (now: number) => void): void {
    this.state.after(now, milliseconds, (then) => this.agents.pass(then, arn, step));
  }

  private note(now: number, arn: string, agentUpdateStatus: AgentUpdateStatus): void {
    this.state.putInstance(now, { ...this.state.instance(arn), agentUpdateStatus }, { event: false });
  }
}

function mayUpdate({
  agentUpdateStatus,
  agentAttributes,
  versionInfo,
  hosting,
}: ContainerInstanceRecord): void {
  // D-14.50.
  if (hosting === 'EXTERNAL')
    throw invalid('containerInstance: expected one of EC2, the agents of external ones cannot be updated.');
  if (underWay.includes(agentUpdateStatus))
    throw new Fault(
      'UpdateInProgressException',
      'There is already a container agent update in progress on this container instance.',
    );
  const attributeOf = (name: string) => agentAttributes.find((attribute) => attribute.name === name)?.value;
  if (attributeOf('ecs.os-type') === 'windows')
    throw invalid(
      'containerInstance: expected one that does not run Windows, whose agents cannot be updated.',
    );
  if (attributeOf('ecs.cpu-architecture') === 'arm64')
    throw invalid('containerInstance: expected another architecture than arm64, where ecs-init is updated.');
  const [, major] = /^(\d+)\.\d+\.\d+$/.exec(versionInfo.agentVersion ?? '') ?? [];
  if (major === undefined)
    throw new Fault(
      'MissingVersionException',
      `The version of the container agent is unknown: ${versionInfo.agentVersion ?? 'it reported none'}.`,
    );
  if (Number(major) < 1 || versionInfo.agentVersion === newestAgent.agentVersion)
    throw new Fault('NoUpdateAvailableException', 'There is no update available for your container agent.');
}
