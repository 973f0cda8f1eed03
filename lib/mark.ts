/** Name of the attribute that we put on a container instance before we set it to DRAINING. */
export const markName = 'ecs-steward.departure';

/**
 * Name of the attribute of a container instance that leaves and waits for a budget: until it drains, services may avoid it by
 * the placement constraint `attribute:ecs-steward.waiting !exists`. Its value is the time (ISO 8601) of when it was put.
 */
export const waitingName = 'ecs-steward.waiting';

/**
 * Why an instance was set to DRAINING: Auto Scaling terminates it, or takes it out of service to bring it back (from its warm
 * pool, or with another root volume: D-1.23, D-1.25); Spot takes it back, or said that it may. Only an interruption cannot
 * wait. `retention`: Auto Scaling terminated it, and it is retained, or is about to be, until we end it (D-3.14).
 */
export type DepartureCause = (typeof causes)[number];

const causes = ['termination', 'return', 'interruption', 'rebalance-recommendation', 'retention'] as const;

/**
 * When and why the steward began to drain an instance. It is set only where somebody has just read that the group is
 * enrolled and that the EC2 instance has no other registration in the cluster (D-2.8), so it vouches for both. One that comes
 * back, or is retained, has it on every registration, and then it vouches for the first alone: only where it is will the drain
 * be undone, or the instance be ended.
 */
export interface Mark {
  readonly at: Date;
  readonly cause: DepartureCause;
}

const form = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)\/(.+)$/;

/** Whether the mark says that the EC2 instance has no other registration in the cluster. */
export const isOfSole = ({ cause }: Mark): boolean => cause !== 'return' && cause !== 'retention';

/** The value of the attribute: `<ISO 8601 time>/<cause>`, in characters that an attribute value may have (D-9.7). */
export function formatMark(mark: Mark): string {
  return `${mark.at.toISOString()}/${mark.cause}`;
}

/** Reads the attribute back; undefined where somebody else wrote something else. */
export function parseMark(value: string): Mark | undefined {
  const [, time = '', word] = form.exec(value) ?? [];
  const cause = causes.find((one) => one === word);
  const at = new Date(time);
  return cause === undefined || Number.isNaN(at.getTime()) ? undefined : { at, cause };
}
