/** The AWS services that answer calls. */
export type ServiceName =
  | 'ecs'
  | 'autoscaling'
  | 'sqs'
  | 'events'
  | 'cloudformation'
  | 's3'
  | 'sts'
  | 'lambda'
  | 'logs'
  | 'ecr'
  | 'ssm';

/** Who makes a call. Reads of one `client` never go back in time for the same kind of resource. */
export interface Caller {
  readonly principalArn: string;
  readonly client: string;
}

/** One API call as a service sees it; `input` has the member names of the service model, times as Date. */
export interface Call {
  readonly operation: string;
  readonly input: Record<string, unknown>;
  readonly caller: Caller;
  /** Reads answer from the state at this time (milliseconds, at most `now`); writes ignore it. */
  readonly viewAt: number;
}

/** An error as AWS answers it; `code` is the code on the wire. */
export class Fault extends Error {
  readonly code: string;
  readonly status: number;

  constructor(code: string, message: string, status = 400) {
    super(message);
    this.code = code;
    this.status = status;
    this.name = 'Fault';
  }
}

/** What an AWS service hands to EventBridge; the bus adds version, id, account, time and region. */
export interface ServiceEvent {
  readonly source: string;
  readonly detailType: string;
  readonly resources: readonly string[];
  readonly detail: Record<string, unknown>;
}

/** What a machine says beside its reply: events for the bus, and orders to the other machines of the account. */
export type Outcome =
  | { readonly kind: 'event'; readonly event: ServiceEvent }
  | {
      readonly kind: 'launch-instance';
      readonly instanceId: string;
      readonly launchTemplateName: string;
      readonly availabilityZone: string;
      /** Another type than the launch template has. */
      readonly instanceType?: string;
      readonly isSpot?: boolean;
    }
  /** ECS launches an instance itself, for a provider of Managed Instances. */
  | {
      readonly kind: 'launch-managed-instance';
      readonly instanceId: string;
      readonly capacityProvider: string;
      readonly clusterName: string;
      readonly instanceType: string;
      readonly availabilityZone: string;
      readonly isSpot: boolean;
    }
  | { readonly kind: 'terminate-instance'; readonly instanceId: string }
  | { readonly kind: 'stop-instance'; readonly instanceId: string; readonly hibernates: boolean }
  | { readonly kind: 'start-instance'; readonly instanceId: string }
  | { readonly kind: 'replace-root-volume'; readonly instanceId: string; readonly milliseconds: number }
  | { readonly kind: 'instance-rebooting'; readonly instanceId: string }
  | { readonly kind: 'root-volume-replaced'; readonly instanceId: string }
  | { readonly kind: 'instance-running'; readonly instanceId: string }
  | { readonly kind: 'instance-impaired'; readonly instanceId: string }
  | { readonly kind: 'instance-recovered'; readonly instanceId: string }
  | { readonly kind: 'instance-shutting-down'; readonly instanceId: string }
  | { readonly kind: 'instance-stopping'; readonly instanceId: string }
  | { readonly kind: 'instance-stopped'; readonly instanceId: string }
  | { readonly kind: 'instance-terminated'; readonly instanceId: string }
  | { readonly kind: 'agent-ready'; readonly instanceId: string }
  | { readonly kind: 'spot-notice'; readonly instanceId: string }
  /** ECS asks Auto Scaling for something, under its service-linked role. */
  | {
      readonly kind: 'ask-autoscaling';
      readonly operation: string;
      readonly input: Readonly<Record<string, unknown>>;
    };

/** A permission that a call needs: IAM action, resource ARN ("*" where the action knows no resource), condition keys. */
export interface Need {
  readonly action: string;
  readonly resource: string;
  readonly context: Readonly<Record<string, string>>;
}

/**
 * A service of the account as a state machine. No clock and no chance inside: time comes with every call, and what
 * happens by itself happens in `advance`.
 */
export interface Machine {
  /** When something next happens by itself (milliseconds); undefined: never, unless called. */
  readonly nextAt: number | undefined;
  /** The same without routine: what repeats for ever or only tidies up. A machine that does not say has no routine. */
  readonly busyAt?: number | undefined;
  /** Lets everything happen that is due at or before `now`. */
  advance(now: number): Outcome[];
}

/** What a service answers to a call. */
export interface Applied {
  readonly reply: Record<string, unknown>;
  readonly outcomes: Outcome[];
  /** Begins what takes time: what `done` is told is the reply instead. Throws Fault. */
  readonly later?: (done: (reply: Record<string, unknown>) => void) => void;
}

/** A machine that answers API calls. */
export interface Service extends Machine {
  /** The operations that it answers. */
  readonly operationNames: readonly string[];
  /** Answers one call; throws Fault as AWS would. */
  apply(now: number, call: Call): Applied;
  /** Which table a read looks at; undefined for writes. Views of one client and table never go back in time. */
  tableRead(operation: string): string | undefined;
  /**
   * What the caller must be allowed to do; undefined: everybody may. Unknown resources give the ARN they would have.
   */
  needs(call: Call): Need[] | undefined;
}
