import { Fault } from '../../machine.ts';
import { isRecord, leafMatcher, reservedNames } from './matcher.ts';

/** What one path of the event must satisfy; `absent` also accepts an event that has no leaf there. */
interface Requirement {
  readonly path: string;
  readonly absent: boolean;
  readonly accepts: (leaf: unknown) => boolean;
}

/** Which element of which array a leaf was found in, by the path of the array. */
type Membership = Readonly<Record<string, number>>;

interface Leaf {
  readonly value: unknown;
  readonly membership: Membership;
}

/** One way to satisfy a pattern: requirements by path. A pattern with `$or` has several. */
type Branch = ReadonlyMap<string, Requirement>;

const lengthMax = 2048;
const branchesMax = 1000;
const nowhere: Membership = Object.freeze({});

/**
 * Compiles an event pattern of EventBridge into a function that says whether an event matches. Throws
 * `InvalidEventPatternException` naming the place in the pattern and what was expected there. At most 2,048
 * characters as JSON (D-5.22) and 1,000 combinations of `$or`.
 *
 * The language: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html; where that
 * page is silent, what AWS's own matcher does: https://github.com/aws/event-ruler.
 */
export function compilePattern(pattern: unknown): (event: Record<string, unknown>) => boolean {
  if (!isRecord(pattern)) throw invalid('$', 'a JSON object', pattern);
  const length = JSON.stringify(pattern).length;
  if (length > lengthMax) throw invalid('$', `at most ${lengthMax} characters`, `${length} characters`);
  const branches = branchesOf(pattern, '', '$', false).map((branch) =>
    [...branch.values()].sort((a, b) => (a.path < b.path ? -1 : 1)),
  );
  return (event) => branches.some((requirements) => satisfies(event, requirements));
}

function invalid(where: string, expected: string, got: unknown): Fault {
  const text = typeof got === 'string' ? got : (JSON.stringify(got) ?? String(got));
  const shown = text.length > 80 ? `${text.slice(0, 80)}...` : text;
  return new Fault(
    'InvalidEventPatternException',
    `Event pattern is not valid. Reason: ${where}: expected ${expected}, got ${shown}`,
  );
}

function branchesOf(
  node: Record<string, unknown>,
  path: string,
  where: string,
  insideOr: boolean,
): readonly Branch[] {
  const keys = Object.keys(node);
  if (keys.length === 0) throw invalid(where, 'at least one field', node);
  let branches: readonly Branch[] = [new Map()];
  for (const key of keys) {
    const here = `${where}.${key}`;
    if (insideOr && reservedNames.has(key))
      throw invalid(here, 'a field of the event (the name is reserved inside $or)', key);
    const more =
      key === '$or'
        ? alternativesOf(node[key], path, here)
        : fieldOf(node[key], path === '' ? key : `${path}.${key}`, here, insideOr);
    branches = product(branches, more, here);
  }
  return branches;
}

function alternativesOf(value: unknown, path: string, where: string): readonly Branch[] {
  if (!Array.isArray(value) || value.length < 2 || !value.every(isRecord))
    throw invalid(where, 'an array of at least 2 objects', value);
  return value.flatMap((alternative, index) => branchesOf(alternative, path, `${where}[${index}]`, true));
}

function fieldOf(value: unknown, path: string, where: string, insideOr: boolean): readonly Branch[] {
  if (isRecord(value)) return branchesOf(value, path, where, insideOr);
  if (!Array.isArray(value)) throw invalid(where, 'an object or an array', value);
  if (value.length === 0) throw invalid(where, 'a non-empty array', value);
  const matchers = value.map((entry, index) => leafMatcher(entry, `${where}[${index}]`, invalid));
  const requirement: Requirement = {
    path,
    absent: matchers.includes('absent'),
    accepts: (leaf) => matchers.some((matcher) => matcher !== 'absent' && matcher(leaf)),
  };
  return [new Map([[path, requirement]])];
}

/**
 * Every branch of the one with every branch of the other. A path that is constrained twice on one branch is refused:
 * AWS keeps one of the two and forgets the other, which nobody can have meant.
 */
function product(left: readonly Branch[], right: readonly Branch[], where: string): readonly Branch[] {
  if (left.length * right.length > branchesMax)
    throw invalid(where, `at most ${branchesMax} combinations of $or`, left.length * right.length);
  return left.flatMap((one) =>
    right.map((other) => {
      for (const path of other.keys())
        if (one.has(path)) throw invalid(where, 'each field to be constrained once', `${path} a second time`);
      return new Map([...one, ...other]);
    }),
  );
}

/**
 * Looks for one leaf per requirement such that leaves from the same array come from the same element of it. In the
 * order of the paths, as AWS's matcher does it: an `exists: false` looks only at elements that agree with the leaves
 * chosen before it.
 */
function satisfies(event: Record<string, unknown>, requirements: readonly Requirement[]): boolean {
  const found: Leaf[][] = [];
  const from = (index: number, membership: Membership): boolean => {
    const requirement = requirements[index];
    if (!requirement) return true;
    const leaves = found[index] ?? leavesAt(event, requirement.path);
    found[index] = leaves;
    const consistent = leaves.filter((leaf) => agree(membership, leaf.membership));
    if (requirement.absent && consistent.length === 0) return from(index + 1, membership);
    const accepted = consistent.filter((leaf) => requirement.accepts(leaf.value));
    // A leaf outside any array binds nothing: the choice among several of them makes no difference.
    if (accepted.some((leaf) => leaf.membership === nowhere)) return from(index + 1, membership);
    return accepted.some((leaf) => from(index + 1, { ...membership, ...leaf.membership }));
  };
  return from(0, nowhere);
}

const agree = (one: Membership, other: Membership) =>
  Object.keys(other).every((array) => one[array] === undefined || one[array] === other[array]);

function leavesAt(event: Record<string, unknown>, path: string): Leaf[] {
  const leaves: Leaf[] = [];
  collect(event, path, '', nowhere, leaves);
  return leaves;
}

/** `rest` is what is left of the path, undefined at its end; `at` names the place reached. */
function collect(
  node: unknown,
  rest: string | undefined,
  at: string,
  membership: Membership,
  leaves: Leaf[],
): void {
  if (Array.isArray(node)) {
    node.forEach((element: unknown, index) => {
      if (typeof element === 'object' && element !== null)
        collect(element, rest, `${at}[]`, { ...membership, [at]: index }, leaves);
      else collect(element, rest, at, membership, leaves);
    });
  } else if (isRecord(node)) {
    if (rest === undefined) return;
    for (const key of Object.keys(node)) {
      if (key === rest) collect(node[key], undefined, `${at}.${key}`, membership, leaves);
      else if (rest[key.length] === '.' && rest.startsWith(key))
        collect(node[key], rest.slice(key.length + 1), `${at}.${key}`, membership, leaves);
    }
  } else if (rest === undefined && node !== undefined) {
    leaves.push({ value: node, membership });
  }
}
