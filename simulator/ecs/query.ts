import { Fault } from '../machine.ts';

/** What the cluster query language can ask about a container instance. */
export interface Subject {
  readonly agentConnected: boolean;
  readonly agentVersion: string;
  readonly ec2InstanceId: string;
  /** Milliseconds since the epoch. */
  readonly registeredAt: number;
  readonly runningTasksCount: number;
  readonly taskGroups: readonly string[];
  readonly attributes: readonly { readonly name: string; readonly value?: string }[];
}

/** A compiled expression. */
export type Query = (subject: Subject) => boolean;

const operatorWords: Readonly<Record<string, string>> = {
  equals: '==',
  not_equals: '!=',
  greater_than: '>',
  greater_than_equal: '>=',
  less_than: '<',
  less_than_equal: '<=',
  not_exists: '!exists',
  not_in: '!in',
  matches: '=~',
  not_matches: '!~',
};
const text = ['==', '!=', 'in', '!in', '=~', '!~'];
const ordered = ['==', '!=', '>', '>=', '<', '<='];
const fields: Readonly<Record<string, readonly string[]>> = {
  agentConnected: text,
  agentVersion: ordered,
  ec2InstanceId: text,
  registeredAt: ordered,
  runningTasksCount: ordered,
};

/**
 * Compiles an expression of the cluster query language. A negated operator holds exactly when the plain one does not,
 * so it also holds where the attribute is missing. Throws InvalidParameterException saying where it stopped reading.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cluster-query-language.html
 */
export function compileQuery(expression: string): Query {
  return new Parser(expression).whole();
}

/** A recursive-descent parser; `or` binds weaker than `and`, `and` weaker than `not`. */
class Parser {
  private readonly source: string;
  private at = 0;

  constructor(source: string) {
    this.source = source;
  }

  whole(): Query {
    const query = this.or();
    this.skipSpace();
    if (this.at < this.source.length) throw this.error('the end');
    return query;
  }

  private or(): Query {
    const terms = [this.and()];
    while (this.take(/\|\||or\b/iy)) terms.push(this.and());
    return (subject) => terms.some((term) => term(subject));
  }

  private and(): Query {
    const terms = [this.not()];
    while (this.take(/&&|and\b/iy)) terms.push(this.not());
    return (subject) => terms.every((term) => term(subject));
  }

  private not(): Query {
    if (this.take(/!|not\b/iy)) {
      const inner = this.not();
      return (subject) => !inner(subject);
    }
    if (!this.take(/\(/y)) return this.comparison();
    const inner = this.or();
    if (!this.take(/\)/y)) throw this.error(')');
    return inner;
  }

  private comparison(): Query {
    const valuesOf = this.subject();
    const operator = this.operator(valuesOf.allowed);
    const isNegated = operator.startsWith('!');
    const plain = operator === '!=' ? '==' : operator === '!~' ? '=~' : operator.replace('!', '');
    const holds = this.test(plain, valuesOf.compare);
    return (subject) => holds(valuesOf.read(subject)) !== isNegated;
  }

  private subject() {
    const name = this.take(/attribute:[A-Za-z0-9\-_./\\]+|[A-Za-z0-9]+(:[A-Za-z]+)?/y);
    if (name === undefined) throw this.error('a subject');
    const allowed = fields[name] ?? [...new Set([...text, ...ordered, 'exists', '!exists'])];
    const read = readerOf(name);
    if (!read) {
      this.at -= name.length;
      throw this.error('agentConnected, agentVersion, attribute:<name>, ec2InstanceId, registeredAt, ...');
    }
    return { read, allowed, compare: compareAs(name) };
  }

  private operator(allowed: readonly string[]): string {
    const found = this.take(/==(?!=)|!=|>=|<=|=~|!~|>|<|!in\b|!exists\b|[a-z_]+/y);
    const operator = found === undefined ? undefined : (operatorWords[found] ?? found);
    if (operator === undefined || !allowed.includes(operator)) {
      this.at -= found?.length ?? 0;
      throw this.error(`one of ${allowed.join(' ')}`);
    }
    return operator;
  }

