import type { NormalizedSchema } from '@smithy/core/schema';

/** A form as a tree: `Filters.member.1.Name=x` is `x` under four names. */
interface Branch {
  value: string | undefined;
  readonly children: Map<string, Branch>;
}

/**
 * Reads the members of `schema` from a form of the query protocol. A list given as `Name=` counts as not given
 * (D-6.12). A value that does not parse as its type stays the text it is, for `checkInput` to refuse.
 */
export function readQuery(schema: NormalizedSchema, form: URLSearchParams): Record<string, unknown> {
  return readStruct(schema, grow(form));
}

function grow(form: URLSearchParams): Branch {
  const root: Branch = { value: undefined, children: new Map() };
  for (const [key, value] of form) {
    let branch = root;
    for (const part of key.split('.')) {
      const next = branch.children.get(part) ?? { value: undefined, children: new Map() };
      branch.children.set(part, next);
      branch = next;
    }
    branch.value = value;
  }
  return root;
}

function readStruct(schema: NormalizedSchema, branch: Branch): Record<string, unknown> {
  const read: Record<string, unknown> = {};
  for (const [name, member] of schema.structIterator()) {
    const child = branch.children.get(member.getMergedTraits().xmlName ?? name);
    const value = child && readValue(member, child);
    if (value !== undefined) read[name] = value;
  }
  return read;
}

function readValue(schema: NormalizedSchema, branch: Branch): unknown {
  if (schema.isStructSchema()) return readStruct(schema, branch);
  if (schema.isListSchema()) return readList(schema, branch);
  return branch.value === undefined ? undefined : readSimple(schema, branch.value);
}

function readList(schema: NormalizedSchema, branch: Branch): unknown[] | undefined {
  const member = schema.getValueSchema();
  const items = branch.children.get(member.getMergedTraits().xmlName ?? 'member');
  if (!items) return undefined;
  return [...items.children]
    .sort(([a], [b]) => Number(a) - Number(b))
    .map(([, item]) => readValue(member, item));
}

function readSimple(schema: NormalizedSchema, text: string): unknown {
  if (schema.isBooleanSchema()) return text === 'true' || (text === 'false' ? false : text);
  if (schema.isNumericSchema()) return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
  if (schema.isTimestampSchema()) return Number.isNaN(Date.parse(text)) ? text : new Date(text);
  return text;
}
