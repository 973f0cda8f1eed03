import type { Account } from '../account.ts';
import type { Clock } from '../clock.ts';
import type { DoorRequest } from '../door.ts';
import type { WireResponse } from '../endpoint.ts';
import { BadInput, Fields } from './input.ts';

/** What a control request acts on. */
export interface Room {
  readonly account: () => Account;
  readonly clock: Clock;
  /** Replaces the account; resolves with the new seed. */
  readonly reset: (seed: number | undefined) => Promise<number>;
}

type Answer = Record<string, unknown>;
type Verb = 'GET' | 'POST';
type Route = Partial<Record<Verb, (room: Room, request: DoorRequest) => Answer | Promise<Answer>>>;

/** An hour of virtual time at most is let pass by one settling, unless asked otherwise. */
const advanceSecondsMax = 30 * 86_400;

const routes: Readonly<Record<string, Route>> = {
  clock: { GET: (room) => room.clock.alone(() => timeOf(room)) },
  advance: {
    POST: (room, request) => {
      const fields = new Fields(textOf(request), ['seconds']);
      const seconds = fields.number('seconds', 0, advanceSecondsMax);
      return room.clock.alone(async () => {
        await room.clock.pass(seconds);
        return timeOf(room);
      });
    },
  },
  reset: {
    POST: async (room, request) => {
      const fields = new Fields(textOf(request), ['seed']);
      const seed = fields.has('seed') ? fields.integer('seed', 0) : undefined;
      return { seed: await room.reset(seed), ...(await room.clock.alone(() => timeOf(room))) };
    },
  },
};

/** What only a simulator can do: move time, look inside, break things. JSON in, JSON out. */
export class Control {
  private readonly room: Room;

  constructor(room: Room) {
    this.room = room;
  }

  /** Answers a request; `name` is what stands behind `/_simulator/`. Rejects only with what is a fault of ours. */
  async answer(request: DoorRequest, name: string): Promise<WireResponse> {
    const route = routes[name];
    if (!route) return json(404, { error: `No such path: /_simulator/${name}`, paths: paths() });
    const act = request.method === 'GET' || request.method === 'POST' ? route[request.method] : undefined;
    if (!act) {
      const allow = Object.keys(route).join(', ');
      return json(405, { error: `${request.method} /_simulator/${name}: expected ${allow}` }, { allow });
    }
    try {
      return json(200, await act(this.room, request));
    } catch (error) {
      if (error instanceof BadInput) return json(400, { error: error.message });
      throw error;
    }
  }
}

const paths = () =>
  Object.entries(routes).flatMap(([name, route]) =>
    Object.keys(route).map((method) => `${method} /_simulator/${name}`),
  );

const text = new TextDecoder();
const bytes = new TextEncoder();
const textOf = ({ body }: DoorRequest) => text.decode(body);

function json(statusCode: number, value: Answer, headers: Record<string, string> = {}): WireResponse {
  return {
    statusCode,
    headers: { 'content-type': 'application/json', ...headers },
    body: bytes.encode(`${JSON.stringify(value)}\n`),
  };
}

function timeOf({ account, clock }: Room): Answer {
  const { world } = account();
  const { kind, speed } = clock.settings;
  const shown = { time: new Date(world.now).toISOString(), clock: kind, seed: world.seed };
  return kind === 'real' ? { ...shown, speed, slippedSeconds: clock.slippedMs / 1000 } : shown;
}