  private test(operator: string, compare: Compare): (values: readonly string[]) => boolean {
    if (operator === 'exists') return (values) => values.length > 0;
    if (operator === 'in') {
      const wanted = this.list();
      return (values) => values.some((value) => wanted.some((other) => compare(value, other) === 0));
    }
    if (operator === '=~') {
      const pattern = this.pattern();
      return (values) => values.some((value) => pattern.test(value));
    }
    const argument = this.literal();
    if (Number.isNaN(compare(argument, argument))) throw this.error('a value of the kind of the subject');
    return (values) => values.some((value) => orders[operator]?.(compare(value, argument)) ?? false);
  }

  private list(): string[] {
    if (!this.take(/\[/y)) throw this.error('[');
    const values = [this.literal()];
    while (this.take(/,/y)) values.push(this.literal());
    if (!this.take(/\]/y)) throw this.error(', or ]');
    return values;
  }

  private literal(): string {
    const value = this.take(/'[^']*'|"[^"]*"|[^\s()[\],'"]+/y);
    if (value === undefined) throw this.error('a value');
    return unquoted(value);
  }

  /** An unquoted pattern ends at the first space or at a parenthesis that it did not open. */
  private pattern(): RegExp {
    const written = this.take(/'[^']*'|"[^"]*"/y) ?? this.barePattern();
    if (written === '') throw this.error('a pattern');
    try {
      return new RegExp(`^(?:${unquoted(written)})$`);
    } catch {
      throw this.error('a regular expression');
    }
  }

  private barePattern(): string {
    this.skipSpace();
    const start = this.at;
    for (let depth = 0; this.at < this.source.length; this.at++) {
      const character = this.source.charAt(this.at);
      if (character === '(') depth++;
      if (character === ')') depth--;
      if (depth < 0 || /\s/.test(character)) break;
    }
    return this.source.slice(start, this.at);
  }

  private take(pattern: RegExp): string | undefined {
    this.skipSpace();
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.source)?.[0];
    this.at += found?.length ?? 0;
    return found;
  }

  private skipSpace(): void {
    while (/\s/.test(this.source.charAt(this.at))) this.at++;
  }

  private error(expected: string): Fault {
    const rest = this.source.slice(this.at, this.at + 20) || 'the end';
    const message = `Invalid expression ${JSON.stringify(this.source)}: expected ${expected} at position ${this.at}, got ${rest}.`;
    return new Fault('InvalidParameterException', message);
  }
}

const unquoted = (value: string) => (/^['"]/.test(value) ? value.slice(1, -1) : value);

function readerOf(name: string): ((subject: Subject) => readonly string[]) | undefined {
  if (name.startsWith('attribute:')) {
    const wanted = name.slice('attribute:'.length);
    return ({ attributes }) =>
      attributes.filter((attribute) => attribute.name === wanted).map(({ value }) => value ?? '');
  }
  if (name === 'task:group') return ({ taskGroups }) => taskGroups;
  if (name === 'agentConnected') return ({ agentConnected }) => [String(agentConnected)];
  if (name === 'agentVersion') return ({ agentVersion }) => [agentVersion];
  if (name === 'ec2InstanceId') return ({ ec2InstanceId }) => [ec2InstanceId];
  if (name === 'registeredAt') return ({ registeredAt }) => [new Date(registeredAt).toISOString()];
  if (name === 'runningTasksCount') return ({ runningTasksCount }) => [String(runningTasksCount)];
  return undefined;
}

/** Below zero, zero, above zero, or NaN where a value is not of the kind of the subject. */
type Compare = (left: string, right: string) => number;

const orders: Readonly<Record<string, (order: number) => boolean>> = {
  '==': (order) => order === 0,
  '>': (order) => order > 0,
  '>=': (order) => order >= 0,
  '<': (order) => order < 0,
  '<=': (order) => order <= 0,
};

function compareAs(name: string): Compare {
  if (name === 'agentVersion') return (left, right) => compareVersions(left, right);
  if (name === 'registeredAt') return (left, right) => timeOf(left) - timeOf(right);
  if (name === 'runningTasksCount') return (left, right) => Number(left) - Number(right);
  return (left, right) => (left === right ? 0 : left < right ? -1 : 1);
}

function compareVersions(left: string, right: string): number {
  const [a, b] = [left.split('.').map(Number), right.split('.').map(Number)];
  for (let part = 0; part < Math.max(a.length, b.length); part++) {
    const difference = (a[part] ?? 0) - (b[part] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** A date without a zone is in UTC: 2018-06-18T22:28:28 and 2018-06-18 are two of the documented forms. */
const timeOf = (date: string) => Date.parse(/T[\d:.]+$/.test(date) ? `${date}Z` : date);
