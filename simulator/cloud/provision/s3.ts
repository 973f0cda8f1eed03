import { Fault } from '../../machine.ts';
import { checkPolicy } from '../iam/iam.ts';
import type { Bucket } from '../s3/buckets.ts';
import type { StackResource } from '../template/template.ts';
import { alreadyExists, type Provision, propertiesOf, unlessGone } from './provision.ts';

const gone = 'NoSuchBucket';

/** AWS::S3::Bucket */
export const bucket: Provision = {
  create(resource, { world, s3 }) {
    const versioning = versioningOf(resource);
    if (s3.has(resource.physicalId)) throw alreadyExists(resource);
    s3.createBucket(world.now, resource.physicalId).versioning = versioning;
  },
  update(resource, before, { s3 }) {
    const versioning = versioningOf(resource) ?? (versioningOf(before) && 'Suspended');
    s3.bucket(resource.physicalId).versioning = versioning;
  },
  delete({ physicalId }, { s3 }) {
    unlessGone(() => s3.deleteBucket(physicalId), gone);
  },
};

function versioningOf(resource: StackResource): Bucket['versioning'] {
  const { VersioningConfiguration } = propertiesOf<{ VersioningConfiguration: { Status: string } }>(resource);
  const status = VersioningConfiguration?.Status;
  if (status === undefined || status === 'Enabled' || status === 'Suspended') return status;
  throw new Fault(
    'MalformedXML',
    `VersioningConfiguration.Status: expected Enabled or Suspended, got ${status}`,
  );
}

/** AWS::S3::BucketPolicy. A bucket has one policy. */
export const bucketPolicy: Provision = {
  create(resource, { s3 }) {
    const found = s3.bucket(resource.physicalId);
    if (found.policy) throw alreadyExists(resource);
    found.policy = policyOf(resource);
  },
  update(resource, _before, { s3 }) {
    s3.bucket(resource.physicalId).policy = policyOf(resource);
  },
  delete({ physicalId }, { s3 }) {
    if (s3.has(physicalId)) s3.bucket(physicalId).policy = undefined;
  },
};

const policyOf = (resource: StackResource) =>
  checkPolicy(propertiesOf<{ PolicyDocument: unknown }>(resource).PolicyDocument, 'resource');
