import { Agenda } from '../agenda.ts';
import type { Machine, Outcome } from '../machine.ts';
import {
  type Instance,
  type InstanceState,
  type InterruptionAction,
  instanceTypes,
  isInstanceType,
  type LaunchTemplate,
  type Start,
  type StatusCheck,
} from './instance.ts';

const pendingMs = 10_000;
const shuttingDownMs = 30_000;
const stoppingMs = 20_000;
/** From the warning of a Spot interruption to the end of the instance (D-3.19). */
const interruptionMs = 120_000;
/** Terminated instances can be described for about an hour, in an account that forgets. */
const forgottenAfterMs = 3_600_000;

/**
 * EC2 instances: launched by Auto Scaling, stopped, started and terminated by whoever asks, with the ECS agent as the
 * only thing that runs on them.
 */
export class Ec2 implements Machine {
  private readonly region: string;
  private readonly accountId: string;
  private readonly forgets: boolean;
  private readonly templates = new Map<string, LaunchTemplate>();
  private readonly instances = new Map<string, Instance>();
  private readonly agenda = new Agenda<(now: number) => Outcome[]>();

  constructor(options: { region: string; accountId: string; forgets?: boolean }) {
    this.forgets = options.forgets ?? false;
    this.region = options.region;
    this.accountId = options.accountId;
  }

  get nextAt(): number | undefined {
    return this.agenda.nextAt;
  }

  get busyAt(): number | undefined {
    return this.agenda.busyAt;
  }

  advance(now: number): Outcome[] {
    const outcomes: Outcome[] = [];
    for (let due = this.agenda.take(now); due; due = this.agenda.take(now))
      outcomes.push(...due.value(due.time));
    return outcomes;
  }

  /** Creates or replaces a launch template. */
  putLaunchTemplate(template: LaunchTemplate): void {
    this.templates.set(template.launchTemplateName, template);
  }

  hasLaunchTemplate(name: string): boolean {
    return this.templates.has(name);
  }

  /** The launch template of that name. Throws when there is none. */
  launchTemplate(name: string): LaunchTemplate {
    const template = this.templates.get(name);
    if (!template) throw new Error(`No such launch template: ${name}`);
    return template;
  }

  /** What an instance of that launch template registers with; undefined: there is none of that name. */
  sizeOf(launchTemplateName: string): { readonly cpu: number; readonly memoryMib: number } | undefined {
    const template = this.templates.get(launchTemplateName);
    return template && instanceTypes[template.instanceType];
  }

  /** The instance as it is now; terminated ones stay known. Throws on an id that never was. */
  instance(instanceId: string): Instance {
    const instance = this.find(instanceId);
    if (!instance) throw new Error(`No such instance: ${instanceId}`);
    return instance;
  }

  /** The same; undefined where no such instance is known. */
  find(instanceId: string): Instance | undefined {
    return this.instances.get(instanceId);
  }

  /** What the agent of an instance says of itself when it registers with ECS. */
  registration(instanceId: string) {
    const { template, availabilityZone } = this.instance(instanceId);
    const { clusterName, instanceType, agentVersion, trunkFailure, downloadSeconds, updateFailsIn } =
      template;
    return {
      clusterName,
      ec2InstanceId: instanceId,
      instanceType,
      availabilityZone,
      ...instanceTypes[instanceType],
      ...(agentVersion !== undefined && { image: { agentVersion, agentHash: '0a1b2c3d' } }),
      fate: {
        ...(trunkFailure !== undefined && { trunkFailure }),
        ...(downloadSeconds !== undefined && { downloadSeconds }),
        ...(updateFailsIn !== undefined && { updateFailsIn }),
      },
    };
  }

  /** Every instance there is or was. */
  all(): readonly Instance[] {
    return [...this.instances.values()];
  }

