import { isAside, isLeaving, isWarm } from './passage.ts';
import type { Instance } from './state.ts';
import { isUneven } from './zones.ts';

/**
 * What is counted of the instances of one group, kept up to date as they come, change and go: nobody has to look at all
 * of them because one has changed.
 */
export class Tally {
  /** All, those of the warm pool among them. */
  present = 0;
  /** In the warm pool, on their way into it or out of it. */
  warm = 0;
  /** Those in the group's places: not leaving, or dead and still held by a hook. */
  places = 0;
  /** Those of them that are On-Demand. */
  onDemand = 0;
  /** Those of them that are to replace another one. */
  replacing = 0;
  /** Those of them that EC2 recommends to replace. */
  atRisk = 0;
  /** Those of them that were found unhealthy. */
  unhealthy = 0;
  /** Those of the warm pool that are not leaving. */
  pooled = 0;
  private readonly placesIn = new Map<string, number>();
  private readonly pooledIn = new Map<string, number>();

  /** Counts an instance in (1) or out (-1). */
  count(instance: Instance, by: 1 | -1): void {
    const { availabilityZone, market } = instance;
    this.present += by;
    if (isWarm(instance)) this.warm += by;
    if (isPooled(instance)) {
      this.pooled += by;
      add(this.pooledIn, availabilityZone, by);
    }
    if (!takesPlace(instance)) return;
    this.places += by;
    if (market === 'on-demand') this.onDemand += by;
    if (instance.replaces) this.replacing += by;
    if (instance.isAtRisk) this.atRisk += by;
    if (!instance.isHealthy) this.unhealthy += by;
    add(this.placesIn, availabilityZone, by);
  }

  /** How many places are taken in each Availability Zone; the caller's to change. */
  crowd(): Map<string, number> {
    return new Map(this.placesIn);
  }

  /** Whether the places are spread unevenly over these zones, those of the group (D-3.21). */
  isUneven(zones: readonly string[]): boolean {
    return isUneven(zones, this.placesIn);
  }

  /** How many instances of the warm pool are in each Availability Zone; the caller's to change. */
  poolCrowd(): Map<string, number> {
    return new Map(this.pooledIn);
  }
}

/** Whether an instance takes a place of its group. */
export const takesPlace = (instance: Instance): boolean =>
  !isWarm(instance) && !isAside(instance) && (!isLeaving(instance) || instance.holdsCapacity);

/** Whether an instance is in the warm pool or on its way into it. */
export const isPooled = (instance: Instance): boolean => isWarm(instance) && !isLeaving(instance);

function add(crowd: Map<string, number>, zone: string, by: number): void {
  const count = (crowd.get(zone) ?? 0) + by;
  if (count === 0) crowd.delete(zone);
  else crowd.set(zone, count);
}
