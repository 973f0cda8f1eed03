import type { WireResponse } from '../endpoint.ts';
import { Fault } from '../machine.ts';
import { type HttpRequest, queryForm } from '../wire/request.ts';
import { capacityRoutes } from './capacity.ts';
import { faultRoutes } from './faults.ts';
import { BadInput } from './input.ts';
import { instanceRoutes } from './instance.ts';
import { journalRoutes } from './journals.ts';
import { operationRoutes } from './operations.ts';
import type { Answer, Room, Route } from './route.ts';
import { taskRoutes } from './task.ts';
import { timeRoutes } from './time.ts';

/** Everything behind `/_simulator/`, by name. */
const routes: ReadonlyMap<string, Route> = new Map(
  Object.entries({
    ...timeRoutes,
    ...journalRoutes,
    ...instanceRoutes,
    ...taskRoutes,
    ...capacityRoutes,
    ...faultRoutes,
    ...operationRoutes,
  }),
);

const paths = [...routes].flatMap(([name, route]) =>
  Object.keys(route).map((method) => `${method} /_simulator/${name}`),
);

const text = new TextDecoder();
const bytes = new TextEncoder();

/**
 * What only a simulator can do: move time, look inside, break things. JSON in, JSON out; `name` is what stands behind
 * `/_simulator/`. Rejects only with what is a fault of ours.
 */
export async function control(room: Room, request: HttpRequest, name: string): Promise<WireResponse> {
  const route = routes.get(name);
  if (!route) return json(404, { error: `No such path: /_simulator/${name}`, paths });
  const { method } = request;
  const act = method === 'GET' || method === 'POST' ? route[method] : undefined;
  if (!act) {
    const allow = Object.keys(route).join(', ');
    return json(405, { error: `${method} /_simulator/${name}: expected ${allow}` }, { allow });
  }
  try {
    const asked = { text: text.decode(request.body), query: queryForm(request) };
    return json(200, await act(room, asked));
  } catch (error) {
    if (error instanceof BadInput || error instanceof Fault) return json(400, { error: error.message });
    throw error;
  }
}

function json(statusCode: number, value: Answer, headers: Record<string, string> = {}): WireResponse {
  return {
    statusCode,
    headers: { 'content-type': 'application/json', ...headers },
    body: bytes.encode(`${JSON.stringify(value)}\n`),
  };
}
