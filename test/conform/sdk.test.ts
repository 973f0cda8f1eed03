import type { NormalizedSchema } from '@smithy/core/schema';
import { describe, expect, it } from 'vitest';
import { serviceNames } from '../../simulator/wire/models.ts';
import { Sdk } from './sdk.ts';

/** Enums of members that errors have. */
const inErrors = ['ThrottleReason'];

const isError = (schema: NormalizedSchema) => (schema.getSchema() as unknown[])[0] === -3;

/** Every structure that goes into or comes out of an operation of a service, by name. */
function structuresOf(sdk: Sdk): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, readonly string[]>();
  const visit = (schema: NormalizedSchema): void => {
    if (schema.isListSchema() || schema.isMapSchema()) visit(schema.getValueSchema());
    if (!schema.isStructSchema() || schema.isUnitSchema() || isError(schema)) return;
    const { name, members } = sdk.structure(schema);
    if (found.has(name)) return;
    found.set(
      name,
      members.map((member) => member.name),
    );
    for (const member of members) visit(member.schema);
  };
  for (const name of sdk.operations) {
    const { input, output } = sdk.operation(name);
    visit(input);
    visit(output);
  }
  return found;
}

describe.each(serviceNames)('the SDK client of %s', (service) => {
  const sdk = Sdk.of(service);
  const structures = structuresOf(sdk);

  it('declares every structure of its runtime schemas with the same members', () => {
    const differing = [...structures].filter(([name, members]) => {
      const declared = sdk.declaredMembers(name);
      return declared?.toSorted().join() !== members.toSorted().join();
    });
    expect(differing).toEqual([]);
    expect(structures.size).toBeGreaterThan(20);
  });

  it('names each of its enums as the type of a member', () => {
    const used = new Set(
      [...structures].flatMap(([name, members]) =>
        members.flatMap((member) => sdk.enumOf(name, member)?.enumName ?? []),
      ),
    );
    expect(sdk.enums.filter((name) => !used.has(name) && !inErrors.includes(name))).toEqual([]);
  });
});
