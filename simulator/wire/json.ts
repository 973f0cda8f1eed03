import { JsonCodec2, JsonShapeDeserializer2 } from '@aws-sdk/core/protocols';
import type { NormalizedSchema } from '@smithy/core/schema';
import { Fault } from '../machine.ts';

/** Times in JSON are epoch seconds with a fraction (D-6.3; schema code 7 of the SDK). */
const jsonSettings = { timestampFormat: { useTrait: true, default: 7 }, jsonName: false } as const;
const json = new JsonCodec2(jsonSettings);
const jsonReader = new JsonShapeDeserializer2(jsonSettings);

/** Reads a JSON document by its schema. Throws Fault for what is no JSON object. */
export function readJson(schema: NormalizedSchema, body: string): Record<string, unknown> {
  try {
    const value = JSON.parse(body === '' ? '{}' : body);
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw new Error(`Expected an object, got ${body.slice(0, 100)}`);
    return jsonReader.readObject(schema, value);
  } catch (cause) {
    throw new Fault('SerializationException', cause instanceof Error ? cause.message : String(cause));
  }
}

/** Writes a JSON document by its schema; one without members is an empty object. */
export function jsonBytes(schema: NormalizedSchema, value: Record<string, unknown>): Uint8Array {
  if (schema.isUnitSchema()) return new TextEncoder().encode('{}');
  const writer = json.createSerializer();
  writer.write(schema, value);
  return plain(writer.flush());
}

/** The SDK's writer gives a subclass that plays a string and warns when taken for one. */
const plain = (view: Uint8Array) => new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
