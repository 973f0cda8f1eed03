import type { LifecycleState } from '@aws-sdk/client-auto-scaling';
import type { Instance, LifecycleTransition } from './state.ts';

/** A place between which instances move, as the events call it (D-1.23). */
export type Place = 'EC2' | 'AutoScalingGroup' | 'WarmPool';

/** One way of an instance from place to place through the states (D-3.1), and the transition whose hooks may hold it. */
export interface Passage {
  readonly transition: LifecycleTransition;
  /** The state on the way; `:Wait` and `:Proceed` are added while hooks hold it and after they let go. */
  readonly state: 'Pending' | 'Terminating' | 'ReplacingRootVolume' | 'Warmed:Pending' | 'Warmed:Terminating';
  readonly Origin: Place;
  readonly Destination: Place;
  readonly Action?: 'ReplaceRootVolume';
}

const launching = 'autoscaling:EC2_INSTANCE_LAUNCHING';
const terminating = 'autoscaling:EC2_INSTANCE_TERMINATING';

/** Every way there is (D-3.2, D-3.28, D-1.25). */
export const passages = {
  launch: { transition: launching, state: 'Pending', Origin: 'EC2', Destination: 'AutoScalingGroup' },
  terminate: {
    transition: terminating,
    state: 'Terminating',
    Origin: 'AutoScalingGroup',
    Destination: 'EC2',
  },
  warm: { transition: launching, state: 'Warmed:Pending', Origin: 'EC2', Destination: 'WarmPool' },
  'warm-start': {
    transition: launching,
    state: 'Pending',
    Origin: 'WarmPool',
    Destination: 'AutoScalingGroup',
  },
  return: {
    transition: terminating,
    state: 'Warmed:Pending',
    Origin: 'AutoScalingGroup',
    Destination: 'WarmPool',
  },
  'warm-terminate': {
    transition: terminating,
    state: 'Warmed:Terminating',
    Origin: 'WarmPool',
    Destination: 'EC2',
  },
  'volume-out': {
    transition: terminating,
    state: 'ReplacingRootVolume',
    Origin: 'AutoScalingGroup',
    Destination: 'AutoScalingGroup',
    Action: 'ReplaceRootVolume',
  },
  'volume-in': {
    transition: launching,
    state: 'Pending',
    Origin: 'AutoScalingGroup',
    Destination: 'AutoScalingGroup',
    Action: 'ReplaceRootVolume',
  },
} as const satisfies Record<string, Passage>;

export type PassageName = keyof typeof passages;

/** The instance stands in the warm pool, or is on its way into it or out of it to EC2. */
export const isWarm = ({ state }: Instance) => state.startsWith('Warmed:');

/** The instance is on its way out. */
export const isLeaving = ({ state }: Instance) => /^(Warmed:)?Terminating/.test(state) || isRetained(state);

/** Kept after an abandoned termination hook until it is terminated by name (D-3.14). */
export const isRetained = (state: LifecycleState) => state.endsWith(':Retained');

/** The instance is in the warm pool and ready to be taken. */
export const isReady = ({ state }: Instance) =>
  state === 'Warmed:Stopped' || state === 'Warmed:Running' || state === 'Warmed:Hibernated';

/** The instance is aside from the group's work: it fills no place of the desired capacity. */
export const isAside = ({ state }: Instance) =>
  state === 'EnteringStandby' || state === 'Standby' || state === 'Detaching';
