import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { coloursFor } from '../../demo/colours.ts';
import type { Screen } from '../../demo/screen.ts';
import { table } from '../../demo/table.ts';
import { copyOfProject, root } from '../files.ts';
import { change } from '../prove/change.ts';
import type { StormOptions } from './args.ts';
import type { Planted } from './bug.ts';
import { hire } from './crew.ts';
import { planOf } from './plan.ts';
import { planted } from './planted.ts';

/** What became of one bug: after how many storms which invariant did not hold. */
interface Caught {
  readonly bug: Planted;
  /** Undefined: in no storm. */
  readonly storms: number | undefined;
  readonly invariant: string | undefined;
}

/** Plants one bug after the other and plays storms until one is noticed, at most as many as asked for. */
export async function proveByStorms(options: StormOptions, screen: Screen): Promise<number> {
  const copies = Array.from({ length: options.processes }, copyOfProject);
  try {
    for (const copy of copies)
      cpSync(join(root, '.serverless'), join(copy, '.serverless'), { recursive: true });
    const waiting = [...planted];
    const found: Caught[] = [];
    const work = async (copy: string) => {
      for (let bug = waiting.shift(); bug; bug = waiting.shift()) {
        found.push(await plant(copy, bug, options));
        screen.status(() => `${found.length} of ${planted.length} bugs`);
      }
    };
    await Promise.all(copies.map(work));
    screen.end();
    show(found, options);
    return found.every(({ storms }) => storms !== undefined) ? 0 : 1;
  } finally {
    for (const copy of copies) rmSync(copy, { recursive: true, force: true });
  }
}

async function plant(copy: string, bug: Planted, { seed, seeds, size }: StormOptions): Promise<Caught> {
  const undo = change(copy, bug.changes);
  const { play, dismiss } = await hire(copy);
  try {
    for (let storms = 1; storms <= seeds; storms++) {
      const plan = planOf(seed + storms - 1, size);
      if (bug.matters?.(plan) === false) continue;
      const { violations } = await play(plan);
      if (violations[0]) return { bug, storms, invariant: violations[0].invariant };
    }
    return { bug, storms: undefined, invariant: undefined };
  } finally {
    dismiss();
    undo();
  }
}

function show(found: readonly Caught[], { json, seeds }: StormOptions): void {
  const sorted = found.toSorted((a, b) => (a.storms ?? seeds + 1) - (b.storms ?? seeds + 1));
  if (json) {
    const lines = sorted.map(({ bug, storms, invariant }) => ({ bug: bug.broken, storms, invariant }));
    console.log(JSON.stringify(lines));
    return;
  }
  const colours = coloursFor(process.stdout, process.env);
  const shown = table(['bug', 'storms', 'by'], colours);
  for (const { bug, storms, invariant } of sorted)
    shown.push([
      bug.broken,
      { content: storms === undefined ? colours.red('never') : String(storms), hAlign: 'right' },
      invariant ?? '',
    ]);
  console.log(shown.toString());
  const caught = sorted.filter(({ storms }) => storms !== undefined).length;
  console.log(`\n${caught} of ${sorted.length} planted bugs were noticed.`);
}
