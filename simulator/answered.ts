import { channel } from 'node:diagnostics_channel';
import { type Applied, Fault, type ServiceName } from './machine.ts';

/** A call with its answer: a reply, or an error. */
export interface Answered {
  readonly service: ServiceName;
  readonly operation: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly reply?: Readonly<Record<string, unknown>>;
  readonly fault?: Fault;
}

/** Says every call and its answer to whoever subscribes; the tests do. */
export const answered = channel('simulator.answered');

/** Answers a call and says so; a reply that comes later is said when it comes. Throws what `answer` throws. */
export function answering(
  service: ServiceName,
  { operation, input }: { readonly operation: string; readonly input: Readonly<Record<string, unknown>> },
  answer: () => Applied,
): Applied {
  const say = (answer: Pick<Answered, 'reply' | 'fault'>) =>
    answered.publish({ service, operation, input, ...answer } satisfies Answered);
  try {
    const applied = answer();
    const { reply, later } = applied;
    if (!later) {
      say({ reply });
      return applied;
    }
    return {
      ...applied,
      later: (done) =>
        later((given) => {
          say({ reply: given });
          done(given);
        }),
    };
  } catch (error) {
    if (error instanceof Fault) say({ fault: error });
    throw error;
  }
}
