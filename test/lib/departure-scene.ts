import {
  type Departure,
  type DepartureDecision,
  decideDeparture,
  type Registration,
} from '../../lib/departure.ts';
import type { OnDeadline } from '../../lib/policy.ts';
import type { Task } from '../../lib/task.ts';
import { arn, at, departure, noon, registration } from './fixtures.ts';

/** The decision to release. */
export const release = (why: string) => ({ kind: 'release', why });
/** The decision to keep the instance. */
export const retain = (why: string) => ({ kind: 'retain', why });
/** The decision to wait. */
export const wait = (why: string) => ({ kind: 'wait', why });
/** The decision to stop these tasks. */
export const stopTasks = (why: string, ...taskArns: string[]) => ({ kind: 'stop-tasks', why, taskArns });
/** The decision to drain these container instances. */
export const startDraining = (...containerInstanceArns: string[]) => ({
  kind: 'start-draining',
  containerInstanceArns,
});

/** Deadline passed so many seconds ago; negative: yet to come. */
export const late = (seconds: number, onDeadline: OnDeadline = 'stop-tasks'): Partial<Departure> => ({
  deadline: { at: at(-seconds), onDeadline },
});
/** The hook ends in so many seconds. */
export const hookEndsIn = (seconds: number): Partial<Departure> => ({ hookEndsAt: at(seconds) });

/** A case of the table: the departure, its registrations, its tasks, and what is decided. */
export interface Row {
  readonly when: string;
  readonly is: Partial<Departure>;
  readonly has: readonly Partial<Registration>[];
  readonly runs: readonly Task[] | undefined;
  readonly gives: unknown;
}

/** Decides about a case at noon. */
export const decide = ({ is, has, runs }: Row): DepartureDecision =>
  decideDeparture(departure(is), has.map(registration), runs, noon);

/** The ARN of a second registration. */
export const other = `${arn}2`;
