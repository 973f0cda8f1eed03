import { createHash } from 'node:crypto';
import type { Ids } from '../../chance.ts';
import { Fault } from '../../machine.ts';
import type { Draft } from './buckets.ts';

interface Upload {
  readonly bucket: string;
  readonly key: string;
  readonly draft: Omit<Draft, 'body'>;
  readonly parts: Map<number, Uint8Array>;
}

/** A part as CompleteMultipartUpload names it. */
export interface PartName {
  readonly PartNumber?: number;
  readonly ETag?: string;
}

const partBytesMin = 5 * 1024 * 1024;

const md5 = (bytes: Uint8Array) => createHash('md5').update(bytes);

/** Objects that are on their way in parts. */
export class Uploads {
  private readonly uploads = new Map<string, Upload>();
  private readonly ids: Ids;

  constructor(ids: Ids) {
    this.ids = ids;
  }

  /** Begins an upload; answers its id. */
  begin(bucket: string, key: string, draft: Omit<Draft, 'body'>): string {
    const id = this.ids.hex(32);
    this.uploads.set(id, { bucket, key, draft, parts: new Map() });
    return id;
  }

  /** Takes a part, over one of the same number; answers its ETag. Throws Fault. */
  put(id: string, bucket: string, key: string, number: number, body: Uint8Array): string {
    if (!Number.isInteger(number) || number < 1 || number > 10_000)
      throw new Fault('InvalidArgument', 'Part number must be an integer between 1 and 10000, inclusive');
    this.find(id, bucket, key).parts.set(number, body);
    return `"${md5(body).digest('hex')}"`;
  }

  /** Ends an upload: the object, and its ETag without quotes. Throws Fault for parts that are not as they were named. */
  complete(
    id: string,
    bucket: string,
    key: string,
    named: readonly PartName[],
  ): { draft: Draft; etag: string } {
    const { draft, parts } = this.find(id, bucket, key);
    if (named.length === 0)
      throw new Fault('MalformedXML', 'The XML you provided was not well-formed: expected at least one part');
    const numbers = named.map(({ PartNumber = 0 }) => PartNumber);
    if (numbers.some((number, index) => number <= (numbers[index - 1] ?? 0)))
      throw new Fault('InvalidPartOrder', 'The list of parts was not in ascending order.');
    const bodies = named.map(({ PartNumber = 0, ETag = '' }, index) => {
      const body = parts.get(PartNumber);
      if (!body || md5(body).digest('hex') !== ETag.replaceAll('"', ''))
        throw new Fault(
          'InvalidPart',
          `One or more of the specified parts could not be found: part ${PartNumber} with the ETag ${ETag}.`,
        );
      if (body.length < partBytesMin && index < named.length - 1)
        throw new Fault('EntityTooSmall', 'Your proposed upload is smaller than the minimum allowed size');
      return body;
    });
    this.uploads.delete(id);
    const digest = md5(Buffer.concat(bodies.map((body) => md5(body).digest()))).digest('hex');
    return {
      draft: { ...draft, body: new Uint8Array(Buffer.concat(bodies)) },
      etag: `${digest}-${named.length}`,
    };
  }

  /** Breaks an upload off. Throws Fault. */
  abort(id: string, bucket: string, key: string): void {
    this.find(id, bucket, key);
    this.uploads.delete(id);
  }

  private find(id: string, bucket: string, key: string): Upload {
    const upload = this.uploads.get(id);
    if (upload?.bucket === bucket && upload.key === key) return upload;
    throw new Fault(
      'NoSuchUpload',
      'The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.',
      404,
    );
  }
}
