/** What a launch template decides about an instance, as far as ECS and Auto Scaling notice it. */
export interface LaunchTemplate {
  readonly launchTemplateName: string;
  readonly instanceType: keyof typeof instanceTypes;
  /** `ECS_CLUSTER` in the agent's configuration. */
  readonly clusterName: string;
  /** From the launch to a running agent that registers; undefined: the agent never comes up. */
  readonly agentSeconds?: number | undefined;
  /** The agent of its image; usually the newest. */
  readonly agentVersion?: string | undefined;
  /** `ECS_ENABLE_SPOT_INSTANCE_DRAINING` in the agent's configuration, off unless it is said (D-7.2). */
  readonly spotInstanceDraining?: boolean | undefined;
  /** What befalls its instances in ECS: why their trunk interface cannot be made (D-2.2). */
  readonly trunkFailure?: string | undefined;
  /** How long their agent downloads an update, and where that fails (D-8.5, D-8.8). */
  readonly downloadSeconds?: number | undefined;
  readonly updateFailsIn?: 'STAGING' | 'UPDATING' | undefined;
}

/** What Spot does to an instance that it takes back (D-1.29). */
export type InterruptionAction = 'terminate' | 'stop' | 'hibernate';

/** EC2's status checks: of what the instance runs on, and of the instance itself. */
export const statusChecks = ['system', 'instance'] as const;

export type StatusCheck = (typeof statusChecks)[number];

/** EC2's states of an instance (D-1.31). */
export type InstanceState = 'pending' | 'running' | 'stopping' | 'stopped' | 'shutting-down' | 'terminated';

/** One EC2 instance. */
export interface Instance {
  readonly instanceId: string;
  readonly template: LaunchTemplate;
  readonly availabilityZone: string;
  /** Bought on the Spot market: its InstanceLifecycle (DescribeInstances), which On-Demand ones do not have. */
  readonly instanceLifecycle?: 'spot' | undefined;
  readonly state: InstanceState;
  /** When it was launched, or last started. */
  readonly startedAt: number;
  /** What Spot has announced, and whether it has stopped the instance by now; until the instance is started again. */
  readonly interruption?:
    | { readonly action: InterruptionAction; readonly at: number; readonly hasStopped?: true }
    | undefined;
  /** The status check that fails. */
  readonly impairment?: StatusCheck;
}

/** An instance that is to start; its agent comes up so much later than the template says (differences in boot time). */
export interface Start {
  readonly instanceId: string;
  readonly agentDelayMs: number;
}

/** CPU units and memory that the ECS agent registers for an instance type (1,024 units are one vCPU). */
export const instanceTypes = {
  't3.medium': { cpu: 2048, memoryMib: 3884 },
  'c5.large': { cpu: 2048, memoryMib: 3708 },
  'm5.large': { cpu: 2048, memoryMib: 7680 },
  'm6i.large': { cpu: 2048, memoryMib: 7680 },
  'm6i.xlarge': { cpu: 4096, memoryMib: 15_680 },
} as const;

/** What EC2 offers with each type; of the memory, the agent registers what the machine leaves of whole gibibytes. */
export const offeredTypes = Object.entries(instanceTypes).map(([name, { cpu, memoryMib }]) => ({
  name,
  vCpus: cpu / 1024,
  memoryMib: Math.ceil(memoryMib / 1024) * 1024,
}));

/** EC2 here has instances of that type. */
export const isInstanceType = (name: string): name is keyof typeof instanceTypes => name in instanceTypes;
