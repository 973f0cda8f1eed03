import { Fault } from '../../machine.ts';
import { checkPolicy } from '../iam/iam.ts';
import type { QueueAttributes } from '../sqs/attributes.ts';
import type { Queue, Redrive } from '../sqs/queue.ts';
import type { Sqs } from '../sqs/sqs.ts';
import type { StackResource } from '../template/template.ts';
import { alreadyExists, nameIn, type Provision, propertiesOf, unlessGone } from './provision.ts';

const gone = 'QueueDoesNotExist';

const redriveOf = (resource: StackResource) =>
  propertiesOf<{ RedrivePolicy: Redrive }>(resource).RedrivePolicy;

/** AWS::SQS::Queue */
export const queue: Provision = {
  create(resource, { world, sqs }) {
    if (sqs.queue(resource.arn)) throw alreadyExists(resource);
    const attributes = propertiesOf<QueueAttributes>(resource);
    const { arn, url } = sqs.createQueue(world.now, nameIn(resource.arn), attributes);
    if (arn !== resource.arn || url !== resource.physicalId)
      throw new Error(
        `${resource.logicalId}: expected ${resource.arn} at ${resource.physicalId}, got ${arn} at ${url}`,
      );
    const redrive = redriveOf(resource);
    if (!redrive) return;
    try {
      sqs.setRedrive(arn, redrive);
    } catch (error) {
      sqs.dropQueue(arn);
      throw error;
    }
  },
  update(resource, before, { world, sqs }) {
    sqs.setRedrive(resource.arn, redriveOf(resource));
    try {
      sqs.changeQueue(world.now, resource.arn, propertiesOf<QueueAttributes>(resource));
    } catch (error) {
      sqs.setRedrive(resource.arn, redriveOf(before));
      throw error;
    }
  },
  delete({ arn }, { world, sqs }) {
    unlessGone(() => sqs.deleteQueue(world.now, arn), gone);
  },
};

/** AWS::SQS::QueuePolicy: the policy of each queue that it names. */
export const queuePolicy: Provision = {
  create(resource, { sqs }) {
    const { PolicyDocument } = propertiesOf<{ PolicyDocument: unknown }>(resource);
    const policy = checkPolicy(PolicyDocument, 'resource');
    for (const { arn } of queuesOf(resource, sqs)) sqs.setPolicy(arn, policy);
  },
  update(resource, before, site) {
    const named = new Set(queuesOf(resource, site.sqs));
    for (const url of urlsOf(before)) {
      const other = site.sqs.queueAt(url);
      if (other && !named.has(other)) site.sqs.setPolicy(other.arn, undefined);
    }
    queuePolicy.create(resource, site);
  },
  delete(resource, { sqs }) {
    for (const url of urlsOf(resource)) {
      const found = sqs.queueAt(url);
      if (found) sqs.setPolicy(found.arn, undefined);
    }
  },
};

const urlsOf = (resource: StackResource) => propertiesOf<{ Queues: string[] }>(resource).Queues ?? [];

function queuesOf(resource: StackResource, sqs: Sqs): Queue[] {
  return urlsOf(resource).map((url) => {
    const found = sqs.queueAt(url);
    if (!found) throw new Fault(gone, `Queues: expected the URL of a queue of the account, got ${url}`);
    return found;
  });
}
