import { describe, expect, it } from 'vitest';
import { textOf } from '../files.ts';
import { type Announced, announcedIn } from '../scenarios/announced.ts';
import { Scene } from '../scenarios/scene.ts';

/** A detail-type as docs/events.md describes it. */
interface Described {
  readonly fields: readonly string[];
  readonly why: readonly string[];
  readonly example: Announced | undefined;
}

const [, ...sections] = textOf('docs/events.md').split(/^## /m);
const described = new Map<string, Described>(
  sections.map((section) => [section.split('\n')[0] ?? '', readSection(section)]),
);

function readSection(section: string): Described {
  const rows = [...section.matchAll(/^\| `(\w+)` \| (.*) \|$/gm)];
  const [, json] = /^```json\n([\s\S]*?)^```/m.exec(section) ?? [];
  const whys = rows.find(([, field]) => field === 'why')?.[2] ?? '';
  return {
    fields: rows.map(([, field = '']) => field),
    why: [...whys.matchAll(/`([\w-]+)`/g)].map(([, why = '']) => why),
    example: json === undefined ? undefined : (JSON.parse(json) as Announced),
  };
}

const common = described.get('What every event has')?.fields ?? [];
const types = [...described].filter(([, { example }]) => example !== undefined);

/** What the page does not say of an event, or says otherwise. */
function faultsOf({ 'detail-type': detailType, detail }: Announced): string[] {
  const section = described.get(detailType);
  if (!section?.example) return [`${detailType} has no section with an example`];
  const known = [...common, ...section.fields];
  const unknown = Object.keys(detail).filter((field) => !known.includes(field));
  const isOtherWhy = 'why' in detail && !section.why.includes(String(detail.why));
  return [
    ...unknown.map((field) => `${detailType} has a field ${field} that the page does not know`),
    ...(isOtherWhy ? [`${detailType} has why ${detail.why}, which the page does not know`] : []),
    ...common.filter((field) => !(field in detail)).map((field) => `${detailType} lacks ${field}`),
  ];
}

describe.each(types)('docs/events.md: %s', (detailType, { fields, example }) => {
  it('has an example of this detail-type that shows every field in its table', () => {
    expect(example).toMatchObject({ source: 'ecs-steward', 'detail-type': detailType });
    expect(faultsOf(example as Announced)).toEqual([]);
    const optional = ['drainStartedAt', 'drainSeconds', 'cause'];
    const shown = Object.keys(example?.detail ?? {});
    expect(fields.filter((field) => !shown.includes(field) && !optional.includes(field))).toEqual([]);
  });
});

describe('the events of a scene', () => {
  it('are those of docs/events.md, field by field', async () => {
    const scene = await Scene.open();
    await scene.leave();
    await scene.account.advance(5);
    expect(announcedIn(scene).length).toBeGreaterThan(1);
    expect(announcedIn(scene).flatMap(faultsOf)).toEqual([]);
    for (const event of announcedIn(scene)) {
      const { example } = described.get(event['detail-type']) ?? {};
      expect(Object.keys(event.detail).sort()).toEqual(Object.keys(example?.detail ?? {}).sort());
    }
  });
});