  /** Launches an instance. */
  launch(
    now: number,
    order: Start & {
      launchTemplateName: string;
      availabilityZone: string;
      instanceType?: string;
      isSpot?: boolean;
    },
  ): Outcome[] {
    const { instanceId, availabilityZone, agentDelayMs, isSpot = false } = order;
    const named = this.launchTemplate(order.launchTemplateName);
    const { instanceType = named.instanceType } = order;
    if (!isInstanceType(instanceType)) throw new Error(`No such instance type: ${instanceType}`);
    const template = instanceType === named.instanceType ? named : { ...named, instanceType };
    const bought = isSpot ? ({ instanceLifecycle: 'spot' } as const) : {};
    const instance = {
      instanceId,
      template,
      availabilityZone,
      ...bought,
      state: 'pending',
      startedAt: now,
    } as const;
    return this.boot(now, instance, agentDelayMs);
  }

  /** Starts a stopped instance, which boots as at its launch; any other stays what it is, and what Spot has stopped. */
  start(now: number, order: Start): Outcome[] {
    const { state, interruption } = this.instance(order.instanceId);
    return state === 'stopped' && !interruption?.hasStopped ? this.restart(now, order) : [];
  }

  /**
   * Spot has capacity for an instance again that it stopped or hibernated, which only EC2 may start; any other stays what it is.
   * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/interruption-behavior.html
   */
  spotReturns(now: number, order: Start): Outcome[] {
    const { state, interruption } = this.instance(order.instanceId);
    if (!interruption?.hasStopped) return [];
    if (state === 'stopped') return this.restart(now, order);
    if (state === 'stopping') this.agenda.add(now + stoppingMs, (then) => this.spotReturns(then, order));
    return [];
  }

  /** Stops a running instance: its containers end now, it is stopped after some seconds. Any other stays what it is. */
  stop(now: number, instanceId: string): Outcome[] {
    if (this.instance(instanceId).state !== 'running') return [];
    this.agenda.add(now + stoppingMs, () => {
      if (this.instance(instanceId).state !== 'stopping') return [];
      return [this.become(instanceId, 'stopped'), { kind: 'instance-stopped', instanceId }];
    });
    return [this.become(instanceId, 'stopping'), { kind: 'instance-stopping', instanceId }];
  }

  /** Gives a running instance a new root volume: its containers end now, and its agent begins anew (D-1.25). */
  replaceRootVolume(now: number, instanceId: string, milliseconds: number): Outcome[] {
    const { template, state } = this.instance(instanceId);
    if (state !== 'running') return [];
    if (template.agentSeconds !== undefined)
      this.agenda.add(now + milliseconds, () =>
        this.instance(instanceId).state === 'running' ? [{ kind: 'root-volume-replaced', instanceId }] : [],
      );
    return [{ kind: 'instance-rebooting', instanceId }];
  }

  /**
   * Spot takes an instance back: the warning now, and two minutes later the end, whatever anybody does; hibernation begins
   * with the warning (D-1.29, D-3.19, D-7.1). An agent that drains its instance by itself sees it (D-7.2).
   */
  interrupt(now: number, instanceId: string, action: InterruptionAction = 'terminate'): Outcome[] {
    const interruption = { action, at: now };
    this.instances.set(instanceId, { ...this.instance(instanceId), interruption });
    const warning = this.event(instanceId, 'EC2 Spot Instance Interruption Warning', {
      'instance-action': action,
    });
    if (action === 'hibernate') return [warning, ...this.stopForSpot(now, instanceId)];
    this.agenda.add(now + interruptionMs, (then) => {
      if (action === 'terminate') return this.terminate(then, instanceId);
      const isSame = this.instance(instanceId).interruption === interruption;
      return isSame ? this.stopForSpot(then, instanceId) : [];
    });
    return [warning, ...this.notice(instanceId)];
  }

  /** Spot warns early that it may take an instance back (D-1.30). */
  recommendRebalance(instanceId: string): Outcome[] {
    return [this.event(instanceId, 'EC2 Instance Rebalance Recommendation', {})];
  }

  /** A status check of a running instance fails from now on (D-13.62), until it passes or the instance is started again. */
  impair(instanceId: string, check: StatusCheck): Outcome[] {
    const instance = this.instance(instanceId);
    if (instance.state !== 'running') return [];
    this.instances.set(instanceId, { ...instance, impairment: check });
    return instance.impairment ? [] : [{ kind: 'instance-impaired', instanceId }];
  }

