import type { Account } from '../account.ts';
import { Fault } from '../machine.ts';
import { serviceNames } from '../wire/models.ts';
import { Fields } from './input.ts';
import type { Answer, Route } from './route.ts';

/** Calls that are refused in the name of AWS. What is not given fits every call. */
interface Refusal {
  readonly service?: string;
  readonly operation?: string;
  readonly functionName?: string;
  readonly code: string;
  readonly message: string;
  readonly status: number;
  /** So many calls are still refused; without it, all. */
  times?: number;
}

/** Execution environments that die just before or after their n-th call of an invocation. */
interface Crash {
  readonly functionName?: string;
  readonly call: number;
  readonly when: 'before' | 'after';
  /** So many still die; without it, all. */
  times?: number;
}

/** What calls name and find in `failures`. What is not given fits everything. */
interface PartialFailure {
  readonly operation?: string;
  readonly arn?: string;
  readonly reason: string;
  /** So many still fail; without it, all. */
  times?: number;
}

/** The faults of an account that are lists here and functions there. */
interface Lists {
  readonly unavailableTargets: readonly string[];
  readonly refuse: readonly Refusal[];
  readonly fail: readonly PartialFailure[];
  readonly crash: readonly Crash[];
}

const none: Lists = { unavailableTargets: [], refuse: [], fail: [], crash: [] };
const listsOf = new WeakMap<Account, Lists>();

/** A number of the account's faults: how large it may be, and where it lies. */
interface Dial {
  readonly max: number;
  read(account: Account): number;
  write(account: Account, value: number): void;
}

/** A number that can be written where it lies. */
function dial<Name extends string>(
  name: Name,
  max: number,
  faultsOf: (account: Account) => Record<Name, number>,
): Dial {
  return {
    max,
    read: (account) => faultsOf(account)[name],
    write: (account, value) => {
      (faultsOf(account) as Record<string, number>)[name] = value;
    },
  };
}

type Reconnects = keyof Account['reconnects']['faults'];
const reconnect = (name: Reconnects, max: number): Dial => ({
  max,
  read: ({ reconnects }) => reconnects.faults[name],
  write: ({ reconnects }, value) => reconnects.set({ [name]: value }),
});

/** Probabilities, seconds with their maximum, and how often in an hour. */
const dials = {
  loseBestEffort: dial('loseBestEffort', 1, ({ bus }) => bus.faults),
  duplicate: dial('duplicate', 1, ({ bus }) => bus.faults),
  lateProbability: dial('lateProbability', 1, ({ bus }) => bus.faults),
  lateSecondsMax: dial('lateSecondsMax', 86_400, ({ bus }) => bus.faults),
  readLagSecondsMax: dial('readLagSecondsMax', 60, ({ endpoint }) => endpoint.faults),
  othersShare: dial('othersShare', 1, ({ endpoint }) => endpoint.faults),
  refusalProbability: dial('refusalProbability', 1, ({ endpoint }) => endpoint.faults),
  failureProbability: dial('failureProbability', 1, ({ ecs }) => ecs.partialFaults),
  crashProbability: dial('crashProbability', 1, ({ lambda }) => lambda.faults),
  redeliverProbability: dial('redeliverProbability', 1, ({ sqs }) => sqs.faults),
  reorderProbability: dial('reorderProbability', 1, ({ sqs }) => sqs.faults),
  agentReconnectsPerHour: reconnect('agentReconnectsPerHour', 60),
  agentAwaySecondsMax: reconnect('agentAwaySecondsMax', 3600),
  agentLossProbability: reconnect('agentLossProbability', 1),
  impairmentsPerHour: {
    max: 3600,
    read: ({ impairments }: Account) => impairments.faults.impairmentsPerHour,
    write: ({ impairments }: Account, impairmentsPerHour: number) => impairments.set({ impairmentsPerHour }),
  },
  meddlesPerHour: {
    max: 3600,
    read: ({ meddling }: Account) => meddling.faults.meddlesPerHour,
    write: ({ meddling }: Account, meddlesPerHour: number) => meddling.set({ meddlesPerHour }),
  },
} satisfies Readonly<Record<string, Dial>>;

const known = [
  ...Object.keys(dials),
  'throttle',
  'schedulerThrottled',
  'unassumableRoles',
  'unavailableTargets',
  'refuse',
  'fail',
  'crash',
];

/** The faults of an account by chance: numbers by their names, and `throttle`. */
export type Faults = Readonly<Partial<Record<keyof typeof dials, number>> & { throttle?: boolean }>;

/** Sets what is given, as `POST faults` does. Throws BadInput. */
export function setFaults(account: Account, faults: Faults): void {
  setAll(account, changesIn(Fields.of(JSON.stringify(faults), known)));
}

/** The faults of the event paths, of the API, of agents and of Lambda: what is given is set, null switches it off. */
export const faultRoutes: Readonly<Record<string, Route>> = {
  faults: {
    GET: (room) => room.clock.alone(() => shown(room.account())),
    POST: (room, { text }) => {
      const changes = changesIn(Fields.of(text, known));
      return room.clock.alone(() => {
        const account = room.account();
        setAll(account, changes);
        return shown(account);
      });
    },
  },
};

