import { structure, texts } from './input.ts';
import type { State } from './state.ts';

/** The subnets of a network configuration. */
export function subnetsOf(networkConfiguration: unknown): readonly string[] {
  const { awsvpcConfiguration } = structure(networkConfiguration, 'networkConfiguration');
  return texts(structure(awsvpcConfiguration, 'awsvpcConfiguration'), 'subnets');
}

/**
 * The zones of a task's subnets, each once; undefined: it may be in any, as it has no subnets or one whose zone nobody
 * has told (D-9.60).
 */
export function zonesOfSubnets(state: State, networkConfiguration: unknown): readonly string[] | undefined {
  const zones = subnetsOf(networkConfiguration).map((subnetId) => state.subnetZones.get(subnetId));
  const known = zones.filter((zone) => zone !== undefined);
  return known.length > 0 && known.length === zones.length ? [...new Set(known)] : undefined;
}
