import type { Scene } from './scene.ts';

/** An event of the steward as the bus has it. */
export interface Announced {
  readonly source: string;
  readonly 'detail-type': string;
  readonly time: string;
  readonly resources: readonly string[];
  readonly detail: Readonly<Record<string, unknown>>;
}

/** The events of the steward that the bus took, oldest first; of one detail-type where one is given. */
export function announcedIn({ account }: Scene, detailType?: string): readonly Announced[] {
  return account.world.log
    .filter(({ kind }) => kind === 'event')
    .map(({ event }) => event as Announced)
    .filter(({ source }) => source === 'ecs-steward')
    .filter((event) => detailType === undefined || event['detail-type'] === detailType);
}
