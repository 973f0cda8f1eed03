/** Something that ECS says of a service, in its own words (D-1.19). */
export interface ServiceMessage {
  readonly at: Date;
  readonly text: string;
}

/** A service, as far as it says why its tasks stay where they are, and how they end. */
export interface Service {
  readonly serviceName: string;
  /** Its tasks leave a target group before they get SIGTERM (D-2.34). */
  readonly isLoadBalanced: boolean;
  readonly schedulingStrategy: 'REPLICA' | 'DAEMON';
  readonly taskDefinitionArn: string | undefined;
  readonly desiredCount: number;
  readonly runningCount: number;
  readonly pendingCount: number;
  /** It has placement constraints of its own. */
  readonly isConstrained: boolean;
  /** Those of its strategy; none: its tasks may go to every instance of the cluster. */
  readonly capacityProviders: readonly string[];
  readonly minimumHealthyPercent: number;
  readonly maximumPercent: number;
  /** The newest deployment; undefined: the service has another controller than ECS. */
  readonly deployment: { readonly rolloutState: string; readonly since: Date } | undefined;
  /** That a task finds no place, and that tasks do not start, where that is the last that ECS says of it. */
  readonly unplaced: ServiceMessage | undefined;
  readonly impaired: ServiceMessage | undefined;
}

/** The fewest healthy tasks and the most tasks that the service may have: rounded up and down (D-2.23). */
export function leewayOf({ desiredCount, minimumHealthyPercent, maximumPercent }: Service): {
  readonly least: number;
  readonly most: number;
} {
  return {
    least: Math.ceil((desiredCount * minimumHealthyPercent) / 100),
    most: Math.floor((desiredCount * maximumPercent) / 100),
  };
}

const isUnplaced = (text: string) => text.includes('was unable to place a task');
const isImpaired = (text: string) => text.includes('unable to consistently start tasks');
/** What ECS says when it goes on. */
const isOver = (text: string) => text.includes('has started ') || text.includes('has reached a steady state');

/**
 * The complaints that are not over: nothing newer says that tasks were started or that the service is steady. A message is
 * not repeated for six hours while its cause lasts, so its age says nothing (D-1.19).
 */
export function complaintsOf(messages: readonly ServiceMessage[]): Pick<Service, 'unplaced' | 'impaired'> {
  const newestFirst = messages.toSorted((a, b) => b.at.getTime() - a.at.getTime());
  const end = newestFirst.findIndex(({ text }) => isOver(text));
  const open = end < 0 ? newestFirst : newestFirst.slice(0, end);
  return {
    unplaced: open.find(({ text }) => isUnplaced(text)),
    impaired: open.find(({ text }) => isImpaired(text)),
  };
}