/** Everything is read before anything is set. Throws BadInput. */
function changesIn(fields: Fields) {
  const isOff = (name: string) => fields.value(name) === null;
  const given = Object.entries(dials).filter(([name]) => fields.has(name));
  const lists: Partial<Record<keyof Lists, unknown>> = {};
  if (fields.has('unavailableTargets'))
    lists.unavailableTargets = isOff('unavailableTargets') ? [] : fields.texts('unavailableTargets');
  if (fields.has('refuse')) lists.refuse = isOff('refuse') ? [] : refusalsIn(fields);
  if (fields.has('fail')) lists.fail = isOff('fail') ? [] : failuresIn(fields);
  if (fields.has('crash')) lists.crash = isOff('crash') ? [] : crashesIn(fields);
  return {
    numbers: given.map(([name, of]) => ({ of, value: isOff(name) ? 0 : fields.number(name, 0, of.max) })),
    startFaults: startFaultsIn(fields),
    isThrottled: fields.has('throttle') ? !isOff('throttle') && fields.boolean('throttle') : undefined,
    lists: lists as Partial<Lists>,
  };
}

/** What holds back the starts of services; null switches it off. */
function startFaultsIn(fields: Fields): Partial<Account['ecs']['startFaults']> {
  const isOff = (name: string) => fields.value(name) === null;
  return {
    ...(fields.has('schedulerThrottled') && {
      schedulerThrottled: !isOff('schedulerThrottled') && fields.boolean('schedulerThrottled'),
    }),
    ...(fields.has('unassumableRoles') && {
      unassumableRoles: isOff('unassumableRoles') ? [] : fields.texts('unassumableRoles'),
    }),
  };
}

function refusalsIn(fields: Fields): Refusal[] {
  const names = ['service', 'operation', 'functionName', 'code', 'message', 'status', 'times'];
  return fields.objects('refuse', names).map((each) => ({
    ...(each.has('service') ? { service: each.oneOf('service', serviceNames) } : {}),
    ...(each.has('operation') ? { operation: each.text('operation', 'the name of an operation') } : {}),
    ...(each.has('functionName')
      ? { functionName: each.text('functionName', 'the name of a function') }
      : {}),
    code: each.text('code', 'an error code like ThrottlingException'),
    message: each.has('message') ? each.text('message', 'a text') : 'Rate exceeded',
    status: each.integer('status', 400, 400, 599),
    ...(each.has('times') ? { times: each.integer('times', 1) } : {}),
  }));
}

function failuresIn(fields: Fields): PartialFailure[] {
  return fields.objects('fail', ['operation', 'arn', 'reason', 'times']).map((each) => ({
    ...(each.has('operation') ? { operation: each.text('operation', 'the name of an operation') } : {}),
    ...(each.has('arn') ? { arn: each.text('arn', 'the ARN of what is named') } : {}),
    reason: each.text('reason', 'a reason like MISSING'),
    ...(each.has('times') ? { times: each.integer('times', 1) } : {}),
  }));
}

function crashesIn(fields: Fields): Crash[] {
  return fields.objects('crash', ['functionName', 'call', 'when', 'times']).map((each) => ({
    ...(each.has('functionName')
      ? { functionName: each.text('functionName', 'the name of a function') }
      : {}),
    call: each.integer('call', 1),
    when: each.oneOf('when', ['before', 'after']),
    ...(each.has('times') ? { times: each.integer('times', 1) } : {}),
  }));
}

function setAll(account: Account, changes: ReturnType<typeof changesIn>): void {
  for (const { of, value } of changes.numbers) of.write(account, value);
  if (changes.isThrottled !== undefined) account.endpoint.faults.isThrottled = changes.isThrottled;
  if (Object.keys(changes.startFaults).length > 0)
    account.hear(account.ecs.setStartFaults(account.world.now, changes.startFaults));
  setLists(account, { ...(listsOf.get(account) ?? none), ...changes.lists });
}

function setLists(account: Account, lists: Lists): void {
  listsOf.set(account, lists);
  const { unavailableTargets, refuse, fail, crash } = lists;
  account.ecs.partialFaults.fail = ({ operation, arn }) => {
    const found = fail.find(
      (each) => each.times !== 0 && (each.operation ?? operation) === operation && (each.arn ?? arn) === arn,
    );
    if (found?.times !== undefined) found.times--;
    return found?.reason;
  };
  account.bus.faults.unavailable = (targetArn) => unavailableTargets.includes(targetArn);
  account.endpoint.faults.refuse = ({ service, operation, functionName }) => {
    const found = refuse.find(
      (each) =>
        each.times !== 0 &&
        (each.service ?? service) === service &&
        (each.operation ?? operation) === operation &&
        (each.functionName ?? functionName) === functionName,
    );
    if (!found) return;
    if (found.times !== undefined) found.times--;
    throw new Fault(found.code, found.message, found.status);
  };
  account.lambda.faults.crash = ({ functionName }, callNumber, when) => {
    const found = crash.find(
      (each) =>
        each.times !== 0 &&
        (each.functionName ?? functionName) === functionName &&
        each.call === callNumber &&
        each.when === when,
    );
    if (found?.times !== undefined) found.times--;
    return found !== undefined;
  };
}

function shown(account: Account): Answer {
  const numbers = Object.entries(dials).map(([name, of]) => [name, of.read(account)]);
  const { isThrottled: throttle } = account.endpoint.faults;
  const { startFaults } = account.ecs;
  return { ...Object.fromEntries(numbers), throttle, ...startFaults, ...(listsOf.get(account) ?? none) };
}
