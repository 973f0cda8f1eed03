import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { root } from '../files.ts';

const { compactExceptions } = (await import(pathToFileURL(join(root, 'infra/exceptions.mjs')).href)) as {
  compactExceptions: (source: string) => string;
};

type ExceptionClass = (new (options: object) => Error & { $fault: string }) & { readonly shapeId: string };

const folderOf = (client: string) => join(root, `node_modules/@aws-sdk/client-${client}/dist-es/models`);

/** The exceptions of a client as they are bundled, over a base of their own. */
async function bundled(client: string): Promise<ReadonlyMap<string, ExceptionClass>> {
  const source = compactExceptions(readFileSync(join(folderOf(client), 'errors.js'), 'utf8'));
  const base =
    'class __BaseException extends Error { constructor(o) { super(o.message); Object.assign(this, o); } }';
  const code = source.replace(/^import .*$/m, base);
  return new Map(Object.entries(await import(`data:text/javascript,${encodeURIComponent(code)}`)));
}

describe.each(['ecs', 'auto-scaling', 'sqs', 'eventbridge'])(
  'the bundled exceptions of client-%s',
  (client) => {
    it('are all that the client has, with their names, shapes and faults', async () => {
      const original = (await import(join(folderOf(client), 'errors.js'))) as Record<string, ExceptionClass>;
      const compact = await bundled(client);
      expect([...compact.keys()].sort()).toEqual(Object.keys(original).sort());
      for (const [name, Original] of Object.entries(original)) {
        const Compact = compact.get(name) as ExceptionClass;
        const [was, is] = [new Original({ message: 'why' }), new Compact({ message: 'why' })];
        expect([is.name, is.message, is.$fault]).toEqual([was.name, was.message, was.$fault]);
        expect(Compact.shapeId).toBe(Original.shapeId);
        expect(is).toBeInstanceOf(Compact);
        for (const Other of compact.values()) if (Other !== Compact) expect(is).not.toBeInstanceOf(Other);
      }
    });
  },
);

it('refuses what is not written as expected', () => {
  const other = 'import { X as __BaseException } from "./X";\nexport class New extends __BaseException { }\n';
  expect(() => compactExceptions(other)).toThrow('not written as it was');
});
