import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  NoSuchKey,
  PutObjectAclCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';
import { operated } from '../operator.ts';

const Bucket = 'deployments';

async function opened(keys: readonly string[] = []) {
  const { s3, account } = operated();
  await s3.send(new CreateBucketCommand({ Bucket }));
  for (const Key of keys) await s3.send(new PutObjectCommand({ Bucket, Key, Body: Key }));
  const read = async (Key: string, VersionId?: string) => {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key, VersionId }));
    return Body?.transformToString();
  };
  return { s3, account, read };
}

describe('an object', () => {
  it.each(['plain', 'with space/and+plus', 'ümlaut/日本', 'a//b', '100%', 'x?y=z#t'])(
    'under the key %j comes back as it went, with metadata, type and checksum',
    async (Key) => {
      const { s3, read } = await opened();
      const put = await s3.send(
        new PutObjectCommand({
          ...{ Bucket, Key, Body: '{"a":1}', ContentType: 'application/json', CacheControl: 'no-store' },
          Metadata: { filesha256: 'abc=' },
        }),
      );
      expect(put).toMatchObject({
        ETag: '"bb6cb5c68df4652941caf652a366f2d8"',
        ChecksumCRC32: expect.any(String),
      });
      expect(await read(Key)).toBe('{"a":1}');
      expect(await s3.send(new HeadObjectCommand({ Bucket, Key }))).toMatchObject({
        ...{ ETag: put.ETag, ContentLength: 7, ContentType: 'application/json', CacheControl: 'no-store' },
        ...{ Metadata: { filesha256: 'abc=' }, LastModified: new Date('2026-05-04T12:00:00Z') },
      });
    },
  );

  it('is overwritten, and deleted any number of times', async () => {
    const { s3, read } = await opened(['a']);
    await s3.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'new' }));
    expect(await read('a')).toBe('new');
    await s3.send(new DeleteObjectCommand({ Bucket, Key: 'a' }));
    await s3.send(new DeleteObjectCommand({ Bucket, Key: 'a' }));
    await expect(read('a')).rejects.toThrow(NoSuchKey);
    await expect(s3.send(new HeadObjectCommand({ Bucket, Key: 'a' }))).rejects.toMatchObject({
      name: 'NotFound',
      $metadata: { httpStatusCode: 404 },
    });
  });

  it('is deleted with others in one call, quietly or not', async () => {
    const { s3 } = await opened(['a', 'b', 'c']);
    const remove = (keys: string[], Quiet: boolean) =>
      s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: keys.map((Key) => ({ Key })), Quiet } }));
    expect((await remove(['a', 'none'], false)).Deleted).toEqual([{ Key: 'a' }, { Key: 'none' }]);
    expect((await remove(['b'], true)).Deleted).toBeUndefined();
    const { Contents } = await s3.send(new ListObjectsV2Command({ Bucket }));
    expect(Contents?.map(({ Key }) => Key)).toEqual(['c']);
  });

  it('comes in parts, each of five megabytes at least but the last', async () => {
    const { s3, read } = await opened();
    const Key = 'large';
    const { UploadId } = await s3.send(
      new CreateMultipartUploadCommand({ Bucket, Key, Metadata: { m: 'x' } }),
    );
    const upload = (PartNumber: number, Body: string) =>
      s3.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body }));
    const part = 'x'.repeat(5 * 1024 * 1024);
    const { ETag: second } = await upload(2, 'end');
    const { ETag: first } = await upload(1, part);
    const complete = (Parts: { PartNumber: number; ETag: string | undefined }[]) =>
      s3.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts } }));
    await expect(
      complete([
        { PartNumber: 2, ETag: second },
        { PartNumber: 1, ETag: first },
      ]),
    ).rejects.toMatchObject({ name: 'InvalidPartOrder' });
    await upload(3, 'after the end');
    const small = [second, `"${'0'.repeat(32)}"`].map((ETag, index) => ({ PartNumber: index + 2, ETag }));
    await expect(complete(small)).rejects.toMatchObject({ name: 'EntityTooSmall' });
    await expect(complete([{ PartNumber: 1, ETag: second }])).rejects.toMatchObject({ name: 'InvalidPart' });
    const parts = [
      { PartNumber: 1, ETag: first },
      { PartNumber: 2, ETag: second },
    ];
    expect((await complete(parts)).ETag).toMatch(/^"[0-9a-f]{32}-2"$/);
    expect(await read(Key)).toBe(`${part}end`);
    await expect(complete(parts)).rejects.toMatchObject({ name: 'NoSuchUpload' });
  });

  it('is never there when its upload was broken off', async () => {
    const { s3, read } = await opened();
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key: 'k' }));
    await s3.send(new UploadPartCommand({ Bucket, Key: 'k', UploadId, PartNumber: 1, Body: 'x' }));
    await s3.send(new AbortMultipartUploadCommand({ Bucket, Key: 'k', UploadId }));
    await expect(read('k')).rejects.toThrow(NoSuchKey);
  });
});

