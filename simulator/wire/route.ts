import type { NormalizedSchema } from '@smithy/core/schema';
import type { ServiceName } from '../machine.ts';
import { operationNames, requiredCount, restModel } from './models.ts';
import { type HttpRequest, headerOf, queryValue } from './request.ts';

/** How an operation of a REST protocol is addressed. */
interface Route {
  readonly operation: string;
  readonly method: string;
  readonly path: RegExp;
  readonly labels: readonly string[];
  /** Labels that do not stand in the path, such as the bucket. */
  readonly outside: readonly string[];
  /** What stands in the query of every request for it, `x-id` of the SDK apart. */
  readonly literals: readonly (readonly [name: string, value: string | undefined])[];
  readonly id: string | undefined;
  /** Members that must be there, in the query or in a header. */
  readonly bound: readonly Bound[];
}

interface Bound {
  readonly query?: string;
  readonly header?: string;
}

/** An operation as a request names it, with the values that stand in the path. */
export interface Addressed {
  readonly operation: string;
  readonly labels: Readonly<Record<string, string>>;
}

const tables = new Map<ServiceName, readonly Route[]>();

/**
 * The operation that a request is for: of those with its method and path, the one that says most about the rest of it.
 * `outside`: the labels that were found elsewhere. Undefined: there is none.
 */
export function addressed(
  service: ServiceName,
  request: HttpRequest,
  outside: Readonly<Record<string, string>>,
): Addressed | undefined {
  const routes = tables.get(service) ?? operationNames(service).flatMap((name) => routeOf(service, name));
  tables.set(service, routes);
  let best: { readonly route: Route; readonly match: RegExpExecArray; readonly score: number } | undefined;
  const found = Object.keys(outside).join();
  for (const route of routes.filter((candidate) => candidate.outside.join() === found)) {
    const match = route.method === request.method ? route.path.exec(request.path) : null;
    const score = match ? scoreOf(route, request) : undefined;
    if (match && score !== undefined && (!best || score > best.score)) best = { route, match, score };
  }
  if (!best) return undefined;
  const { route, match } = best;
  const labels = route.labels.map((name, index) => [name, decoded(match[index + 1] ?? '')]);
  return { operation: route.operation, labels: { ...outside, ...Object.fromEntries(labels) } };
}

function scoreOf({ literals, bound, id }: Route, request: HttpRequest): number | undefined {
  for (const [name, value] of literals) {
    const given = queryValue(request, name);
    if (given === undefined || (value !== undefined && value !== given)) return undefined;
  }
  for (const { query, header } of bound) {
    if (query !== undefined && queryValue(request, query) === undefined) return undefined;
    if (header !== undefined && headerOf(request.headers, header) === undefined) return undefined;
  }
  const isNamed = id !== undefined && id === queryValue(request, 'x-id');
  return 2 * (literals.length + bound.length) + (isNamed ? 1 : 0);
}

/** Other operations of the same address are told apart by the first one that is known. */
function routeOf(service: ServiceName, operation: string): Route[] {
  const model = restModel(service, operation);
  if (!model) return [];
  const [method, pattern] = model.http;
  const [path = '', query = ''] = pattern.split('?');
  const labels: string[] = [];
  const source = path.replace(
    /\{(\w+)(\+?)\}|[.*+?^$()[\]\\|]/g,
    (token, label?: string, greedy?: string) => {
      if (label === undefined) return `\\${token}`;
      labels.push(label);
      return greedy ? '(.+)' : '([^/]+)';
    },
  );
  const parts = query
    .split('&')
    .filter(Boolean)
    .map((part) => part.split('=') as [string, string | undefined]);
  return [
    {
      operation,
      method,
      path: new RegExp(`^${source}$`, 's'),
      labels,
      outside: [...model.input.structIterator()]
        .filter(([name, member]) => member.getMergedTraits().httpLabel && !labels.includes(name))
        .map(([name]) => name),
      literals: parts.filter(([name]) => name !== 'x-id'),
      id: parts.find(([name]) => name === 'x-id')?.[1],
      bound: boundMembers(model.input),
    },
  ];
}

function boundMembers(input: NormalizedSchema): Bound[] {
  const required = [...input.structIterator()].slice(0, requiredCount(input));
  return required.flatMap(([, member]): Bound[] => {
    const { httpQuery: query, httpHeader: header } = member.getMergedTraits();
    if (query !== undefined) return [{ query }];
    return header === undefined ? [] : [{ header: header.toLowerCase() }];
  });
}

/** A path that is not well encoded stays as it is. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
    return text;
  }
}
