import { Fault } from '../../machine.ts';
import { isShort } from '../arn.ts';
import { invalid, requiredText, texts } from '../input.ts';
import type { Tag } from '../records.ts';
import type { State } from '../state.ts';
import { definitionTags, tagKey, tagsOf, withTags } from '../tags.ts';
import type { Operations, Request } from './operation.ts';

/** A resource that has tags, and how it takes others; no change of tags has an event or moves a version (D-1.13). */
interface Tagged {
  readonly tags: readonly Tag[];
  readonly put: (now: number, tags: readonly Tag[]) => void;
}

/** Finds a resource by the segments of its ARN behind the kind; undefined when there is none. Throws Fault. */
type Finder = (state: State, path: readonly string[], arn: string) => Tagged | undefined;

/** By the kind in the ARN. */
const finders: Readonly<Partial<Record<string, Finder>>> = {
  'capacity-provider': findProvider,
  cluster: findCluster,
  'container-instance': findInstance,
  service: findService,
  task: findTask,
  'task-definition': findDefinition,
  'task-set': findTaskSet,
};

/** TagResource, UntagResource, ListTagsForResource (D-9.63). */
export const tagOperations: Operations = {
  TagResource: {
    answer(request) {
      const tagged = find(request, 'ResourceNotFoundException');
      tagged.put(request.now, withTags(tagged.tags, tagsOf(request.input)));
      return {};
    },
  },
  UntagResource: {
    answer(request) {
      const tagged = find(request, 'ResourceNotFoundException');
      const keys = texts(request.input, 'tagKeys').map((key) => tagKey({ key }));
      tagged.put(
        request.now,
        tagged.tags.filter(({ key }) => !keys.includes(key)),
      );
      return {};
    },
  },
  ListTagsForResource: {
    answer: (request) => ({ tags: find(request, 'InvalidParameterException').tags }),
  },
};

/** `code`: what the operation answers about a resource that is not there; ListTagsForResource declares no own error. */
function find({ state, input }: Request, code: string): Tagged {
  const arn = requiredText(input, 'resourceArn');
  const parts = state.arns.parts(arn);
  const finder = parts && Object.hasOwn(finders, parts.kind) ? finders[parts.kind] : undefined;
  if (!parts || !finder)
    throw invalid(
      `resourceArn: expected the ARN of a ${Object.keys(finders).join(', ')} of this account and Region, got ${arn}.`,
    );
  const tagged = finder(state, parts.path, arn);
  if (tagged) return tagged;
  throw new Fault(code, `The specified resource was not found: ${arn}.`);
}

function findCluster(state: State, _path: readonly string[], arn: string): Tagged {
  const cluster = state.clusters.get(arn);
  if (cluster?.status === 'INACTIVE')
    throw invalid('The specified cluster is inactive. Specify an active cluster and try again.');
  const { tags } = state.cluster(arn);
  return { tags, put: (now, given) => state.clusters.set(now, arn, { ...state.cluster(arn), tags: given }) };
}

function findInstance(state: State, [clusterName = '']: readonly string[], arn: string): Tagged | undefined {
  mustBeLong(arn);
  state.cluster(clusterName);
  const instance = state.instances.get(arn);
  if (!instance || instance.status === 'INACTIVE') return undefined;
  const put = (now: number, tags: readonly Tag[]) =>
    state.putInstance(now, { ...instance, tags }, { event: false });
  return { tags: instance.tags, put };
}

function findService(state: State, [clusterName = '']: readonly string[], arn: string): Tagged | undefined {
  mustBeLong(arn);
  state.cluster(clusterName);
  const service = state.services.get(arn);
  if (!service || service.status === 'INACTIVE') return undefined;
  if (service.shortArn !== undefined)
    throw invalid(
      'The specified service does not have the longArn format. Only services created after opting in will have the new format.',
    );
  return { tags: service.tags, put: (now, tags) => state.putService(now, { ...service, tags }) };
}

/** A task loses its tags when it is told to stop (D-9.31). */
function findTask(state: State, [clusterName = '']: readonly string[], arn: string): Tagged | undefined {
  mustBeLong(arn);
  state.cluster(clusterName);
  const task = state.tasks.get(arn);
  if (task?.desiredStatus === 'STOPPED')
    throw invalid('The specified task is stopped. Specify a running task and try again.');
  return task && { tags: task.tags, put: (now, tags) => state.noteTask(now, { ...task, tags }) };
}

function findDefinition(state: State, path: readonly string[]): Tagged | undefined {
  const definition = path[0]?.includes(':') && path.length === 1 ? state.families.find(path[0]) : undefined;
  if (!definition) return undefined;
  const put = (_now: number, tags: readonly Tag[]) =>
    state.families.put({ ...definition, input: { ...definition.input, tags } });
  return { tags: definitionTags(definition), put };
}

/** Fargate's providers belong to AWS. */
function findProvider(state: State, _path: readonly string[], arn: string): Tagged | undefined {
  const provider = state.provider(arn);
  if (!provider?.group || provider.status === 'INACTIVE') return undefined;
  const put = (now: number, tags: readonly Tag[]) => state.providers.set(now, arn, { ...provider, tags });
  return { tags: provider.tags, put };
}

function findTaskSet(state: State, path: readonly string[], arn: string): Tagged | undefined {
  const [clusterName = '', serviceName = ''] = path;
  const { clusterArn } = state.cluster(clusterName);
  const service = state.services.get(state.arns.service(clusterArn, serviceName));
  const taskSet = service?.taskSets.find(({ taskSetArn }) => taskSetArn === arn);
  if (!service || !taskSet) return undefined;
  const put = (now: number, tags: readonly Tag[]) => {
    const taskSets = service.taskSets.map((each) => (each === taskSet ? { ...taskSet, tags } : each));
    state.putService(now, { ...service, taskSets });
  };
  return { tags: taskSet.tags, put };
}

/** In AWS's words (D-9.56, D-13.43). */
function mustBeLong(arn: string): void {
  if (isShort(arn)) throw invalid('Long arn format must be used for tagging operations');
}
