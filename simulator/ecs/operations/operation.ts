import type { Call } from '../../machine.ts';
import type { Connections } from '../connections.ts';
import type { Input } from '../input.ts';
import type { Instances } from '../instances.ts';
import type { ManagedDraining } from '../managed-draining.ts';
import type { ManagedInstances } from '../managed-instances.ts';
import type { ManagedScaling } from '../managed-scaling.ts';
import type { Mishaps } from '../mishaps.ts';
import type { PartialFaults } from '../partial-failures.ts';
import type { Placer } from '../placer.ts';
import type { Scheduler } from '../scheduler.ts';
import type { State } from '../state.ts';
import type { Tasks } from '../tasks.ts';
import type { Updates } from '../update.ts';

/** What an operation works with. */
export interface Rooms {
  readonly state: State;
  readonly tasks: Tasks;
  readonly instances: Instances;
  readonly connections: Connections;
  readonly scheduler: Scheduler;
  readonly mishaps: Mishaps;
  readonly placer: Placer;
  readonly updates: Updates;
  readonly scaling: ManagedScaling;
  readonly draining: ManagedDraining;
  readonly managed: ManagedInstances;
  readonly partialFaults: PartialFaults;
}

/** One call of an operation. */
export interface Request extends Rooms {
  readonly operation: string;
  readonly now: number;
  readonly input: Input;
  readonly caller: Call['caller'];
  /** Reads answer from the state at this time. */
  readonly viewAt: number;
}

/** An operation: the reply of one call, and the table whose view it reads (undefined: it writes). Throws Fault. */
export interface Operation {
  readonly reads?:
    | 'account-settings'
    | 'capacity-providers'
    | 'clusters'
    | 'container-instances'
    | 'services'
    | 'task-definitions'
    | 'tasks';
  answer(request: Request): Record<string, unknown>;
}

/** Operations by name. */
export type Operations = Readonly<Record<string, Operation>>;
