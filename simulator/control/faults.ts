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

/** The faults of an account that are lists here and functions there. */
interface Lists {
  readonly unavailableTargets: readonly string[];
  readonly refuse: readonly Refusal[];
  readonly crash: readonly Crash[];
}

const none: Lists = { unavailableTargets: [], refuse: [], crash: [] };
const listsOf = new WeakMap<Account, Lists>();

/** Probabilities, and seconds with their maximum: where each lies, and how large it may be. */
const numbers = {
  loseBestEffort: { of: 'bus', max: 1 },
  duplicate: { of: 'bus', max: 1 },
  lateProbability: { of: 'bus', max: 1 },
  lateSecondsMax: { of: 'bus', max: 86_400 },
  readLagSecondsMax: { of: 'endpoint', max: 60 },
  agentReconnectsPerHour: { of: 'reconnects', max: 60 },
  agentAwaySecondsMax: { of: 'reconnects', max: 3600 },
  agentLossProbability: { of: 'reconnects', max: 1 },
} as const;

type NumberName = keyof typeof numbers;

const numberNames = Object.keys(numbers) as NumberName[];
const known = [...numberNames, 'unavailableTargets', 'refuse', 'crash'];

/** The faults of the event paths, of the API, of agents and of Lambda: what is given is set, null switches it off. */
export const faultRoutes: Readonly<Record<string, Route>> = {
  faults: {
    GET: (room) => room.clock.alone(() => shown(room.account())),
    POST: (room, { text }) => {
      const changes = changesIn(Fields.of(text, known));
      return room.clock.alone(() => {
        const account = room.account();
        for (const [name, value] of changes.numbers) setNumber(account, name, value);
        setLists(account, { ...(listsOf.get(account) ?? none), ...changes.lists });
        return shown(account);
      });
    },
  },
};

/** Everything is read before anything is set. Throws BadInput. */
function changesIn(fields: Fields) {
  const isOff = (name: string) => fields.value(name) === null;
  const given = numberNames.filter((name) => fields.has(name));
  const lists: Partial<Record<keyof Lists, unknown>> = {};
  if (fields.has('unavailableTargets'))
    lists.unavailableTargets = isOff('unavailableTargets') ? [] : fields.texts('unavailableTargets');
  if (fields.has('refuse')) lists.refuse = isOff('refuse') ? [] : refusalsIn(fields);
  if (fields.has('crash')) lists.crash = isOff('crash') ? [] : crashesIn(fields);
  return {
    numbers: given.map(
      (name) => [name, isOff(name) ? 0 : fields.number(name, 0, numbers[name].max)] as const,
    ),
    lists: lists as Partial<Lists>,
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

function setNumber({ bus, endpoint, reconnects }: Account, name: NumberName, value: number): void {
  switch (name) {
    case 'readLagSecondsMax':
      endpoint.faults[name] = value;
      break;
    case 'agentReconnectsPerHour':
    case 'agentAwaySecondsMax':
    case 'agentLossProbability':
      reconnects.set({ [name]: value });
      break;
    default:
      bus.faults[name] = value;
  }
}

function setLists(account: Account, lists: Lists): void {
  listsOf.set(account, lists);
  const { unavailableTargets, refuse, crash } = lists;
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
  const { loseBestEffort, duplicate, lateProbability, lateSecondsMax } = account.bus.faults;
  const { readLagSecondsMax } = account.endpoint.faults;
  const lists = listsOf.get(account) ?? none;
  return {
    loseBestEffort,
    duplicate,
    lateProbability,
    lateSecondsMax,
    readLagSecondsMax,
    ...account.reconnects.faults,
    ...lists,
  };
}
