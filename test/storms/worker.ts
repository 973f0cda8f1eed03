import { functionsFromSource } from '../../demo/install.ts';
import type { Plan } from './plan.ts';
import { play } from './storm.ts';
import { withoutWire } from './unwired.ts';

/** A process of its own that plays one plan after the other, as it is told, and says what came of each. */
withoutWire();
const runtime = await functionsFromSource();

process.on('message', ({ plan }: { readonly plan: Plan }) => {
  play(plan, runtime).then(
    (outcome) => process.send?.({ outcome }),
    (error: unknown) => process.send?.({ error: error instanceof Error ? error.stack : String(error) }),
  );
});
process.send?.('ready');
