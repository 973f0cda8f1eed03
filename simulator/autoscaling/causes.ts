import { secondsOf } from './ground.ts';
import { failedCheckOf } from './health.ts';
import type { ReplacementView } from './replacement.ts';
import type { Instance, Motive } from './state.ts';
import { crowdsOf } from './zones.ts';

/** What the words of an activity tell of. */
interface Told {
  readonly view: ReplacementView;
  readonly old: Instance;
  /** The one that came in its place; undefined: none did yet. */
  readonly next?: Instance | undefined;
}

/** Why the activity of a launch, and why that of the instance that leaves, as far as AWS's words are known (D-13.64). */
const words: Readonly<Record<Motive, { launch: (told: Told) => string; leave: (told: Told) => string }>> = {
  health: {
    launch: ({ view }) => `${an(view)} launched in response to an unhealthy instance needing to be replaced.`,
    leave: ({ view, old }) => `${an(view)} taken out of service in response to ${failedCheckOf(old)}.`,
  },
  risk: {
    launch: ({ view }) => `${an(view)} launched in response to an EC2 instance rebalance recommendation.`,
    leave: ({ view }) =>
      `${an(view)} taken out of service in response to an EC2 instance rebalance recommendation.`,
  },
  lifetime: {
    launch: ({ view }) => `${an(view)} launched in response to an instance reaching its maximum lifetime.`,
    leave: ({ view }) =>
      `${an(view)} taken out of service in response to reaching its maximum instance lifetime.`,
  },
  zones: { launch: aidsBalance, leave: isMoreThanDesired },
  purchase: {
    launch: ({ view }) =>
      `${an(view)} started in response to a difference between desired and actual capacity, increasing the capacity from ${view.members.length} to ${view.members.length + 1}.`,
    leave: ({ view, old }) => selected(view, old),
  },
};

/** Why a new instance is launched in the place of `old`. */
export const launchCause = (view: ReplacementView, motive: Motive, old: Instance): string =>
  words[motive].launch({ view, old });

/** Why the old instance leaves, after `next` has come or before another one does. */
export const leaveCause = (view: ReplacementView, motive: Motive, old: Instance, next?: Instance): string =>
  words[motive].leave({ view, old, next });

const an = ({ now }: ReplacementView) => `At ${secondsOf(now)} an instance was`;

function aidsBalance({ view: { now, group, members } }: Told): string {
  const crowd = crowdsOf(members);
  const zones = [...new Set([...group.settings.AvailabilityZones, ...crowd.keys()])];
  const counts = zones.map((zone) => crowd.get(zone) ?? 0);
  return `At ${secondsOf(now)} availability zones ${zones.join(' ')} had ${counts.join(' ')} instances respectively. An instance was launched to aid in balancing the group's zones.`;
}

function isMoreThanDesired({ view, old, next }: Told): string {
  const balance = next
    ? `At ${secondsOf(next.launchedAt)} instances were launched to balance instances in zones ${next.availabilityZone} with other zones resulting in more than desired number of instances in the group.  `
    : '';
  return balance + selected(view, old);
}

const selected = (view: ReplacementView, old: Instance) =>
  `${an(view)} taken out of service in response to a difference between desired and actual capacity, shrinking the capacity from ${view.members.length} to ${view.members.length - 1}.  At ${secondsOf(view.now)} instance ${old.instanceId} was selected for termination.`;
