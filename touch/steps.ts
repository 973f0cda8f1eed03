import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The services whose every operation is touched. */
export const services = ['ecs', 'autoscaling', 'ssm'] as const;
export type ServiceName = (typeof services)[number];

type Input = Readonly<Record<string, unknown>>;

/** One operation, called with input that AWS would refuse and with input that it takes. */
export interface Step {
  readonly service: ServiceName;
  readonly operation: string;
  /** What only a simulator can do, before: paths behind `/_simulator/` with their bodies. */
  readonly before?: readonly (readonly [path: string, body: Input])[];
  /** Left out where the operation takes no input. */
  readonly bad?: Input;
  /** The code that the bad input is refused with. */
  readonly error?: string;
  /** Text `{name}` in it stands for what an earlier step has kept under that name. Several: one after the other. */
  readonly good: Input | readonly Input[];
  /** What later steps need of the (first) answer, as `tasks.0.taskArn`, each under a name. */
  readonly keep?: Readonly<Record<string, string>>;
}

/** Where the steps stand; every program that takes them reads the same file. */
export const stepsPath = fileURLToPath(new URL('steps.json', import.meta.url));

/** The steps in the order in which they are taken: each finds what earlier ones have made. */
export const readSteps = (): readonly Step[] => JSON.parse(readFileSync(stepsPath, 'utf8'));

/** The input with what was kept in the place of each `{name}`. Throws for a name that nobody has kept. */
export function filled(input: unknown, kept: ReadonlyMap<string, unknown>): unknown {
  if (Array.isArray(input)) return input.map((item) => filled(item, kept));
  if (typeof input === 'object' && input !== null)
    return Object.fromEntries(Object.entries(input).map(([name, value]) => [name, filled(value, kept)]));
  const name = typeof input === 'string' ? /^\{(\w+)\}$/.exec(input)?.[1] : undefined;
  if (name === undefined) return input;
  if (!kept.has(name)) throw new Error(`Nothing was kept under the name ${name}`);
  return kept.get(name);
}

/** The value at a path of an answer, as `tasks.0.taskArn`. Throws when there is none. */
export function valueAt(answer: unknown, path: string): unknown {
  let value = answer;
  for (const name of path.split('.'))
    value = (value as Readonly<Record<string, unknown>> | undefined)?.[name];
  if (value === undefined) throw new Error(`The answer has no ${path}: ${JSON.stringify(answer)}`);
  return value;
}
