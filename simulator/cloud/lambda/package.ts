import { createHash } from 'node:crypto';
import { Fault } from '../../machine.ts';
import type { Buckets } from '../s3/buckets.ts';
import { invalid } from './function.ts';
import type { Handler, Platform, Runtime } from './sandbox.ts';

/** Finds the code in a package for a function; each execution environment calls the result once. */
export type CodeOf = (zip: Uint8Array, handler: string) => (platform: Platform) => Handler;

/** What Lambda says of the package that a function's code came in. */
export interface Package {
  /** Base64. */
  readonly sha256: string;
  readonly sizeBytes: number;
}

/** Where a package lies. */
export interface PackagePlace {
  readonly S3Bucket?: string | undefined;
  readonly S3Key?: string | undefined;
  readonly S3ObjectVersion?: string | undefined;
}

/**
 * The code in a package in S3. Lambda keeps a copy: what becomes of the object later does not matter to it. Throws Fault
 * as Lambda does when there is none.
 */
export function codeIn(
  { S3Bucket, S3Key, S3ObjectVersion }: PackagePlace,
  s3: Buckets,
  codeOf: CodeOf | undefined,
): { runtime: Runtime; code: Package } {
  if (S3Bucket === undefined || S3Key === undefined)
    throw invalid('Code: expected S3Bucket and S3Key; the simulator takes packages from S3 only.');
  return unpacked(read(s3, S3Bucket, S3Key, S3ObjectVersion), codeOf);
}

/** The code in a package. Throws Fault when nothing here can run it. */
export function unpacked(zip: Uint8Array, codeOf: CodeOf | undefined): { runtime: Runtime; code: Package } {
  if (!codeOf) throw invalid('Code: nothing in this simulator runs packages (AccountOptions.codeOf).');
  const sha256 = createHash('sha256').update(zip).digest('base64');
  return { runtime: (handler) => codeOf(zip, handler), code: { sha256, sizeBytes: zip.length } };
}

function read(s3: Buckets, bucket: string, key: string, version: string | undefined): Uint8Array {
  try {
    return s3.get(bucket, key, version).object.body;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    throw invalid(
      `Error occurred while GetObject. S3 Error Code: ${error.code}. S3 Error Message: ${error.message}`,
    );
  }
}