  /** The status checks of an instance pass again. */
  recover(instanceId: string): Outcome[] {
    const { impairment, ...sound } = this.instance(instanceId);
    this.instances.set(instanceId, sound);
    return impairment ? [{ kind: 'instance-recovered', instanceId }] : [];
  }

  /** Terminates an instance, whoever asks: its containers are cut off now, it is gone after half a minute. */
  terminate(now: number, instanceId: string): Outcome[] {
    if (this.isEnding(instanceId)) return [];
    const forget = () => {
      this.instances.delete(instanceId);
      return [];
    };
    this.agenda.add(now + shuttingDownMs, (then) => {
      if (this.forgets) this.agenda.addRoutine(then + forgottenAfterMs, forget);
      return [this.become(instanceId, 'terminated'), { kind: 'instance-terminated', instanceId }];
    });
    return [this.become(instanceId, 'shutting-down'), { kind: 'instance-shutting-down', instanceId }];
  }

  private boot(now: number, instance: Instance, agentDelayMs: number): Outcome[] {
    const { instanceId, template } = instance;
    this.instances.set(instanceId, instance);
    const isSameBoot = () => this.instances.get(instanceId)?.startedAt === now;
    this.agenda.add(now + pendingMs, () => (isSameBoot() ? this.becomeRunning(instanceId) : []));
    if (template.agentSeconds !== undefined) {
      const readyAt = now + Math.max(pendingMs, template.agentSeconds * 1000) + agentDelayMs;
      this.agenda.add(readyAt, () => (isSameBoot() ? this.agentReady(instanceId) : []));
    }
    return [this.stateChange(instanceId, 'pending')];
  }

  private restart(now: number, order: Start): Outcome[] {
    const instance = this.instance(order.instanceId);
    const interruption = instance.interruption?.action === 'terminate' ? instance.interruption : undefined;
    const { impairment, ...sound } = instance;
    const starting = { ...sound, state: 'pending', startedAt: now, interruption } as const;
    return this.boot(now, starting, order.agentDelayMs);
  }

  private stopForSpot(now: number, instanceId: string): Outcome[] {
    const instance = this.instance(instanceId);
    const { interruption, state } = instance;
    if (!interruption || state !== 'running') return [];
    this.instances.set(instanceId, { ...instance, interruption: { ...interruption, hasStopped: true } });
    return this.stop(now, instanceId);
  }

  private isEnding(instanceId: string): boolean {
    return ['shutting-down', 'terminated'].includes(this.instance(instanceId).state);
  }

  private becomeRunning(instanceId: string): Outcome[] {
    if (this.instance(instanceId).state !== 'pending') return [];
    return [this.become(instanceId, 'running'), { kind: 'instance-running', instanceId }];
  }

  private agentReady(instanceId: string): Outcome[] {
    if (this.instance(instanceId).state !== 'running') return [];
    return [{ kind: 'agent-ready', instanceId }, ...this.notice(instanceId)];
  }

  /** What an agent that drains its instance by itself sees of Spot. */
  private notice(instanceId: string): Outcome[] {
    const { template, interruption } = this.instance(instanceId);
    return template.spotInstanceDraining && interruption ? [{ kind: 'spot-notice', instanceId }] : [];
  }

  private become(instanceId: string, state: InstanceState): Outcome {
    this.instances.set(instanceId, { ...this.instance(instanceId), state });
    return this.stateChange(instanceId, state);
  }

  /** `EC2 Instance State-change Notification` (D-1.31, D-1.32). */
  private stateChange(instanceId: string, state: InstanceState): Outcome {
    return this.event(instanceId, 'EC2 Instance State-change Notification', { state });
  }

  private event(instanceId: string, detailType: string, detail: Record<string, string>): Outcome {
    const resources = [`arn:aws:ec2:${this.region}:${this.accountId}:instance/${instanceId}`];
    const source = 'aws.ec2';
    return {
      kind: 'event',
      event: { source, detailType, resources, detail: { 'instance-id': instanceId, ...detail } },
    };
  }
}
