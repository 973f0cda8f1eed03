import type { PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import type { Chance, Ids } from '../../chance.ts';
import { type Call, Fault, type Need, type Outcome, type Service, type ServiceEvent } from '../../machine.ts';
import type { World } from '../../world.ts';
import type { Lambda } from '../lambda/lambda.ts';
import type { Sqs } from '../sqs/sqs.ts';
import { Delivery } from './delivery.ts';
import { checkEntries, parsedObject, readEntry } from './entry.ts';
import { compileRule, describeRule, describeTarget, type Rule, type RuleDefinition } from './rule.ts';
import type { BusEvent } from './target.ts';

/** Faults of the event paths, settable at run time. Probabilities from 0 to 1. */
export interface BusFaults {
  /** An event of a best-effort source never arrives (D-0.1). */
  loseBestEffort: number;
  /** An event arrives twice, each time at its own moment, with the same id (D-10.2). */
  duplicate: number;
  /** The delivery of an event, schedules excepted, takes up to `lateSecondsMax` more than usual (D-1.8). */
  lateProbability: number;
  lateSecondsMax: number;
  /** A target that throttles EventBridge at this moment: retried, not lost, until the retry limits (D-5.22). */
  unavailable?: ((targetArn: string) => boolean) | undefined;
}

const scheduleSource = 'aws.events';

/** From the bus to the target, when nothing is late (milliseconds; our choice: under half a second is usual). */
export const pathMs = { min: 100, max: 1000 };

/** Sources whose events may be lost; those of ECS are delivered at least once (D-0.1). */
const bestEffortSources: ReadonlySet<string> = new Set(['aws.autoscaling', 'aws.ec2']);

/** EventBridge: the default bus of the account, its rules and their way to the targets. */
export class Bus implements Service {
  /** What is under way lives in the agenda of the world. */
  readonly nextAt = undefined;
  readonly faults: BusFaults = { loseBestEffort: 0, duplicate: 0, lateProbability: 0, lateSecondsMax: 0 };
  private readonly region: string;
  private readonly accountId: string;
  private readonly world: World;
  private readonly sqs: Sqs;
  private readonly ids: Ids;
  private readonly luck: Chance;
  private readonly path: Chance;
  private readonly delivery: Delivery;
  private readonly rules = new Map<string, Rule>();
  private readonly ticks = new Map<string, () => void>();

  constructor(options: { region: string; accountId: string; world: World; sqs: Sqs; lambda: Lambda }) {
    const { region, accountId, world, sqs, lambda } = options;
    this.region = region;
    this.accountId = accountId;
    this.world = world;
    this.sqs = sqs;
    this.ids = world.ids('bus');
    this.luck = world.chance('bus/faults');
    this.path = world.chance('bus/path');
    const isUnavailable = (targetArn: string) => this.faults.unavailable?.(targetArn) ?? false;
    this.delivery = new Delivery({ world, sqs, lambda, accountId, isUnavailable });
  }

  advance(): Outcome[] {
    return [];
  }

  /** Creates or replaces a rule and its targets; a schedule first runs one period from now. Throws Fault. */
  putRule(definition: RuleDefinition): Rule {
    const rule = compileRule(definition, this.ruleArn(definition.name), (arn) => this.sqs.queue(arn));
    this.rules.set(rule.name, rule);
    this.ticks.get(rule.name)?.();
    this.ticks.delete(rule.name);
    if (rule.isEnabled) this.tickAfter(rule, this.world.now);
    return rule;
  }

  /** The rule of this name; undefined when there is none. */
  rule(name: string): Rule | undefined {
    return this.rules.get(name);
  }

  /** Deletes a rule with its targets; what is on its way to them arrives. Throws Fault. */
  deleteRule(name: string): void {
    this.rules.delete(this.find(name).name);
    this.ticks.get(name)?.();
    this.ticks.delete(name);
  }

  /** Takes an event from a service of AWS; answers its id. */
  publish(now: number, event: ServiceEvent): string {
    const { source, detailType, resources, detail } = event;
    return this.accept(this.envelope(now, source, detailType, resources, detail));
  }

  get operationNames(): readonly string[] {
    return Object.keys(this.operations);
  }

  apply(_now: number, { operation, input }: Call): { reply: Record<string, unknown>; outcomes: Outcome[] } {
    const run = this.operations[operation];
    if (!run)
      throw new Fault('UnknownOperationException', `The simulator does not know events:${operation}.`);
    return { reply: run(input), outcomes: [] };
  }

  /** Rules are read as they are. */
  tableRead(): undefined {
    return undefined;
  }

  needs({ operation, input }: Call): Need[] {
    if (operation === 'PutEvents')
      return entriesOf(input).map(({ Source = '', DetailType = '' }) => ({
        action: 'events:PutEvents',
        resource: `arn:aws:events:${this.region}:${this.accountId}:event-bus/default`,
        context: { 'events:source': Source, 'events:detail-type': DetailType },
      }));
    const name = input.Rule ?? input.Name ?? '*';
    return [{ action: `events:${operation}`, resource: this.ruleArn(String(name)), context: {} }];
  }

  private readonly operations: Readonly<
    Record<string, (input: Record<string, unknown>) => Record<string, unknown>>
  > = {
    PutEvents: (input) => this.putEvents(entriesOf(input)),
    PutRule: (input) => {
      const { Name, EventPattern, ScheduleExpression, State = 'ENABLED', Description } = texts(input);
      const eventPattern = EventPattern === undefined ? undefined : patternOf(EventPattern);
      const { targets = [] } = this.rules.get(Name ?? '') ?? {};
      const isEnabled = State !== 'DISABLED';
      const { arn } = this.putRule({
        name: Name ?? '',
        description: Description,
        eventPattern,
        scheduleExpression: ScheduleExpression,
        isEnabled,
        targets,
      });
      return { RuleArn: arn };
    },
    EnableRule: (input) => this.switchRule(texts(input).Name, true),
    DisableRule: (input) => this.switchRule(texts(input).Name, false),
    DescribeRule: (input) => ({ ...describeRule(this.find(texts(input).Name)), CreatedBy: this.accountId }),
    ListRules: (input) => {
      const { NamePrefix = '' } = texts(input);
      const rules = [...this.rules.values()].filter(({ name }) => name.startsWith(NamePrefix));
      const { items, NextToken } = pageOf(rules, input);
      return { Rules: items.map(describeRule), NextToken };
    },
    ListTargetsByRule: (input) => {
      const { items, NextToken } = pageOf(this.find(texts(input).Rule).targets, input);
      return { Targets: items.map(describeTarget), NextToken };
    },
  };

  private switchRule(name: string | undefined, isEnabled: boolean): Record<string, unknown> {
    const rule = this.find(name);
    if (rule.isEnabled !== isEnabled) this.putRule({ ...rule, isEnabled });
    return {};
  }

  private putEvents(entries: readonly PutEventsRequestEntry[]): Record<string, unknown> {
    checkEntries(entries);
    const Entries = entries.map((entry) => {
      const read = readEntry(entry, this.world.now);
      if ('ErrorCode' in read) return read;
      const { at, source, detailType, resources, detail } = read;
      return { EventId: this.accept(this.envelope(at, source, detailType, resources, detail)) };
    });
    return { FailedEntryCount: Entries.filter((entry) => 'ErrorCode' in entry).length, Entries };
  }

  /** What goes over the bus is what JSON keeps of an event. */
  private envelope(
    at: number,
    source: string,
    detailType: string,
    resources: readonly string[],
    detail: Record<string, unknown>,
  ): BusEvent {
    return {
      version: '0',
      id: this.ids.uuid(),
      'detail-type': detailType,
      source,
      account: this.accountId,
      time: new Date(at).toISOString().replace(/\.\d+Z$/, 'Z'),
      region: this.region,
      resources,
      detail: JSON.parse(JSON.stringify(detail)),
    };
  }

  private accept(event: BusEvent): string {
    this.world.record('event', { event });
    const isLost = this.luck.happens(this.faults.loseBestEffort) && bestEffortSources.has(event.source);
    const copies = this.luck.happens(this.faults.duplicate) ? 2 : 1;
    if (isLost)
      this.world.record('event-lost', {
        eventId: event.id,
        source: event.source,
        detailType: event['detail-type'],
      });
    else
      for (const rule of this.rules.values())
        if (rule.isEnabled && rule.matches?.({ ...event })) this.send(rule, event, copies);
    return event.id;
  }

  private send(rule: Rule, event: BusEvent, copies: number): void {
    this.world.record('rule-matched', { rule: rule.name, eventId: event.id, copies });
    for (let copy = 0; copy < copies; copy++)
      for (const target of rule.targets) this.delivery.begin(rule, target, event, this.delayMs(event));
  }

  private delayMs({ source }: BusEvent): number {
    const lateMs = this.luck.between(0, Math.round(this.faults.lateSecondsMax * 1000));
    const isLate = this.luck.happens(this.faults.lateProbability) && source !== scheduleSource;
    return this.path.between(pathMs.min, pathMs.max) + (isLate ? lateMs : 0);
  }

  private tickAfter(rule: Rule, after: number): void {
    const at = rule.schedule?.(after);
    if (at === undefined) return;
    const run = () => {
      this.tickAfter(rule, at);
      const event = this.envelope(at, scheduleSource, 'Scheduled Event', [rule.arn], {});
      this.world.record('event', { event });
      this.send(rule, event, this.luck.happens(this.faults.duplicate) ? 2 : 1);
    };
    this.ticks.set(rule.name, this.world.atRoutine(at, run));
  }

  private ruleArn(name: string): string {
    return `arn:aws:events:${this.region}:${this.accountId}:rule/${name}`;
  }

  private find(name: string | undefined): Rule {
    const rule = this.rules.get(name ?? '');
    if (!rule)
      throw new Fault('ResourceNotFoundException', `Rule ${name} does not exist on EventBus default.`);
    return rule;
  }
}

const entriesOf = (input: Record<string, unknown>) =>
  (input as { Entries?: PutEventsRequestEntry[] }).Entries ?? [];

const texts = (input: Record<string, unknown>) => input as Partial<Record<string, string>>;

function patternOf(text: string): unknown {
  const pattern = parsedObject(text);
  if (!pattern)
    throw new Fault(
      'InvalidEventPatternException',
      'Event pattern is not valid. Reason: expected a JSON object.',
    );
  return pattern;
}

/** One page of a list; the token is the place of the next item. */
function pageOf<T>(
  all: readonly T[],
  input: Record<string, unknown>,
): { items: T[]; NextToken: string | undefined } {
  const from = Number(input.NextToken ?? 0);
  const to = from + Number(input.Limit ?? 100);
  return { items: all.slice(from, to), NextToken: to < all.length ? String(to) : undefined };
}
