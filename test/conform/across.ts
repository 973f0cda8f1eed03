import type { Answered } from '../../simulator/answered.ts';

type Members = Readonly<Record<string, unknown>>;

/** How many entries a list call gives when it is not told (D-5.15, D-5.16). */
const usualPage: Readonly<Record<string, number>> = {
  ListServices: 10,
  DescribeCapacityProviders: 10,
  ListContainerInstances: 100,
  ListTasks: 100,
  DescribeAutoScalingInstances: 50,
  DescribeAutoScalingGroups: 50,
};

const listIn = (members: Members, name: string): readonly unknown[] => {
  const value = members[name];
  return Array.isArray(value) ? value : [];
};

/** What describe calls ask for, and where it is answered: each one there or among the failures (D-9.59, D-9.60). */
const described: Readonly<Record<string, readonly [asked: string, there: string]>> = {
  DescribeClusters: ['clusters', 'clusters'],
  DescribeContainerInstances: ['containerInstances', 'containerInstances'],
  DescribeServices: ['services', 'services'],
  DescribeTasks: ['tasks', 'tasks'],
  UpdateContainerInstancesState: ['containerInstances', 'containerInstances'],
  GetTaskProtection: ['tasks', 'protectedTasks'],
  UpdateTaskProtection: ['tasks', 'protectedTasks'],
};

/** What is wrong between a request and its answer, though each of them fits by itself. */
export function across({ operation, input, reply = {} }: Answered): string[] {
  return [...pageProblems(operation, input, reply), ...describeProblems(operation, input, reply)];
}

/** A page holds at most what was asked for (D-9.66), or what is usual. */
function pageProblems(operation: string, input: Members, reply: Members): string[] {
  const max = input.maxResults ?? input.MaxRecords ?? input.MaxResults ?? usualPage[operation];
  if (typeof max !== 'number') return [];
  const lists = Object.entries(reply).filter(([name]) => name !== 'failures');
  return lists
    .filter(([, value]) => Array.isArray(value) && value.length > max)
    .map(([name, value]) => `answer.${name}: expected at most ${max} entries, got ${(value as []).length}`);
}

/** What is the same in the short and in the long form of an id. */
const idOf = (id: unknown) => String(id).split('/').at(-1);

function describeProblems(operation: string, input: Members, reply: Members): string[] {
  const [asked = '', there = ''] = described[operation] ?? [];
  const wanted = new Set(listIn(input, asked).map(idOf)).size;
  if (wanted === 0) return [];
  const given = new Set(listIn(reply, there)).size + listIn(reply, 'failures').length;
  return given === wanted ? [] : [`answer: expected each of ${wanted} ids answered once, got ${given}`];
}
