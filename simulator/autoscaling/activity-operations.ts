import type { DescribeScalingActivitiesType, Filter } from '@aws-sdk/client-auto-scaling';
import { unknownFilter } from './group-tags.ts';
import { type Operation, operation } from './operation.ts';
import { page } from './page.ts';
import { type Activity, historyMs, nameOfGroup, type State } from './state.ts';
import { checkCount, validationError } from './validation.ts';

/** Activity ids of one call. */
const idsMax = 50;

/** DescribeScalingActivities: those of the last six weeks, newest first. */
export function activityOperations({ state }: { state: State }): Record<string, Operation> {
  return {
    DescribeScalingActivities: operation(({ now, viewAt }, input: DescribeScalingActivitiesType) => {
      const ids = input.ActivityIds ?? [];
      checkCount('activityIds', ids, idsMax);
      const chosen = activitiesIn(state, input, viewAt)
        .filter(({ described }) => described.StartTime.getTime() > now - historyMs)
        .filter(({ described }) => ids.length === 0 || ids.includes(described.ActivityId))
        .filter((activity) => matches(activity, input));
      const { items, NextToken } = page(input, { usual: 100, most: 100 }, chosen, newestFirst);
      return { Activities: items.map((activity) => described(state, activity, viewAt)), NextToken };
    }),
  };
}

/** Groups that are deleted tell nothing any more, unless asked to. */
function activitiesIn(state: State, input: DescribeScalingActivitiesType, viewAt: number): Activity[] {
  const { AutoScalingGroupName, IncludeDeletedGroups } = input;
  if (AutoScalingGroupName === undefined)
    return state.activities
      .values(viewAt)
      .filter((activity) => IncludeDeletedGroups === true || isLiving(state, activity, viewAt));
  if (IncludeDeletedGroups !== true) state.group(AutoScalingGroupName, viewAt);
  return state.activitiesOf(nameOfGroup(AutoScalingGroupName), viewAt);
}

const isLiving = (state: State, { described }: Activity, at: number) =>
  state.findGroup(described.AutoScalingGroupARN ?? '', at) !== undefined;

const described = (state: State, activity: Activity, at: number) =>
  isLiving(state, activity, at)
    ? activity.described
    : { ...activity.described, AutoScalingGroupState: 'Deleted' };

function matches({ described: activity }: Activity, input: DescribeScalingActivitiesType): boolean {
  return (input.Filters ?? []).every((filter) => {
    const { Name = '', Values = [] } = filter;
    if (Name === 'StartTimeLowerBound') return activity.StartTime >= timeIn(filter);
    if (Name === 'StartTimeUpperBound') return activity.StartTime <= timeIn(filter);
    if (Name !== 'Status')
      throw unknownFilter(Name, ['StartTimeLowerBound', 'StartTimeUpperBound', 'Status']);
    // Only together with a group (D-13.11, `Filters` of DescribeScalingActivities).
    if (input.AutoScalingGroupName === undefined)
      throw validationError('The Status filter can only be used with AutoScalingGroupName.');
    return Values.includes(activity.StatusCode ?? '');
  });
}

function timeIn({ Name, Values = [] }: Filter): Date {
  const text = Values[0] ?? '';
  // Timestamps without an offset are UTC, by the API's definition.
  const time = new Date(/(Z|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text}Z`);
  if (!Number.isNaN(time.getTime())) return time;
  throw validationError(`Filter ${Name}: expected an ISO 8601 timestamp, got '${text}'`);
}

/** Pages go up through their keys, activities down through time. */
const newestFirst = ({ order }: Activity) => String(Number.MAX_SAFE_INTEGER - order).padStart(16, '0');
