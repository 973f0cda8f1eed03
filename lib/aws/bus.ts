import { type EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import type { Announcement } from '../announce.ts';
import type { Fleet } from '../fleet.ts';
import type { Platform } from '../platform.ts';
import { ownSource } from '../source.ts';
import { attemptsMax } from './retry.ts';

/** Upper bound of the pause before the entries that were not taken are put again (milliseconds); twice that before the last try. */
const pauseMs = 200;

/** The account's default bus, on which everybody may listen. */
export function defaultBus(
  client: EventBridgeClient,
  { sleep, random }: Pick<Platform, 'sleep' | 'random'>,
): Pick<Fleet, 'announce'> {
  return {
    announce: async (events) => {
      let left = events;
      let why: readonly string[] = [];
      for (let attempt = 0; attempt < attemptsMax && left.length > 0; attempt++) {
        if (attempt > 0) await sleep(Math.floor(random() * pauseMs * attempt));
        // The call succeeds although an entry fails: each has an answer of its own, in the order of the entries (D-5.21).
        const { Entries = [] } = await client.send(new PutEventsCommand({ Entries: left.map(entryOf) }));
        const isRefused = (_: unknown, i: number) => Entries[i]?.EventId === undefined;
        why = left.flatMap((event, i) =>
          isRefused(event, i)
            ? `${event.detailType}: ${Entries[i]?.ErrorCode}: ${Entries[i]?.ErrorMessage}`
            : [],
        );
        left = left.filter(isRefused);
      }
      if (left.length > 0)
        throw new Error(`EventBridge did not take ${left.length} events: ${why.join('; ')}`);
    },
  };
}

const entryOf = ({ detailType, at, resources, detail }: Announcement) => ({
  Source: ownSource,
  DetailType: detailType,
  Time: at,
  Resources: [...resources],
  Detail: JSON.stringify(detail),
});
