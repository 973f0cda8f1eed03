import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Account } from '../../simulator/account.ts';
import { root } from '../files.ts';
import { clusterName, groupName, type Scene } from './scene.ts';

/** What a version of the steward leaves in AWS for the next one to find. `{time}` and the like stand for what differs each time. */
export interface LeftBehind {
  /** The lifecycle hook, by the members of AWS. */
  readonly hook: Readonly<Record<string, unknown>>;
  /** Attributes of container instances, each as `name = value`. */
  readonly attributes: readonly string[];
  /** What it has put into its own queues. */
  readonly messages: Readonly<Record<QueueName, readonly object[]>>;
  /** Events of its own that its own rules take, with what it reads of them. */
  readonly events: readonly object[];
}

export type QueueName = 'lane' | 'release' | 'interrupt';

const folder = join(root, 'test/left-behind');

/** What each version has left, by its number; the last one is what the code here leaves. */
export const versions: ReadonlyMap<number, LeftBehind> = new Map(
  readdirSync(folder)
    .map((file) => [Number(file.replace('.json', '')), file] as const)
    .toSorted(([a], [b]) => a - b)
    .map(([number, file]) => [number, JSON.parse(readFileSync(join(folder, file), 'utf8')) as LeftBehind]),
);

const queueOf = (url: unknown): QueueName => {
  if (/lane\.fifo$/.test(String(url))) return 'lane';
  return /ReleaseQueue/.test(String(url)) ? 'release' : 'interrupt';
};

/** A text without what differs each time. */
const general = (text: string) =>
  text
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '{time}')
    .replace(/arn:aws:ecs:[^"]+:container-instance\/[^"]+/g, '{containerInstanceArn}')
    .replace(/i-[0-9a-f]{17}/g, '{instanceId}')
    .replace(/"(autoScalingGroupName)":"[^"]+"/g, '"$1":"{autoScalingGroupName}"')
    .replace(/"(clusterName)":"[^"]+"/g, '"$1":"{clusterName}"')
    .replace(/("\{instanceId\}",)+(?="\{instanceId\}")/g, '');

const unique = (texts: readonly string[]) => [...new Set(texts.map(general))].sort();
const objects = (texts: readonly string[]) => unique(texts).map((text) => JSON.parse(text) as object);

/** What the functions have left behind in these accounts. */
export function leftIn(accounts: readonly Account[]): LeftBehind {
  const calls = (operation: string) =>
    accounts
      .flatMap(({ endpoint }) => endpoint.calls)
      .filter((call) => call.functionName !== undefined && call.operation === operation)
      .filter(({ outcome }) => outcome === 'ok');
  const inputs = (operation: string) => calls(operation).map(({ input }) => input);
  const sent = (queue: QueueName) =>
    inputs('SendMessage')
      .filter(({ QueueUrl }) => queueOf(QueueUrl) === queue)
      .map(({ MessageBody }) => String(MessageBody));
  const attributes = inputs('PutAttributes').flatMap(
    (input) => input.attributes as { name: string; value: string }[],
  );
  const entries = inputs('PutEvents').flatMap(
    (input) => input.Entries as { Source: string; DetailType: string; Detail: string }[],
  );
  const [hook = {}] = inputs('PutLifecycleHook');
  const { AutoScalingGroupName: _, ...members } = hook;
  return {
    hook: members,
    attributes: unique(attributes.map(({ name, value }) => `${name} = ${value}`)),
    messages: {
      lane: objects(sent('lane')),
      release: objects(sent('release')),
      interrupt: objects(sent('interrupt')),
    },
    events: objects(
      entries
        .filter(({ DetailType }) => /^Instance (Drained|Released)$/.test(DetailType))
        .map(({ Source, DetailType, Detail }) => {
          const { autoScalingGroupName, instanceId } = JSON.parse(Detail) as Record<string, string>;
          const detail = { autoScalingGroupName, instanceId };
          return JSON.stringify({ source: Source, 'detail-type': DetailType, detail });
        }),
    ),
  };
}

/** A text of a version, about one instance of a scene, now. */
export function filledIn(scene: Scene, text: string, instanceId: string): string {
  const words: Readonly<Record<string, string>> = {
    time: new Date(scene.account.world.now).toISOString(),
    containerInstanceArn: scene.registration(instanceId).containerInstanceArn,
    instanceId,
    autoScalingGroupName: groupName,
    clusterName,
  };
  return text.replace(/\{(\w+)\}/g, (whole, word: string) => words[word] ?? whole);
}
