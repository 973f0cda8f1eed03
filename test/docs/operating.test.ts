import { beforeAll, describe, expect, it } from 'vitest';
import { packagedTemplate } from '../../demo/install.ts';
import { Fault } from '../../simulator/machine.ts';
import { textOf, writtenFiles } from '../files.ts';
import { Scene, service } from '../scenarios/scene.ts';
import type { Template } from '../stack/template.ts';

const page = textOf('docs/operating.md');
const part = (title: string) => page.split(/^## /m).find((text) => text.startsWith(`${title}\n`)) ?? '';

/** The sections under a heading, by their own headings. */
const sectionsOf = (title: string) =>
  new Map(
    part(title)
      .split(/^### /m)
      .slice(1)
      .map((text) => [text.slice(0, text.indexOf('\n')), text.slice(text.indexOf('\n'))]),
  );

const code = writtenFiles()
  .filter((path) => /^(lib|functions)\//.test(path))
  .map(textOf)
  .join('\n');

describe('the alarms of docs/operating.md', () => {
  const sections = sectionsOf('Alarms');

  it('are those of the template', () => {
    const { Resources } = packagedTemplate() as Template;
    const alarms = Object.keys(Resources).filter((id) => Resources[id]?.Type === 'AWS::CloudWatch::Alarm');
    expect([...sections.keys()].sort()).toEqual(alarms.sort());
  });

  it.each([...sections])('%s has what it means, what to do and a command that shows more', (_, text) => {
    expect(text).toMatch(/^\n\nMeans: .{40}[\s\S]*?\.\n\nDo: [\s\S]{40,}?\n\n```sh\naws [\s\S]+?```\n/);
  });

  it.each([...sections])('%s filters log lines by words that the steward writes', (_, text) => {
    const words = [...text.matchAll(/filter-pattern '([^']*)'/g)].flatMap(([, pattern = '']) =>
      [...pattern.matchAll(/"([^"]+)"/g)].map(([, word = '']) => word),
    );
    const ofOthers = ['Throttling', 'Task timed out', 'ERROR', 'WARN'];
    for (const word of words.filter((one) => !ofOthers.includes(one))) expect(code).toContain(word);
  });

  it('name functions, log groups and outputs that there are', () => {
    const { Resources, Outputs = {} } = packagedTemplate() as Template;
    const names = Object.values(Resources).flatMap(({ Properties }) => Properties?.FunctionName ?? []);
    for (const [name] of page.matchAll(/ecs-steward-prod-\w+/g)) expect(names).toContain(name);
    for (const [, output = ''] of page.matchAll(/OutputKey=='(\w+)'/g))
      expect(Object.keys(Outputs)).toContain(output);
  });
});

describe('the metrics of docs/operating.md', () => {
  it('are those that the steward counts, once each', () => {
    const [, union = ''] = /export type Metric =([^;]+);/.exec(textOf('lib/deps.ts')) ?? [];
    const counted = [...union.matchAll(/'(\w+)'/g)].map(([, name]) => name);
    const rows = [...part('Metrics').matchAll(/^\| `(\w+)` \| .+ \| .*\|$/gm)].map(([, name]) => name);
    expect(rows.toSorted()).toEqual(counted.toSorted());
  });

  it('link to alarms that there are', () => {
    const anchors = [...sectionsOf('Alarms').keys()].map((name) => name.toLowerCase());
    for (const [, anchor] of page.matchAll(/\]\(#([\w-]+)\)/g)) expect(anchors).toContain(anchor);
  });
});

/** Something of everything that the logs can be asked about. */
async function everything(): Promise<Scene> {
  const stuck = service({ desiredCount: 3, minimumHealthyPercent: 100, maximumPercent: 100 });
  const tags = { 'ecs-steward:drain-deadline': '6m', 'ecs-steward:colour': 'blue' };
  const scene = await Scene.open({ services: [stuck], tags });
  scene.account.endpoint.faults.refuse = ({ operation }) => {
    if (operation === 'CompleteLifecycleAction')
      throw new Fault('ResourceContention', 'A fault of the test.');
  };
  scene.terminate();
  await scene.account.advance(600);
  return scene;
}

/** The paths to the values of a log line, as Logs Insights names them: `blockers.0.says`. */
function pathsIn(value: unknown, path = ''): string[] {
  if (typeof value !== 'object' || value === null) return [path];
  return Object.entries(value).flatMap(([key, inner]) =>
    pathsIn(inner, path === '' ? key : `${path}.${key}`),
  );
}

describe('the questions to the logs', () => {
  let paths: ReadonlySet<string> = new Set();
  const queries = [...sectionsOf('Questions to the logs')].flatMap(([title, text]) =>
    [...text.matchAll(/^```\n([\s\S]*?)```/gm)].map(([, query = '']) => [title, query] as const),
  );
  const words = new Set(
    'filter fields sort limit stats by as and or in not ispresent count latest asc desc like'.split(' '),
  );
  const aliases = (query: string) => [...query.matchAll(/ as (\w+)/g)].map(([, name]) => name);

  beforeAll(async () => {
    const scene = await everything();
    paths = new Set(scene.logged.flatMap((line) => pathsIn(line)));
  });

  it.each(queries)('%s: asks for fields that lines have', (_, query) => {
    const bare = query.replace(/'[^']*'/g, ' ');
    const names = [...bare.matchAll(/(?<![\w@.])[a-z_]\w*(?:\.\w+)*/gi)].map(([name]) => name);
    const fields = names.filter((name) => !words.has(name) && !aliases(query).includes(name));
    expect(fields.length).toBeGreaterThan(0);
    // Of a list the first is as good as any.
    const missing = fields.filter((name) => !paths.has(name.replace(/\.\d+/g, '.0')));
    expect(missing).toEqual([]);
  });

  it.each(queries)('%s: asks for words that the steward writes', (_, query) => {
    for (const [, word = ''] of query.matchAll(/'([^']+)'/g))
      if (!word.startsWith('i-') && !/^[A-Z]+$/.test(word)) expect(code).toContain(`'${word}'`);
  });
});
