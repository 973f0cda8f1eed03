import type { FunctionCaller } from '../../endpoint.ts';
import type { Sandbox } from './sandbox.ts';

/** Who signs requests with an access key: an execution environment. */
export type Signer = Pick<FunctionCaller, 'principalArn' | 'client' | 'functionName'>;

/** What is asked of an environment. */
type Lives = Pick<Sandbox, 'isAlive'>;

/** The access keys of execution environments: a key is good as long as its environment lives. */
export class Signers {
  private readonly signers = new Map<string, { readonly sandbox: Lives; readonly signer: Signer }>();

  /** How many keys are known, those of environments that ended since the last one began among them. */
  get size(): number {
    return this.signers.size;
  }

  /** Gives an environment its key, and forgets those that are gone: each holds all that its code has in memory. */
  add(accessKeyId: string, sandbox: Lives, signer: Signer): void {
    for (const [key, entry] of this.signers) if (!entry.sandbox.isAlive) this.signers.delete(key);
    this.signers.set(accessKeyId, { sandbox, signer });
  }

  /** Whose a key is; undefined: nobody's, or of an environment that is gone. */
  find(accessKeyId: string): Signer | undefined {
    const entry = this.signers.get(accessKeyId);
    return entry?.sandbox.isAlive ? entry.signer : undefined;
  }
}
