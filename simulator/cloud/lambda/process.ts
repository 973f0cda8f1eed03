import { createHash } from 'node:crypto';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WireRequest, WireResponse } from '../../endpoint.ts';
import type { Machine, Outcome } from '../../machine.ts';
import type { World } from '../../world.ts';
import { type After, Child } from './child.ts';
import type { Handler, Platform, Runtime } from './sandbox.ts';
import { unzip } from './zip.ts';

/** How the processes of a world are set up. */
export interface ProcessesOptions {
  readonly world: World;
  /** Where `handle` is reached over HTTP, as `http://127.0.0.1:4566`. */
  readonly endpointUrl: string;
  /** How long, in real time, a process may compute without a sign of life before it is ended (milliseconds). */
  readonly silenceMsMax?: number;
  readonly after?: After;
}

/** The headers that a process puts on its requests: which environment, and which of its requests. */
const environmentHeader = 'x-simulator-environment';
const numberHeader = 'x-simulator-sequence';
const onlyHttp = 'a function reaches AWS through http.request and https.request of its main thread only';

/** The clock of this machine; it has a say in nothing but how long a silent process is waited for. */
const afterRealTime: After = (milliseconds, run) => {
  const timer = setTimeout(run, milliseconds);
  return () => clearTimeout(timer);
};

/**
 * The processes that functions run in from their packages, one for each execution environment. While any of them computes the
 * world stands still; then all that they said is handed on in an order that does not depend on the real machine: by the
 * start of their environments.
 */
export class Processes implements Machine {
  private readonly options: ProcessesOptions;
  private readonly children = new Map<string, Child>();
  private readonly busy = new Set<Child>();
  private readonly exits = new Set<Promise<void>>();
  private readonly folders = new Map<string, Promise<string>>();
  private base: string | undefined;
  private release = () => {};

  constructor(options: ProcessesOptions) {
    this.options = options;
    options.world.host(this, () => undefined);
  }

  /** The runtime of functions whose deployment package (a zip archive) this is. */
  runtime(archive: Uint8Array): Runtime {
    return (handlerName) => (platform) => this.start(archive, handlerName, platform);
  }

  /**
   * Answers a request that came over HTTP with the credentials of an environment; undefined: it is not of one of these.
   * Rejects what no environment can do here, rather than let it wait for a world that stands still for it.
   */
  handle(accessKeyId: string, request: WireRequest): Promise<WireResponse> | undefined {
    const child = this.children.get(accessKeyId);
    const number = Number(request.headers[numberHeader]);
    if (child && Number.isInteger(number)) return child.arrive(number, request);
    if (child)
      return Promise.reject(new Error(`A request came without the header ${numberHeader}: ${onlyHttp}`));
    return this.children.has(request.headers[environmentHeader] ?? '')
      ? Promise.reject(new Error('A function called with other credentials than those of its environment'))
      : undefined;
  }

  /** When the next timer of a process is due (virtual milliseconds). */
  get nextAt(): number | undefined {
    let first: number | undefined;
    for (const { nextAt } of this.children.values())
      if (nextAt !== undefined && (first === undefined || nextAt < first)) first = nextAt;
    return first;
  }

  /** Fires the timers of the process that is next, one at a time: what it does then goes before the others. */
  advance(now: number): Outcome[] {
    const { nextAt } = this;
    if (nextAt === undefined || nextAt > now) return [];
    [...this.children.values()].find((child) => child.nextAt === nextAt)?.fireTimers();
    return [];
  }

  /** Ends every process and removes what was unpacked. */
  async stop(): Promise<void> {
    for (const child of this.children.values()) child.stop();
    await Promise.all(this.exits);
    await Promise.allSettled(this.folders.values());
    this.folders.clear();
    process.off('exit', this.stopAtOnce);
    if (this.base !== undefined) await rm(this.base, { recursive: true, force: true });
    this.base = undefined;
  }

  /** When this process ends without `stop`. */
  private readonly stopAtOnce = (): void => {
    for (const child of this.children.values()) child.stop();
    if (this.base !== undefined) rmSync(this.base, { recursive: true, force: true });
  };

  private start(archive: Uint8Array, handlerName: string, platform: Platform): Handler {
    const { endpointUrl, silenceMsMax = 60_000, after = afterRealTime } = this.options;
    const accessKeyId = platform.environment.AWS_ACCESS_KEY_ID ?? '';
    let noteExit = () => {};
    const exit = new Promise<void>((resolve) => {
      noteExit = resolve;
    });
    this.exits.add(exit);
    const child = new Child({
      platform,
      handlerName,
      folder: this.unpacked(archive),
      endpointUrl,
      silenceMsMax,
      after,
      onBusy: (own) => this.hold(own),
      onRest: (own) => this.rest(own),
      onExit: () => {
        this.children.delete(accessKeyId);
        this.exits.delete(exit);
        noteExit();
      },
    });
    this.children.set(accessKeyId, child);
    return Object.assign((event: unknown, context: Record<string, unknown>) => child.invoke(event, context), {
      process: child,
    });
  }

  private hold(child: Child): void {
    if (this.busy.size === 0) this.release = this.options.world.hold();
    this.busy.add(child);
  }

  private rest(child: Child): void {
    this.busy.delete(child);
    if (this.busy.size > 0) return;
    const { release } = this;
    for (const one of new Set([...this.children.values(), child])) one.handOn();
    release();
  }

  /** Where the files of a package lie: unpacked once, however many environments run it. */
  private unpacked(archive: Uint8Array): Promise<string> {
    const digest = createHash('sha256').update(archive).digest('hex');
    const folder = this.folders.get(digest) ?? this.unpack(archive, digest);
    this.folders.set(digest, folder);
    return folder;
  }

  private async unpack(archive: Uint8Array, digest: string): Promise<string> {
    this.base ??= this.makeBase();
    const folder = join(this.base, digest.slice(0, 16));
    await mkdir(folder);
    await unzip(archive, folder);
    return folder;
  }

  private makeBase(): string {
    process.once('exit', this.stopAtOnce);
    return mkdtempSync(join(realpathSync(tmpdir()), 'ecs-steward-lambda-'));
  }
}
