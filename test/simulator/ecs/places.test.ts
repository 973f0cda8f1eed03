import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Requirement } from '../../../simulator/ecs/placement.ts';
import { Places } from '../../../simulator/ecs/places.ts';
import type { ContainerInstanceRecord, PlacementStrategy } from '../../../simulator/ecs/records.ts';
import { Scene } from './scene.ts';

const instances = fc.array(
  fc.record({
    zone: fc.constantFrom('a', 'b', 'c'),
    memoryMib: fc.constantFrom(256, 512, 1024, 2048),
    siblingCount: fc.nat(3),
    isDraining: fc.boolean(),
  }),
  { minLength: 1, maxLength: 8 },
);
const strategies: readonly (readonly PlacementStrategy[])[] = [
  [
    { type: 'spread', field: 'attribute:ecs.availability-zone' },
    { type: 'spread', field: 'instanceId' },
  ],
  [{ type: 'spread', field: 'instanceId' }],
  [{ type: 'binpack', field: 'memory' }],
  [
    { type: 'spread', field: 'attribute:ecs.availability-zone' },
    { type: 'binpack', field: 'memory' },
  ],
  [{ type: 'random' }],
  [],
];

const scene = new Scene();
scene.instance('i-1');
scene.definition('job', {}, { memory: 256, cpu: 0 });
const { taskArn } = scene.call('RunTask', { taskDefinition: 'job' }).tasks[0] ?? { taskArn: '' };
const task = scene.ecs.taskRecords().find((each) => each.taskArn === taskArn);
const [pattern] = scene.ecs.containerInstanceRecords();
if (!task || !pattern) throw new Error('the scene has no task');

it('places one task after the other as if every instance were judged anew for each', () => {
  fc.assert(
    fc.property(
      instances,
      fc.constantFrom(...strategies),
      fc.boolean(),
      fc.array(fc.nat(100), { minLength: 12, maxLength: 12 }),
      (wishes, strategy, isDistinct, luck) => {
        let all = wishes.map(({ zone, memoryMib, isDraining }, index): ContainerInstanceRecord => {
          const remainingResources = { ...pattern.remainingResources, memoryMib };
          const status = isDraining ? 'DRAINING' : 'ACTIVE';
          return {
            ...pattern,
            containerInstanceArn: `ci-${index}`,
            availabilityZone: zone,
            remainingResources,
            status,
          };
        });
        const siblings = new Map(wishes.map(({ siblingCount }, index) => [`ci-${index}`, siblingCount]));
        const constraints: Requirement['constraints'] = isDistinct ? [{ type: 'distinctInstance' }] : [];
        const requirement = {
          definition: task.definition,
          reservation: task.reservation,
          constraints,
          siblings,
        };
        let turn = 0;
        const pick = (count: number) => (luck[turn] ?? 0) % count;
        const kept = new Places(all, requirement, strategy, pick);
        for (; turn < luck.length; turn++) {
          const next = kept.next();
          expect(next).toEqual(new Places(all, requirement, strategy, pick).next());
          if (next.kind === 'refused') return;
          const { remainingResources, containerInstanceArn: arn } = next.instance;
          const memoryMib = remainingResources.memoryMib - task.reservation.memoryMib;
          const taken = { ...next.instance, remainingResources: { ...remainingResources, memoryMib } };
          all = all.map((each) => (each.containerInstanceArn === arn ? taken : each));
          siblings.set(arn, (siblings.get(arn) ?? 0) + 1);
          kept.taken(taken);
        }
      },
    ),
  );
});
