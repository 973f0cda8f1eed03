/** What an operation does to one resource. */
export interface Step {
  readonly key: string;
  /** The keys of the steps that come first; one that is no step of the operation is not waited for. */
  readonly after: ReadonlySet<string>;
  /** Begins. `end` is to be called once: with true when it went well. */
  begin(end: (isWell: boolean) => void): void;
  /** Breaks it off; `end` is not heard any more. */
  cancel(): void;
}

/** How the steps of an operation are taken. */
export interface StepsOptions {
  readonly steps: readonly Step[];
  /** Whether one that fails breaks the others off; if not, only those that come after it are not taken. */
  readonly stopsAtFailure: boolean;
  /** Told once, when nothing is under way any more. */
  readonly onEnd: (isWell: boolean) => void;
}

/** Takes the steps of an operation, each as soon as those before it have gone well. */
export class Steps {
  private readonly options: StepsOptions;
  private readonly waiting: Step[];
  private readonly running = new Set<Step>();
  private readonly failed = new Set<string>();
  private isOver = false;

  constructor(options: StepsOptions) {
    this.options = options;
    this.waiting = [...options.steps];
    this.advance();
  }

  /** Breaks everything off; nobody is told. */
  cancel(): void {
    this.isOver = true;
    this.breakOff();
  }

  private advance(): void {
    for (let step = this.takeReady(); step && !this.isOver; step = this.takeReady()) this.begin(step);
    if (this.isOver || this.running.size > 0) return;
    this.isOver = true;
    this.options.onEnd(this.failed.size === 0);
  }

  private takeReady(): Step | undefined {
    const open = new Set([...this.waiting, ...this.running].map(({ key }) => key));
    const ready = this.waiting.find(({ after }) =>
      [...after].every((key) => !open.has(key) && !this.failed.has(key)),
    );
    if (ready) this.waiting.splice(this.waiting.indexOf(ready), 1);
    return ready;
  }

  private begin(step: Step): void {
    this.running.add(step);
    step.begin((isWell) => {
      if (!this.running.delete(step)) return;
      if (!isWell) this.failed.add(step.key);
      if (!isWell && this.options.stopsAtFailure) {
        this.waiting.length = 0;
        this.breakOff();
      }
      this.advance();
    });
  }

  private breakOff(): void {
    const running = [...this.running];
    this.running.clear();
    for (const step of running) {
      this.failed.add(step.key);
      step.cancel();
    }
  }
}
