import type { Outcome } from '../machine.ts';
import type { World } from '../world.ts';
import type { Ec2 } from './ec2.ts';
import { statusChecks } from './instance.ts';

/** How often status checks of instances begin to fail by themselves. */
export interface ImpairmentFaults {
  /** Of all instances together, on average; 0: never. */
  readonly impairmentsPerHour: number;
}

const hourMs = 3_600_000;

/** Lets a status check of an instance fail now and then, which one and when by the seed. Off unless it is set. */
export class Impairments {
  private readonly world: World;
  private readonly ec2: Ec2;
  private readonly hear: (outcomes: readonly Outcome[]) => void;
  private readonly luck: ReturnType<World['chance']>;
  private settings: ImpairmentFaults = { impairmentsPerHour: 0 };
  private cancel = () => {};

  constructor(options: { world: World; ec2: Ec2; hear: (outcomes: readonly Outcome[]) => void }) {
    this.world = options.world;
    this.ec2 = options.ec2;
    this.hear = options.hear;
    this.luck = options.world.chance('impairments');
  }

  get faults(): ImpairmentFaults {
    return this.settings;
  }

  /** Changes what is given, from now on. */
  set(changes: Partial<ImpairmentFaults>): void {
    this.settings = { ...this.settings, ...changes };
    this.cancel();
    this.plan();
  }

  private plan(): void {
    const { impairmentsPerHour: perHour } = this.settings;
    if (perHour === 0) return;
    const at = this.world.now + this.luck.between(1, Math.max(1, Math.round((2 * hourMs) / perHour)));
    this.cancel = this.world.atRoutine(at, () => {
      this.next();
      this.plan();
    });
  }

  private next(): void {
    const sound = this.ec2.all().filter(({ state, impairment }) => state === 'running' && !impairment);
    const chosen = sound[this.luck.between(0, Math.max(0, sound.length - 1))];
    const check = statusChecks[this.luck.between(0, 1)] ?? 'system';
    if (chosen) this.hear(this.ec2.impair(chosen.instanceId, check));
  }
}
