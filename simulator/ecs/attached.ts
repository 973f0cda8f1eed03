import { createHash } from 'node:crypto';
import { drainingHookName } from './managed-draining.ts';
import { isScaled } from './providers.ts';
import type { Cluster } from './records.ts';
import type { State } from './state.ts';

/** What ECS has made for the providers of a cluster: for each one that it scales, and for each one that it drains (D-4.19). */
export function attachmentsOf(state: State, { capacityProviders = [] }: Cluster, at: number) {
  return capacityProviders.flatMap((name) => {
    const provider = state.provider(name, at);
    const policy = `ECSManagedAutoScalingPolicy-${idOf(`${name} policy`)}`;
    const isDrained = provider?.group?.managedDraining === 'ENABLED';
    return [
      ...(isScaled(provider) ? [attachment(name, 'as_policy', 'scalingPolicyName', policy)] : []),
      ...(isDrained
        ? [attachment(name, 'managed_draining', 'autoScalingLifecycleHookName', drainingHookName)]
        : []),
    ];
  });
}

function attachment(provider: string, type: string, name: string, value: string) {
  const details = [
    { name: 'capacityProviderName', value: provider },
    { name, value },
  ];
  return { id: idOf(`${provider} ${type}`), type, status: 'CREATED', details };
}

/** The same for the same text, in the form of a UUID. */
function idOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join(
    '-',
  );
}
