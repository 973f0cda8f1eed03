import { isReachable, newestOf } from './agents.ts';
import { type Instances, isThere, type Registration } from './instances.ts';
import type { ContainerInstanceRecord } from './records.ts';
import type { State } from './state.ts';

/** How often an agent asks whether Spot takes its instance back (D-7.2). */
const spotPollMs = 1_000;

/**
 * What becomes of agents between registration and end: they lose their connection for a moment or for good, forget what
 * they were, and drain their instance by themselves. Of several registrations the newest is the agent's (D-2.8).
 */
export class Connections {
  private readonly state: State;
  private readonly instances: Instances;

  constructor(state: State, instances: Instances) {
    this.state = state;
    this.instances = instances;
  }

  /** The agent connects, or disconnects until it is told otherwise (D-1.10g); on connecting it catches up (D-2.44). */
  connect(now: number, ec2InstanceId: string, connected: boolean): void {
    const newest = this.newest(ec2InstanceId);
    if (!newest) return;
    const { containerInstanceArn: arn } = newest;
    this.state.putInstance(now, { ...newest, isCutOff: !connected }, { event: false });
    this.instances.setConnected(now, this.state.instance(arn), connected);
  }

  /** The agent reconnects, as it does in normal operation (D-1.10g): it is away for so many milliseconds. */
  reconnect(now: number, ec2InstanceId: string, milliseconds: number): void {
    const newest = this.newest(ec2InstanceId);
    if (!newest || !isReachable(newest) || !isThere(newest)) return;
    this.instances.setConnected(now, newest, false);
    this.state.after(now, milliseconds, (then) => this.comeBack(then, newest.containerInstanceArn));
  }

  /** An agent that restarts without its state registers its instance a second time (D-2.8), its version being the same. */
  forget(now: number, registration: Registration): void {
    const versionInfo = this.newest(registration.ec2InstanceId)?.versionInfo;
    this.instances.enrol(now, { ...registration, ...(versionInfo && { versionInfo }) });
  }

  /** Spot takes the instance back, and its agent is one that sets it to DRAINING then, as soon as it can (D-7.2). */
  noticeSpot(now: number, ec2InstanceId: string): void {
    this.state.after(now, spotPollMs, (then) => {
      const newest = this.newest(ec2InstanceId);
      if (!newest || newest.ec2StoppedAt !== undefined || newest.ec2TerminatedAt !== undefined) return;
      if (newest.status === 'DRAINING') return;
      if (newest.status === 'ACTIVE' && isReachable(newest))
        this.instances.setState(then, newest.containerInstanceArn, 'DRAINING');
      else this.noticeSpot(then, ec2InstanceId);
    });
  }

  /** The container runtime of an instance is impaired, or well again: no event tells of it (D-9.9, D-1.13). */
  setRuntime(now: number, ec2InstanceId: string, status: 'OK' | 'IMPAIRED'): void {
    const newest = this.newest(ec2InstanceId);
    if (!newest || newest.runtime.status === status) return;
    this.state.putInstance(now, { ...newest, runtime: { status, since: now } }, { event: false });
  }

  private comeBack(now: number, containerInstanceArn: string): void {
    const instance = this.state.instances.get(containerInstanceArn);
    if (!instance || instance.isCutOff || instance.ec2StoppedAt !== undefined) return;
    if (this.newest(instance.ec2InstanceId)?.containerInstanceArn !== containerInstanceArn) return;
    this.instances.setConnected(now, instance, true);
  }

  private newest(ec2InstanceId: string): ContainerInstanceRecord | undefined {
    return newestOf(this.state.registrationsOf(ec2InstanceId));
  }
}
