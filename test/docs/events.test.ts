import { describe, expect, it } from 'vitest';
import { tagGroup } from '../../demo/cluster.ts';
import { blockerOrder } from '../../lib/blockers.ts';
import { Fault } from '../../simulator/machine.ts';
import { textOf } from '../files.ts';
import { type Announced, announcedIn } from '../scenarios/announced.ts';
import { groupName, Scene, service } from '../scenarios/scene.ts';

/** A detail-type as docs/events.md describes it. */
interface Described {
  readonly fields: readonly string[];
  readonly optional: readonly string[];
  /** The words that a field may be, where the page lists them in front of a colon or alone. */
  readonly words: ReadonlyMap<string, readonly string[]>;
  readonly example: Announced | undefined;
}

const [, ...sections] = textOf('docs/events.md').split(/^## /m);
const described = new Map<string, Described>(
  sections.map((section) => [section.split('\n')[0] ?? '', readSection(section)]),
);

function readSection(section: string): Described {
  const [table = ''] = /^\| field \|[\s\S]*?\n\n/m.exec(section) ?? [];
  const rows = [...table.matchAll(/^\| `(\w+)` \| (.*) \|$/gm)].map(([, field = '', text = '']) => ({
    field,
    text,
  }));
  const [, json] = /^```json\n([\s\S]*?)^```/m.exec(section) ?? [];
  const wordsOf = (text: string) => [...text.matchAll(/`([a-z-]+)`/g)].map(([, word = '']) => word);
  return {
    fields: rows.map(({ field }) => field),
    optional: rows.filter(({ text }) => text.startsWith('optional: ')).map(({ field }) => field),
    words: new Map(rows.map(({ field, text }) => [field, wordsOf(text)])),
    example: json === undefined ? undefined : (JSON.parse(json) as Announced),
  };
}

const common = described.get('What every event has')?.fields ?? [];
const types = [...described].filter(([, { example }]) => example !== undefined);
const picked = ['why', 'decision'];

/** What the page does not say of an event, or says otherwise. */
function faultsOf({ 'detail-type': detailType, detail }: Announced): string[] {
  const section = described.get(detailType);
  if (!section?.example) return [`${detailType} has no section with an example`];
  const { fields, optional, words } = section;
  const known = [...common, ...fields];
  const needed = known.filter((field) => !optional.includes(field));
  const isOther = (field: string) => field in detail && !words.get(field)?.includes(String(detail[field]));
  return [
    ...Object.keys(detail)
      .filter((field) => !known.includes(field))
      .map((field) => `${detailType} has a field ${field} that the page does not know`),
    ...needed.filter((field) => !(field in detail)).map((field) => `${detailType} lacks ${field}`),
    ...picked
      .filter((field) => fields.includes(field) && isOther(field))
      .map((field) => `${detailType} has ${field} ${detail[field]}, which the page does not know`),
  ];
}

describe.each(types)('docs/events.md: %s', (detailType, { fields, optional, example }) => {
  it('has an example of this detail-type that shows every field which is always there', () => {
    expect(example).toMatchObject({ source: 'ecs-steward', 'detail-type': detailType });
    expect(faultsOf(example as Announced)).toEqual([]);
    const shown = Object.keys(example?.detail ?? {});
    expect(fields.filter((field) => !shown.includes(field) && !optional.includes(field))).toEqual([]);
  });
});

describe('docs/events.md', () => {
  it('has a row for every kind of blocker, in their order', () => {
    const [table = ''] = /^\| kind \|[\s\S]*?\n\n/m.exec(textOf('docs/events.md')) ?? [];
    const kinds = [...table.matchAll(/^\| `([\w-]+)` \|/gm)].map(([, kind]) => kind);
    expect(kinds).toEqual(blockerOrder);
  });
});

/** A scene in which everything happens that there is an event for. */
async function everything(): Promise<Scene> {
  const stuck = service({ desiredCount: 3, minimumHealthyPercent: 100, maximumPercent: 100 });
  const tags = { 'ecs-steward:drain-deadline': '6m', 'ecs-steward:colour': 'blue' };
  const scene = await Scene.open({ services: [stuck], tags });
  const { endpoint } = scene.account;
  endpoint.faults.refuse = ({ operation }) => {
    if (operation === 'CompleteLifecycleAction')
      throw new Fault('ResourceContention', 'A fault of the test.');
  };
  const instanceId = scene.terminate();
  await scene.account.advance(600);
  endpoint.faults.refuse = undefined;
  await scene.ended(instanceId);
  tagGroup(scene.account, groupName, { 'ecs-steward:state': 'leaving' });
  const next = scene.account.ec2.all().find((one) => one.instanceId !== instanceId);
  await scene.ended(scene.terminate(next?.instanceId));
  await scene.account.advance(300);
  return scene;
}

/** A scene in which a pause was forgotten. */
async function forgotten(): Promise<Scene> {
  const scene = await Scene.open({ services: [service()], tags: { 'ecs-steward:state': 'paused' } });
  scene.terminate();
  await scene.account.advance(120);
  await scene.pauseSweeps(42 * 3600);
  await scene.account.advance(120);
  return scene;
}

describe('the events of a scene with everything in it', () => {
  it('are those of docs/events.md, field by field', async () => {
    const events = [...announcedIn(await everything()), ...announcedIn(await forgotten())];
    expect(events.flatMap(faultsOf)).toEqual([]);
    const seen = new Set(events.map((event) => event['detail-type']));
    expect([...seen].sort()).toEqual(types.map(([detailType]) => detailType).sort());
  });
});
