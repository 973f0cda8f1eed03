import type { Sandbox } from './sandbox.ts';

/** An environment that nobody used for so long is gone (our choice; AWS promises nothing). */
export const idleMs = 600_000;

/** The execution environments of one version of a function that wait for an invocation. */
export class Warm {
  private sandboxes: Sandbox[] = [];
  private isRetired = false;

  /** The environment used last, so that the others can go; those that are too old or dead are ended. */
  take(now: number): Sandbox | undefined {
    const isGone = ({ idleSince, isAlive }: Sandbox) => !isAlive || now - idleSince > idleMs;
    for (const sandbox of this.sandboxes.filter(isGone)) sandbox.stop();
    this.sandboxes = this.sandboxes.filter(({ isAlive }) => isAlive);
    return this.sandboxes.pop();
  }

  /** Takes back an environment whose invocation has ended. */
  add(sandbox: Sandbox): void {
    if (this.isRetired) sandbox.stop();
    else if (sandbox.isAlive) this.sandboxes.push(sandbox);
  }

  /** The function has other code now, or is gone: ends every environment, those that run when they are given back. */
  retire(): void {
    this.isRetired = true;
    for (const sandbox of this.sandboxes) sandbox.stop();
    this.sandboxes = [];
  }
}
