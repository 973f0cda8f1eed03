import { Writable } from 'node:stream';
import { createLogUpdate } from 'log-update';
import { type Colours, plain } from './colours.ts';

/** Where the demo prints to; a terminal says so and knows its size, of which 0 means that it does not. */
export type Output = Writable & {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
};

/** The status is drawn at most so often (milliseconds of real time). */
const frameMs = 50;
const spinner = ['-', '\\', '|', '/'];

/** Lines for whoever reads along, and on a terminal a status below them; in a pipe there is only what was said. */
export class Screen {
  private readonly out: Output;
  private readonly colours: Colours;
  private readonly clock: () => number;
  private readonly live: ReturnType<typeof createLogUpdate> | undefined;
  private drawnAt = Number.NEGATIVE_INFINITY;

  /** `clock` gives milliseconds of real time. */
  constructor(out: Output, colours: Colours = plain, clock: () => number = () => performance.now()) {
    this.out = out;
    this.colours = colours;
    this.clock = clock;
    const isTerminal = out.isTTY === true && (out.columns ?? 0) > 0;
    this.live = isTerminal ? createLogUpdate(sized(out)) : undefined;
  }

  /** Whether somebody watches it as it happens. */
  get isLive(): boolean {
    return this.live !== undefined;
  }

  /** Prints what stays. */
  say(text: string): void {
    this.live?.clear();
    this.out.write(`${text}\n`);
  }

  /** Draws the status of this moment, plain text of any number of lines, unless one was drawn just before. */
  status(text: () => string): void {
    const { live, out } = this;
    const now = this.clock();
    if (!live || now - this.drawnAt < frameMs) return;
    this.drawnAt = now;
    const width = (out.columns ?? 80) - 1;
    const lines = text().split('\n');
    live(lines.map((line) => this.colours.dim(line.slice(0, width))).join('\n'));
  }

  /** Says what is being done; on a terminal with the seconds that it has taken so far, and in the end took. */
  async during<T>(what: string, work: () => Promise<T>): Promise<T> {
    if (!this.live) {
      this.say(this.colours.dim(what));
      return work();
    }
    const startedAt = this.clock();
    const taken = () => `${what}  ${((this.clock() - startedAt) / 1000).toFixed(1)} s`;
    let turn = 0;
    const show = () => this.status(() => `${spinner[turn++ % spinner.length]} ${taken()}`);
    show();
    const timer = setInterval(show, 2 * frameMs);
    try {
      const result = await work();
      this.say(this.colours.dim(taken()));
      return result;
    } finally {
      clearInterval(timer);
    }
  }

  /** Takes the status away and gives the cursor back. */
  end(): void {
    this.live?.clear();
    this.live?.done();
  }
}

/** The same output with a height: a terminal of 0 rows would be shown nothing. */
function sized(out: Output): Writable {
  const write = (chunk: string, _encoding: string, done: () => void) => {
    out.write(chunk);
    done();
  };
  const size = { columns: { get: () => out.columns }, rows: { get: () => out.rows || undefined } };
  return Object.defineProperties(new Writable({ decodeStrings: false, write }), size);
}

/** Ends this process quietly, with exit code 0, when whoever reads the stream stops reading, as `head` does. */
export function endWithReader(stream: NodeJS.WriteStream): void {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(0);
  });
}
