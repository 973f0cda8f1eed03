import type { ScalingActivityStatusCode } from '@aws-sdk/client-auto-scaling';
import type { Outcome } from '../machine.ts';
import { instanceEvent } from './events.ts';
import { type PassageName, type Place, passages } from './passage.ts';
import type { Activity, Group, State } from './state.ts';

/** What an activity does with its instance: a passage, or a step aside that no hook holds (D-3.5). */
export type ActivityKind =
  | Exclude<PassageName, 'volume-in'>
  | 'attach'
  | 'detach'
  | 'enter-standby'
  | 'exit-standby';

/** How an activity is told; those without `event` are told by none. */
const words: Readonly<Record<ActivityKind, { description: string; event?: string }>> = {
  launch: { description: 'Launching a new EC2 instance', event: 'EC2 Instance Launch' },
  warm: { description: 'Launching a new EC2 instance into warm pool', event: 'EC2 Instance Launch' },
  'warm-start': {
    description: 'Launching a new EC2 instance from warm pool',
    event: 'EC2 Instance Launch',
  },
  terminate: { description: 'Terminating EC2 instance', event: 'EC2 Instance Terminate' },
  return: { description: 'Returning EC2 instance to warm pool', event: 'EC2 Instance Terminate' },
  'warm-terminate': {
    description: 'Terminating EC2 instance from warm pool',
    event: 'EC2 Instance Terminate',
  },
  'volume-out': { description: 'Replacing root volume of EC2 instance' },
  attach: { description: 'Attaching an existing EC2 instance' },
  detach: { description: 'Detaching EC2 instance' },
  'enter-standby': { description: 'Moving EC2 instance to Standby' },
  'exit-standby': { description: 'Moving EC2 instance out of Standby' },
};

/** The scaling activities of every group, and the events that tell how they ended (D-1.27, D-3.30). */
export class Activities {
  private readonly state: State;
  private started = 0;

  constructor(state: State) {
    this.state = state;
  }

  /** Begins an activity; returns its id. */
  begin(
    now: number,
    group: Group,
    activity: {
      kind: ActivityKind;
      instanceId: string;
      availabilityZone: string;
      cause: string;
      status: ScalingActivityStatusCode;
    },
  ): string {
    const { kind, instanceId, availabilityZone, cause, status } = activity;
    const subnetId = group.subnets[availabilityZone] ?? '';
    const ActivityId = this.state.ids.uuid();
    this.state.setActivity(now, {
      described: {
        ActivityId,
        AutoScalingGroupName: group.name,
        AutoScalingGroupARN: group.arn,
        // A launch for which there was no capacity has no instance.
        Description:
          instanceId === '' ? words[kind].description : `${words[kind].description}: ${instanceId}`,
        Cause: cause,
        StartTime: new Date(now),
        StatusCode: status,
        Progress: 0,
        Details: JSON.stringify({ 'Subnet ID': subnetId, 'Availability Zone': availabilityZone }),
      },
      kind,
      instanceId,
      availabilityZone,
      subnetId,
      order: this.started++,
    });
    return ActivityId;
  }

  /** Moves an activity on. */
  update(now: number, activityId: string, status: ScalingActivityStatusCode, progress: number): void {
    const activity = this.activity(activityId);
    this.state.setActivity(now, {
      ...activity,
      described: { ...activity.described, StatusCode: status, Progress: progress },
    });
  }

  /** Ends an activity well; returns its event, if it has one. */
  succeed(now: number, activityId: string): Outcome[] {
    const activity = this.finish(now, activityId, 'Successful', undefined);
    const { event } = words[activity.kind];
    if (event === undefined) return [];
    const path: { Origin: Place; Destination: Place } = passages[activity.kind as PassageName];
    // The successful events say InProgress too (D-1.27).
    const ending = { StatusCode: 'InProgress', StatusMessage: '' };
    const { Origin, Destination } = path;
    return [instanceEvent(now, `${event} Successful`, activity, { ...ending, Origin, Destination })];
  }

  /** Ends an activity that came to nothing; returns its event, if it has one. */
  fail(now: number, activityId: string, status: 'Failed' | 'Cancelled', message: string): Outcome[] {
    const activity = this.finish(now, activityId, status, message);
    const { event } = words[activity.kind];
    if (event === undefined) return [];
    const ending = { StatusCode: 'Failed', StatusMessage: message };
    return [instanceEvent(now, `${event} Unsuccessful`, activity, ending)];
  }

  /** Ends an activity without a word (a retained instance, D-3.14: no event is documented for it). */
  close(now: number, activityId: string, message: string): void {
    this.finish(now, activityId, 'Cancelled', message);
  }

  /** The activity of the group that is under way or ended less than the group's cooldown ago. */
  blocking(now: number, group: Group): Activity | undefined {
    const freeFrom = now - group.settings.DefaultCooldown * 1000;
    return this.state
      .activitiesOf(group.name)
      .findLast(({ described }) => !described.EndTime || described.EndTime.getTime() > freeFrom);
  }

  private activity(activityId: string): Activity {
    const activity = this.state.activities.get(activityId);
    if (!activity) throw new Error(`No such activity: ${activityId}`);
    return activity;
  }

  private finish(
    now: number,
    activityId: string,
    status: ScalingActivityStatusCode,
    message: string | undefined,
  ): Activity {
    const activity = this.activity(activityId);
    const { described } = activity;
    const reason = message === undefined ? {} : { StatusMessage: message };
    return this.state.setActivity(now, {
      ...activity,
      described: {
        ...described,
        ...reason,
        Description:
          message === undefined
            ? described.Description
            : `${described.Description}.  Status Reason: ${message}`,
        StatusCode: status,
        Progress: 100,
        EndTime: new Date(now),
      },
    });
  }
}
