import { Fault } from '../../machine.ts';
import { clusterOf, lastSegment } from '../arn.ts';
import { invalid, oneOf, requiredText, structures, text } from '../input.ts';
import { isThere, type Registration } from '../instances.ts';
import type { ContainerInstanceRecord } from '../records.ts';
import { registrationOf } from '../registration.ts';
import { roleOf } from '../settings.ts';
import { containerInstanceShape } from '../shapes.ts';
import { attachmentStatuses } from '../trunk.ts';
import type { Operations, Request } from './operation.ts';

/** What agents call, and what is asked of them (D-9.11, D-9.12, section 8 of the facts). */
export const agentOperations: Operations = {
  RegisterContainerInstance: {
    answer(request) {
      const { now, input, state, caller, instances } = request;
      const clusterName = lastSegment(clusterOf(input));
      if (state.arns.cluster(clusterOf(input)) !== state.arns.cluster(clusterName))
        throw new Fault('ClusterNotFoundException', 'Cluster not found.');
      const principalArn = roleOf(caller.principalArn);
      const said = registrationOf(input, state.arns, caller.principalArn);
      if (said.tags?.length && !state.settings.isOn(principalArn, 'containerInstanceLongArnFormat'))
        throw invalid('Long arn format must be enabled for tagging.');
      const registration = { ...said, clusterName, principalArn };
      const arn = instances.enrol(now, registration, registeredBefore(request, registration));
      const instance = state.instance(arn);
      return { containerInstance: { ...containerInstanceShape(instance), tags: instance.tags } };
    },
  },
  UpdateContainerAgent: {
    answer({ now, input, state, updates }) {
      const { clusterArn } = state.cluster(clusterOf(input));
      const instance = state.instanceIn(clusterArn, requiredText(input, 'containerInstance'));
      if (!instance || !isThere(instance)) throw invalid('Container instance not found.');
      updates.begin(now, instance);
      return { containerInstance: containerInstanceShape(state.instance(instance.containerInstanceArn)) };
    },
  },
  SubmitAttachmentStateChanges: {
    answer({ now, input, state, instances }) {
      const { clusterArn } = state.cluster(clusterOf(input));
      const changes = structures(input, 'attachments').map((change) => ({
        id: attachmentId(state.arns.parts(requiredText(change, 'attachmentArn'))),
        status: oneOf(change, 'status', attachmentStatuses),
      }));
      if (changes.length === 0) throw invalid('attachments cannot be empty.');
      for (const { id, status } of changes) {
        if (!status) throw invalid('status cannot be blank.');
        const instance = state
          .instancesOf(clusterArn)
          .find(({ attachments }) => attachments.some((attachment) => attachment.id === id));
        if (instance) instances.attachment(now, instance.containerInstanceArn, status);
      }
      return { acknowledgment: 'ACK' };
    },
  },
};

function attachmentId(parts: { kind: string; path: readonly string[] } | undefined): string {
  if (parts?.kind === 'attachment') return parts.path.at(-1) ?? '';
  throw invalid('attachmentArn: expected the ARN of an attachment in this account and Region.');
}

/** The registration that an agent remembers, of this cluster, EC2 instance and instance type (D-9.11, D-13.44). */
function registeredBefore(
  { input, state }: Request,
  { clusterName, ec2InstanceId, instanceType }: Registration,
): ContainerInstanceRecord | undefined {
  const arn = text(input, 'containerInstanceArn');
  if (arn === undefined) return undefined;
  const before = state.instanceIn(state.cluster(clusterName).clusterArn, arn);
  if (!before || !isThere(before) || before.ec2InstanceId !== ec2InstanceId)
    throw invalid(
      `containerInstanceArn: expected a registration of ${ec2InstanceId} in ${clusterName}, got ${arn}.`,
    );
  const type = before.agentAttributes.find(({ name }) => name === 'ecs.instance-type')?.value;
  if (type === instanceType) return before;
  throw new Fault(
    'ClientException',
    `Container instance type changes are not supported. Container instance ${lastSegment(arn)} was previously registered as ${type}.`,
  );
}
