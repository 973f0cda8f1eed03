import type { FunctionCaller } from '../../endpoint.ts';
import type { Sandbox } from './sandbox.ts';

/** Who signs requests with an access key: an execution environment. */
export type Signer = Pick<FunctionCaller, 'principalArn' | 'client' | 'functionName'>;

/** From so many keys on, those of environments that are gone are looked for and forgotten. */
const keysMax = 1000;

/** The access keys of execution environments: a key is good as long as its environment lives. */
export class Signers {
  private readonly signers = new Map<string, { readonly sandbox: Sandbox; readonly signer: Signer }>();

  /** Gives an environment its key. */
  add(accessKeyId: string, sandbox: Sandbox, signer: Signer): void {
    if (this.signers.size >= keysMax)
      for (const [key, entry] of this.signers) if (!entry.sandbox.isAlive) this.signers.delete(key);
    this.signers.set(accessKeyId, { sandbox, signer });
  }

  /** Whose a key is; undefined: nobody's, or of an environment that is gone. */
  find(accessKeyId: string): Signer | undefined {
    const entry = this.signers.get(accessKeyId);
    return entry?.sandbox.isAlive ? entry.signer : undefined;
  }
}
