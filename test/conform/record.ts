import { afterAll, afterEach } from 'vitest';
import { type Answered, answered } from '../../simulator/answered.ts';
import { problemsIn } from './check.ts';

const problems: string[] = [];
let callCount = 0;

answered.subscribe((message) => {
  callCount++;
  problems.push(...problemsIn(message as Answered));
});

/** The problems since the last time, which are forgotten now. */
export function takeProblems(): string[] {
  return problems.splice(0);
}

/** How many calls have been looked at. */
export function callsSeen(): number {
  return callCount;
}

/** Turns the test red in which a call or its answer does not fit what AWS's SDK and documentation say of it. */
function settle(): void {
  const found = takeProblems();
  if (found.length === 0) return;
  const shown = [...new Set(found)].slice(0, 20).join('\n');
  throw new Error(`${found.length} times a call or its answer does not fit:\n${shown}`);
}

afterEach(settle);
afterAll(settle);
