import { clusterOf } from '../arn.ts';
import { flag, ids, invalid, whole } from '../input.ts';
import type { TaskRecord } from '../records.ts';
import type { State } from '../state.ts';
import type { Operations, Request } from './operation.ts';

/** D-5.14. */
const updatesMax = 10;
const describesMax = 100;
/** Minutes (D-2.36). */
const usualMinutes = 120;
const minutesMax = 2_880;

interface Failure {
  readonly arn: string;
  readonly reason: 'MISSING' | 'TASK_NOT_VALID' | 'DEPLOYMENT_BLOCKED';
  readonly detail?: string;
}

/** Task scale-in protection (D-2.36, D-2.37). */
export const protectionOperations: Operations = {
  UpdateTaskProtection: {
    answer(request) {
      const { now, input, state, scheduler } = request;
      const protectionEnabled = flag(input, 'protectionEnabled');
      if (protectionEnabled === undefined) throw invalid('protectionEnabled can not be blank.');
      const minutes = whole(input, 'expiresInMinutes', 1, minutesMax);
      if (!protectionEnabled && minutes !== undefined)
        throw invalid('expiresInMinutes: only possible when protectionEnabled is true.');
      const { found, failures } = look(request, updatesMax);
      const blocked = found.filter((task) => protectionEnabled && isBlocked(state, now, task));
      const changed = found.filter((task) => !blocked.includes(task));
      const until = now + (minutes ?? usualMinutes) * 60_000;
      const protectedUntil = protectionEnabled ? until : undefined;
      for (const task of changed) {
        state.noteTask(now, { ...task, protectedUntil });
        const { serviceArn } = task;
        if (serviceArn === undefined) continue;
        scheduler.touch(now, serviceArn);
        if (protectedUntil !== undefined)
          state.after(now, protectedUntil - now, (then) => scheduler.touch(then, serviceArn));
      }
      return {
        protectedTasks: changed.map(({ taskArn }) => protectionShape(state.task(taskArn), now)),
        failures: [
          ...failures,
          ...blocked.map(({ taskArn }) => ({
            arn: taskArn,
            reason: 'DEPLOYMENT_BLOCKED',
            detail: 'Protected tasks keep the deployment of the service from its steady state.',
          })),
        ],
      };
    },
  },
  GetTaskProtection: {
    reads: 'tasks',
    answer(request) {
      const { found, failures } = look(request, describesMax, request.viewAt);
      return { protectedTasks: found.map((task) => protectionShape(task, request.viewAt)), failures };
    },
  },
};

/** Tasks of services; standalone and stopped ones are TASK_NOT_VALID, unknown ones MISSING (D-9.60). */
function look({ input, state }: Request, max: number, at?: number) {
  const { clusterArn } = state.cluster(clusterOf(input));
  const asked = [...new Set(ids(input, 'tasks', max, 'Tasks').map((id) => state.arns.task(clusterArn, id)))];
  const found: TaskRecord[] = [];
  const failures: Failure[] = [];
  for (const arn of asked) {
    const task = state.taskIn(clusterArn, arn, at);
    if (!task) failures.push({ arn, reason: 'MISSING' });
    else if (task.serviceArn === undefined)
      failures.push({ arn, reason: 'TASK_NOT_VALID', detail: 'The task does not belong to a service.' });
    else if (task.desiredStatus === 'STOPPED')
      failures.push({ arn, reason: 'TASK_NOT_VALID', detail: 'The task is stopped or being stopped.' });
    else found.push(task);
  }
  return { found, failures };
}

/** The new deployment has all its tasks, and what is left of older ones is protected (D-2.37). */
function isBlocked(state: State, now: number, { serviceArn }: TaskRecord): boolean {
  const service = serviceArn === undefined ? undefined : state.services.get(serviceArn);
  if (!service || service.deployments.length < 2) return false;
  const primary = service.deployments[0]?.id;
  const wanted = state.tasksOf(service.serviceArn).filter(({ desiredStatus }) => desiredStatus === 'RUNNING');
  const isUp = ({ startedBy, healthyAt }: TaskRecord) =>
    startedBy === primary && healthyAt !== undefined && healthyAt <= now;
  const left = wanted.filter(({ startedBy }) => startedBy !== primary);
  const areKept = left.length > 0 && left.every((task) => (task.protectedUntil ?? 0) > now);
  return areKept && wanted.filter(isUp).length >= service.desiredCount;
}

function protectionShape({ taskArn, protectedUntil }: TaskRecord, at: number): Record<string, unknown> {
  if (protectedUntil === undefined || protectedUntil <= at) return { taskArn, protectionEnabled: false };
  return { taskArn, protectionEnabled: true, expirationDate: new Date(protectedUntil) };
}
