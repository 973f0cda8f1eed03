import { Fault } from '../../machine.ts';
import { isRecord } from './matcher.ts';

/** An event as it goes over the bus (D-1.1). */
export interface BusEvent {
  readonly version: '0';
  readonly id: string;
  readonly 'detail-type': string;
  readonly source: string;
  readonly account: string;
  /** ISO 8601, whole seconds, `Z`. */
  readonly time: string;
  readonly region: string;
  readonly resources: readonly string[];
  readonly detail: Record<string, unknown>;
}

/** Who gets the events of a rule, and in what form. */
export interface Target {
  readonly id: string;
  /** An SQS queue or a Lambda function. */
  readonly arn: string;
  /** Constant JSON in the place of the event. */
  readonly input?: string | undefined;
  /** A part of the event in the place of the event, as `$.detail`. */
  readonly inputPath?: string | undefined;
  readonly inputTransformer?:
    | { readonly inputPathsMap: Readonly<Record<string, string>>; readonly inputTemplate: string }
    | undefined;
  /** For a FIFO queue (D-13.4). */
  readonly messageGroupId?: string | undefined;
  /** A standard queue for events that could not be delivered (D-5.20). */
  readonly deadLetterArn?: string | undefined;
  /** 0 to 185 [185] (D-5.20). */
  readonly maximumRetryAttempts?: number | undefined;
  /** 60 to 86,400 [86,400] (D-5.20). */
  readonly maximumEventAgeSeconds?: number | undefined;
}

/** The rule on whose behalf something is delivered. */
export interface RuleName {
  readonly name: string;
  readonly arn: string;
}

/** Refuses an input that PutTargets refuses. Throws `ValidationException`. */
export function checkInput({ id, input, inputPath, inputTransformer }: Target): void {
  const given = [input, inputPath, inputTransformer].filter((one) => one !== undefined);
  if (given.length > 1) throw invalid(id, 'one of Input, InputPath and InputTransformer', 'several');
  if (input !== undefined && parsed(input) === undefined) throw invalid(id, 'JSON as Input', input);
  const paths = inputTransformer ? Object.values(inputTransformer.inputPathsMap) : [];
  const faulty = [...paths, inputPath ?? '$'].find((path) => stepsOf(path) === undefined);
  if (faulty !== undefined) throw invalid(id, 'a path such as $.detail.items[0]', faulty);
}

/** What the target receives. Throws `InvalidJson` when the transformer makes no JSON of this event. */
export function inputOf(target: Target, event: BusEvent, rule: RuleName, now: number): string {
  const { input, inputPath, inputTransformer } = target;
  if (input !== undefined) return input;
  if (inputPath !== undefined) return JSON.stringify(lookUp(event, inputPath)) ?? 'null';
  if (!inputTransformer) return JSON.stringify(event);
  const values = new Map<string, unknown>([
    ['aws.events.rule-arn', rule.arn],
    ['aws.events.rule-name', rule.name],
    ['aws.events.event.ingestion-time', new Date(now).toISOString()],
    ['aws.events.event', { ...event, detail: undefined }],
    ['aws.events.event.json', event],
  ]);
  for (const [name, path] of Object.entries(inputTransformer.inputPathsMap))
    values.set(name, lookUp(event, path));
  const text = fill(inputTransformer.inputTemplate, values);
  if (parsed(text) === undefined)
    throw new Fault('InvalidJson', `The input transformer of target ${target.id} makes no JSON: ${text}`);
  return text;
}

/**
 * Puts values in the place of `<name>`: as JSON, or, inside a string of the template, as text.
 *
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
 */
function fill(template: string, values: ReadonlyMap<string, unknown>): string {
  let isInString = false;
  return template.replace(/\\.|"|<([\w.-]+)>/g, (token, name: string | undefined) => {
    if (token === '"') isInString = !isInString;
    if (name === undefined) return token;
    const value = values.get(name);
    if (!isInString) return value === undefined ? '""' : JSON.stringify(value);
    const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
    return JSON.stringify(text).slice(1, -1);
  });
}

function lookUp(event: BusEvent, path: string): unknown {
  let value: unknown = event;
  for (const step of stepsOf(path) ?? []) {
    if (Array.isArray(value)) value = value[Number(step)];
    else value = isRecord(value) ? value[step] : undefined;
  }
  return value;
}

/** The names and indices of a path; undefined when it is none. */
function stepsOf(path: string): string[] | undefined {
  if (!/^\$(\.[\w-]+|\[\d+\])*$/.test(path)) return undefined;
  return path.slice(1).match(/[\w-]+/g) ?? [];
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return undefined;
  }
}

/** The error for a target that PutTargets does not take. */
export function invalid(targetId: string, expected: string, got: unknown): Fault {
  return new Fault('ValidationException', `Target ${targetId}: expected ${expected}, got ${got}`);
}
