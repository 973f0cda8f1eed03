import { readFileSync, writeFileSync } from 'node:fs';
import { coloursFor } from '../../demo/colours.ts';
import { forgetAws } from '../../demo/environment.ts';
import { packageService } from '../../demo/install.ts';
import { endWithReader, Screen } from '../../demo/screen.ts';
import { table } from '../../demo/table.ts';
import { BadArguments, parseOptions, type StormOptions, usage } from './args.ts';
import { decisions, faults } from './branches.ts';
import { hire, type Player, playAll } from './crew.ts';
import { type Plan, planOf } from './plan.ts';
import { proveByStorms } from './planting.ts';
import { shrink } from './shrink.ts';
import type { Counts, Outcome } from './storm.ts';
import type { Violation } from './witness.ts';

/** From so many storms on a branch that none of them reached is a fault of the storms. */
const seedsForBranches = 1000;

/** What all storms of a run came to. */
interface Total {
  seeds: number;
  violations: number;
  departures: number;
  /** The seeds of the storms in which something did not hold. */
  readonly violated: number[];
  readonly faults: Record<string, number>;
  readonly decisions: Record<string, number>;
  first: { readonly plan: Plan; readonly violations: readonly Violation[] } | undefined;
}

forgetAws(process.env);
endWithReader(process.stdout);
endWithReader(process.stderr);
const colours = coloursFor(process.stdout, process.env);
const aside = coloursFor(process.stderr, process.env);

function* plansOf({ seeds, seed, size, minutes, planFile }: StormOptions): Generator<Plan> {
  if (planFile !== undefined) yield readPlan(planFile);
  else for (let i = 0; i < seeds; i++) yield planOf(seed + i, size, minutes);
}

function readPlan(file: string): Plan {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Plan;
  } catch (error) {
    throw new BadArguments(`--plan: expected a plan that an earlier run wrote, got "${file}": ${error}`);
  }
}

function add(into: Record<string, number>, counts: Counts): void {
  for (const [name, count] of Object.entries(counts)) into[name] = (into[name] ?? 0) + count;
}

async function playStorms(options: StormOptions, screen: Screen): Promise<number> {
  const processes = options.planFile === undefined ? options.processes : 1;
  const crew = await Promise.all(Array.from({ length: processes }, () => hire()));
  try {
    const total: Total = {
      seeds: 0,
      violations: 0,
      departures: 0,
      violated: [],
      faults: {},
      decisions: {},
      first: undefined,
    };
    const startedAt = performance.now();
    const perSecond = () => total.seeds / ((performance.now() - startedAt) / 1000);
    const players = crew.map(({ play }) => play);
    await playAll(players, plansOf(options), (plan, outcome) => {
      hear(total, plan, outcome);
      const wanted = options.planFile === undefined ? options.seeds : 1;
      screen.status(() => `${total.seeds} of ${wanted} storms, ${perSecond().toFixed(1)} a second`);
      return options.keepsGoing || total.first === undefined;
    });
    screen.end();
    const stormsPerSecond = Math.round(perSecond() * 100) / 100;
    const missing = total.seeds >= seedsForBranches ? missingIn(total) : [];
    show(total, stormsPerSecond, missing, options.json);
    if (total.first) await explain(total.first, players[0] as Player, screen);
    return total.first || missing.length > 0 ? 1 : 0;
  } finally {
    for (const { dismiss } of crew) dismiss();
  }
}

function hear(total: Total, plan: Plan, outcome: Outcome): void {
  total.seeds++;
  total.violations += outcome.violations.length;
  total.departures += outcome.departures;
  add(total.faults, outcome.faults);
  add(total.decisions, outcome.decisions);
  if (outcome.violations.length === 0) return;
  total.violated.push(plan.seed);
  total.first ??= { plan, violations: outcome.violations };
}

const missingIn = (total: Total): string[] => [
  ...decisions.filter((name) => total.decisions[name] === undefined),
  ...faults.filter((name) => total.faults[name] === undefined),
];

function show(total: Total, stormsPerSecond: number, missing: readonly string[], isJson: boolean): void {
  const { seeds, violations, violated, departures } = total;
  if (isJson) {
    const { faults, decisions } = total;
    console.log(
      JSON.stringify({
        seeds,
        violations,
        violated,
        departures,
        stormsPerSecond,
        missing,
        faults,
        decisions,
      }),
    );
    return;
  }
  for (const [title, counts] of [
    ['decision', total.decisions],
    ['fault', total.faults],
  ] as const) {
    const shown = table([title, 'times'], colours);
    for (const [name, count] of Object.entries(counts).sort(([, a], [, b]) => b - a))
      shown.push([name, { content: String(count), hAlign: 'right' }]);
    console.log(`${shown.toString()}\n`);
  }
  for (const name of missing) console.log(colours.red(`never reached: ${name}`));
  const verdict = violations === 0 ? colours.green('no violation') : colours.red(`${violations} violations`);
  if (violated.length > 1) console.log(`seeds with violations: ${violated.join(', ')}`);
  console.log(`${seeds} storms, ${departures} departures, ${stormsPerSecond} storms a second: ${verdict}`);
}

/** Makes the storm as small as it can be and says how to see it again. */
async function explain(first: NonNullable<Total['first']>, play: Player, screen: Screen): Promise<void> {
  const { plan, violations } = first;
  const { invariant } = violations[0] as Violation;
  const fails = async (smaller: Plan) =>
    (await play(smaller)).violations.some((one) => one.invariant === invariant);
  const small = await screen.during('makes the storm smaller', () => shrink(plan, fails));
  const file = `storm-${plan.seed}.json`;
  writeFileSync(file, `${JSON.stringify(small, undefined, 2)}\n`);
  const left = (await play(small)).violations;
  console.error(aside.red(`\nseed ${plan.seed}:`));
  for (const { invariant, time, what } of left) console.error(`${aside.red(invariant)}  ${time}  ${what}`);
  console.error(`\n${small.history.map((timed) => JSON.stringify(timed)).join('\n')}`);
  console.error(`\nreplay: npm run storms -- --plan ${file}`);
}

async function main(args: readonly string[]): Promise<number> {
  const options = parseOptions(args);
  if (options.help) {
    console.log(usage);
    return 0;
  }
  const screen = new Screen(process.stderr, aside);
  await screen.during('packages the service', packageService);
  return options.isPlanted ? proveByStorms(options, screen) : playStorms(options, screen);
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    const isBad = error instanceof BadArguments;
    console.error(aside.red(error instanceof Error ? error.message : String(error)));
    if (isBad) console.error(`\n${usage}`);
    process.exitCode = isBad ? 2 : 1;
  },
);