describe('a list', () => {
  it('is in pages, in the order of the bytes of the keys', async () => {
    const { s3 } = await opened(['b', 'a', 'ä', 'B', 'a/1']);
    const page = async (ContinuationToken?: string) =>
      s3.send(new ListObjectsV2Command({ Bucket, MaxKeys: 2, ContinuationToken }));
    const keys: (string | undefined)[] = [];
    let token: string | undefined;
    do {
      const { Contents = [], NextContinuationToken, IsTruncated } = await page(token);
      keys.push(...Contents.map(({ Key }) => Key));
      expect(IsTruncated).toBe(NextContinuationToken !== undefined);
      token = NextContinuationToken;
    } while (token);
    expect(keys).toEqual(['B', 'a', 'a/1', 'b', 'ä']);
  });

  it('puts together what lies under one prefix, and goes on behind it', async () => {
    const { s3 } = await opened(['a/1', 'a/2', 'b', 'c/1']);
    const first = await s3.send(new ListObjectsV2Command({ Bucket, Delimiter: '/', MaxKeys: 1 }));
    expect(first).toMatchObject({ KeyCount: 1, CommonPrefixes: [{ Prefix: 'a/' }], IsTruncated: true });
    const rest = await s3.send(
      new ListObjectsV2Command({ Bucket, Delimiter: '/', ContinuationToken: first.NextContinuationToken }),
    );
    expect(rest).toMatchObject({
      Contents: [{ Key: 'b' }],
      CommonPrefixes: [{ Prefix: 'c/' }],
      IsTruncated: false,
    });
    const inside = await s3.send(new ListObjectsCommand({ Bucket, Prefix: 'a/', Marker: 'a/1' }));
    expect(inside.Contents?.map(({ Key }) => Key)).toEqual(['a/2']);
  });

  it('of versions shows every one of them, and what was deleted', async () => {
    const { s3, account, read } = await opened();
    const versioning = async () => (await s3.send(new GetBucketVersioningCommand({ Bucket }))).Status;
    expect(await versioning()).toBeUndefined();
    account.s3.bucket(Bucket).versioning = 'Enabled';
    expect(await versioning()).toBe('Enabled');
    const put = (Body: string) => s3.send(new PutObjectCommand({ Bucket, Key: 'k', Body }));
    const { VersionId: first } = await put('one');
    await put('two');
    const { DeleteMarker } = await s3.send(new DeleteObjectCommand({ Bucket, Key: 'k' }));
    expect(DeleteMarker).toBe(true);
    await expect(read('k')).rejects.toThrow(NoSuchKey);
    expect(await read('k', first)).toBe('one');
    const list = () => s3.send(new ListObjectVersionsCommand({ Bucket }));
    const { Versions = [], DeleteMarkers = [] } = await list();
    expect([Versions.length, DeleteMarkers[0]?.IsLatest]).toEqual([2, true]);
    for (const { VersionId } of [...Versions, ...DeleteMarkers])
      await s3.send(new DeleteObjectCommand({ Bucket, Key: 'k', VersionId }));
    expect((await list()).Versions).toBeUndefined();
    await s3.send(new DeleteBucketCommand({ Bucket }));
  });
});

describe('a bucket', () => {
  it('is there once, says where it is, and goes only when it is empty', async () => {
    const { s3 } = await opened(['a']);
    expect((await s3.send(new HeadBucketCommand({ Bucket }))).BucketRegion).toBe('eu-west-1');
    await expect(s3.send(new CreateBucketCommand({ Bucket }))).rejects.toMatchObject({
      name: 'BucketAlreadyOwnedByYou',
    });
    await expect(s3.send(new DeleteBucketCommand({ Bucket }))).rejects.toMatchObject({
      name: 'BucketNotEmpty',
    });
    await s3.send(new DeleteObjectCommand({ Bucket, Key: 'a' }));
    await s3.send(new DeleteBucketCommand({ Bucket }));
    expect((await s3.send(new ListBucketsCommand({}))).Buckets).toEqual([]);
    await expect(s3.send(new HeadBucketCommand({ Bucket }))).rejects.toMatchObject({ name: 'NotFound' });
    await expect(s3.send(new ListObjectsV2Command({ Bucket }))).rejects.toMatchObject({
      name: 'NoSuchBucket',
    });
  });

  it('is refused under a name that no bucket has', async () => {
    const { s3 } = operated();
    await expect(s3.send(new CreateBucketCommand({ Bucket: '-ab' }))).rejects.toMatchObject({
      name: 'InvalidBucketName',
    });
  });

  it('does what its policy does not forbid', async () => {
    const { s3, account, read } = await opened(['a']);
    account.s3.bucket(Bucket).policy = {
      Statement: [
        { Effect: 'Deny', Principal: '*', Action: 's3:PutObject', Resource: `arn:aws:s3:::${Bucket}/*` },
        {
          ...{ Effect: 'Deny', Principal: '*', Action: 's3:*', Resource: `arn:aws:s3:::${Bucket}/*` },
          Condition: { Bool: { 'aws:SecureTransport': 'false' } },
        },
      ],
    };
    expect(await read('a')).toBe('a');
    const put = s3.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'b' }));
    await expect(put).rejects.toMatchObject({ name: 'AccessDenied', $metadata: { httpStatusCode: 403 } });
  });
});

describe('what the simulator does not know', () => {
  it('is refused by name', async () => {
    const { s3 } = await opened(['a']);
    const acl = s3.send(new PutObjectAclCommand({ Bucket, Key: 'a', ACL: 'private' }));
    await expect(acl).rejects.toMatchObject({ name: 'NotImplemented', message: /PutObjectAcl/ });
    const locked = s3.send(
      new PutObjectCommand({ Bucket, Key: 'a', Body: 'b', ObjectLockMode: 'GOVERNANCE' }),
    );
    await expect(locked).rejects.toMatchObject({
      name: 'NotImplemented',
      message: /ObjectLockMode of PutObject/,
    });
  });
});
