import type { Outcome } from '../machine.ts';
import type { World } from '../world.ts';
import { isReachable } from './agents.ts';
import type { Ecs } from './ecs.ts';

/** How often agents reconnect by themselves. */
export interface ReconnectFaults {
  /** By each agent, on average: in normal operation several times (D-1.10g); 0: never. */
  readonly agentReconnectsPerHour: number;
  /** An agent is away for half a second up to so many seconds, if those are more. */
  readonly agentAwaySecondsMax: number;
  /** How likely one that goes does not come back by itself, 0 to 1. */
  readonly agentLossProbability: number;
}

const hourMs = 3_600_000;
const awayMsMin = 500;

/** Lets the agents of an account reconnect now and then, which one and when by the seed. Off unless it is set. */
export class Reconnects {
  private readonly world: World;
  private readonly ecs: Ecs;
  private readonly hear: (outcomes: readonly Outcome[]) => void;
  private readonly luck: ReturnType<World['chance']>;
  private settings: ReconnectFaults = {
    agentReconnectsPerHour: 0,
    agentAwaySecondsMax: 0,
    agentLossProbability: 0,
  };
  private cancel = () => {};

  constructor(options: { world: World; ecs: Ecs; hear: (outcomes: readonly Outcome[]) => void }) {
    this.world = options.world;
    this.ecs = options.ecs;
    this.hear = options.hear;
    this.luck = options.world.chance('agents');
  }

  get faults(): ReconnectFaults {
    return this.settings;
  }

  /** Changes what is given, from now on. */
  set(changes: Partial<ReconnectFaults>): void {
    this.settings = { ...this.settings, ...changes };
    this.cancel();
    this.plan();
  }

  /** The next one, at a time by which the agents that are there reconnect as often as they should, on average. */
  private plan(): void {
    const { agentReconnectsPerHour: perHour } = this.settings;
    if (perHour === 0) return;
    const meanMs = hourMs / (perHour * Math.max(1, this.connected().length));
    const at = this.world.now + this.luck.between(1, Math.max(1, Math.round(2 * meanMs)));
    this.cancel = this.world.atRoutine(at, () => {
      this.next();
      this.plan();
    });
  }

  private next(): void {
    const agents = this.connected();
    if (agents.length === 0) return;
    const ec2InstanceId = agents[this.luck.between(0, agents.length - 1)] ?? '';
    const { agentAwaySecondsMax, agentLossProbability } = this.settings;
    const { now } = this.world;
    if (this.luck.happens(agentLossProbability)) {
      this.hear(this.ecs.agentConnection(now, ec2InstanceId, false));
      return;
    }
    const awayMs = this.luck.between(awayMsMin, Math.max(awayMsMin, agentAwaySecondsMax * 1000));
    this.hear(this.ecs.agentReconnects(now, ec2InstanceId, awayMs));
  }

  private connected(): string[] {
    return this.ecs
      .containerInstanceRecords()
      .filter((instance) => isReachable(instance) && instance.status !== 'INACTIVE')
      .map(({ ec2InstanceId }) => ec2InstanceId);
  }
}
