import { clusterOf } from '../arn.ts';
import { type Input, invalid, requiredText, structures, text, whole } from '../input.ts';
import type { TaskRecord } from '../records.ts';
import type { Operations, Request } from './operation.ts';

/** What ECS says to an agent. */
const acknowledged = { acknowledgment: 'ACK' };

/** What agents report of tasks and containers; an agent of one's own may, too (D-1.14). */
export const reportOperations: Operations = {
  SubmitTaskStateChange: {
    answer(request) {
      const { now, input, tasks } = request;
      const { taskArn } = reported(request);
      const status = requiredText(input, 'status');
      const stoppedReason = text(input, 'reason');
      for (const container of structures(input, 'containers'))
        tasks.containerReported(now, taskArn, containerReport(container));
      tasks.reported(now, taskArn, status, stoppedReason);
      return acknowledged;
    },
  },
  SubmitContainerStateChange: {
    answer(request) {
      const { now, input, tasks } = request;
      const { taskArn, containers } = reported(request);
      const report = containerReport(input);
      if (!containers.some(({ name }) => name === report.name))
        throw invalid(`containerName: the task has no container "${report.name}".`);
      tasks.containerReported(now, taskArn, report);
      return acknowledged;
    },
  },
};

function reported({ input, state }: Request): TaskRecord {
  const { clusterArn } = state.cluster(clusterOf(input));
  const task = state.taskIn(clusterArn, requiredText(input, 'task'));
  if (!task) throw invalid('The referenced task was not found.');
  return task;
}

const containerReport = (input: Input) => ({
  name: requiredText(input, 'containerName'),
  status: text(input, 'status'),
  exitCode: whole(input, 'exitCode', 0, 255),
  runtimeId: text(input, 'runtimeId'),
  reason: text(input, 'reason', /^.{0,255}$/s),
});
