import { Fields } from './input.ts';
import type { Answer, Room, Route } from './route.ts';

/** Most virtual seconds that one request lets pass. */
const secondsMax = 30 * 86_400;
/** How long settling may take where nothing else is said: an hour. */
const settleSecondsUsual = 3600;

/** Virtual time: reading it, letting it pass, beginning anew. */
export const timeRoutes: Readonly<Record<string, Route>> = {
  clock: { GET: (room) => room.clock.alone(() => timeOf(room)) },
  advance: {
    POST: (room, { text }) => {
      const seconds = Fields.of(text, ['seconds']).number('seconds', 0, secondsMax);
      return room.clock.alone(async () => {
        await room.clock.pass(seconds);
        return timeOf(room);
      });
    },
  },
  settle: {
    POST: (room, { text }) => {
      const limit = Fields.of(text, ['secondsMax']).number('secondsMax', 0, secondsMax, settleSecondsUsual);
      return room.clock.alone(() => settle(room, limit));
    },
  },
  reset: {
    POST: async (room, { text }) => {
      const fields = Fields.of(text, ['seed']);
      await room.reset(fields.has('seed') ? fields.integer('seed', 0) : undefined);
      return room.clock.alone(() => timeOf(room));
    },
  },
};

async function settle(room: Room, limit: number): Promise<Answer> {
  const { world } = room.account();
  const before = world.now;
  const dueAt = await room.clock.settle(limit);
  const passed = {
    ...timeOf(room),
    secondsPassed: (world.now - before) / 1000,
    settled: dueAt === undefined,
  };
  if (dueAt === undefined) return passed;
  const next = new Date(dueAt).toISOString();
  return { ...passed, gaveUp: `after ${limit} s something is still under way, due next at ${next}` };
}

function timeOf({ account, clock }: Room): Answer {
  const { world } = account();
  const { kind, speed } = clock.settings;
  const shown = { time: new Date(world.now).toISOString(), clock: kind, seed: world.seed };
  return kind === 'real' ? { ...shown, speed, slippedSeconds: clock.slippedMs / 1000 } : shown;
}
