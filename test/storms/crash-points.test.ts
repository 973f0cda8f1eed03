import { afterAll, describe, expect, it } from 'vitest';
import { isSteady, setDesiredCapacity } from '../../demo/cluster.ts';
import { clusterName, groupName, job, Scene, type SceneWish, service } from '../scenarios/scene.ts';
import { withoutWire } from './unwired.ts';

afterAll(withoutWire());

interface Scenario {
  readonly wish: SceneWish;
  /** How many instances the group has in the end. */
  readonly instances: number;
}

const scenarios: Readonly<Record<string, Scenario>> = {
  'one instance leaves': { wish: { services: [service({ stopSeconds: 5 })] }, instances: 2 },
  'an empty instance leaves': { wish: { services: [] }, instances: 2 },
  'two of three leave at once': { wish: { services: [service({ desiredCount: 6 })] }, instances: 1 },
  'the deadline stops what is left': {
    wish: {
      services: [service({ desiredCount: 2, minimumHealthyPercent: 100, maximumPercent: 100 })],
      tags: { 'ecs-steward:drain-deadline': '2m' },
    },
    instances: 2,
  },
  'a standalone task is stopped': {
    wish: {
      services: [],
      standalone: [job({ exitAfterSeconds: 4000 })],
      tags: { 'ecs-steward:standalone-tasks': 'stop-after:2m' },
    },
    instances: 2,
  },
};

/** A call of an invocation, the same under the same seed; whether the function dies just before or just after it. */
interface Point {
  readonly requestId: string;
  readonly call: number;
  readonly moment: 'before' | 'after';
}

/** Plays a scenario and kills the function at one point; gives what AWS shows in the end, and every point there was. */
async function played({ wish, instances }: Scenario, point?: Point) {
  const scene = await Scene.open(wish);
  const { account } = scene;
  const points: Point[] = [];
  let hasCrashed = false;
  account.lambda.faults.crash = ({ requestId }, call, moment) => {
    points.push({ requestId, call, moment });
    if (requestId !== point?.requestId || call !== point.call || moment !== point.moment) return false;
    hasCrashed = true;
    return true;
  };
  setDesiredCapacity(account, groupName, instances);
  await account.advance(10);
  const isOver = () => scene.departures.every(({ completedAt }) => completedAt !== undefined);
  await account.until('the departures end', isOver, 1800);
  const passed = [...points];
  await account.advance(600);
  return { end: endOf(scene), points: passed, hasCrashed };
}

function endOf(scene: Scene) {
  const { account } = scene;
  const registrations = account.ecs.containerInstanceRecords().map(({ status }) => status);
  return {
    departures: scene.departures.map(({ endedBy, isEarly, tasksKilled }) => ({
      endedBy,
      isEarly,
      tasksKilled,
    })),
    instances: account.autoscaling.instancesOf(groupName).map(({ state }) => state),
    registrations: registrations.sort(),
    isSteady: isSteady(account, clusterName),
    standalone: account.ecs.taskRecords().filter(({ serviceArn, stoppedAt }) => !serviceArn && !stoppedAt)
      .length,
    deadLetters: scene.deadLetters,
    denied: scene.denied,
  };
}

describe('a function that is killed before or after any of its calls', () => {
  it.each(Object.entries(scenarios))(
    'makes no difference in the end: %s',
    async (_, scenario) => {
      const whole = await played(scenario);
      expect(whole.end).toMatchObject({ deadLetters: 0, denied: [] });
      expect(whole.end.departures.length).toBeGreaterThan(0);
      for (const departure of whole.end.departures)
        expect(departure).toEqual({ endedBy: 'complete', isEarly: false, tasksKilled: 0 });
      expect(whole.points.length).toBeGreaterThan(10);
      for (const point of whole.points) {
        const { end, hasCrashed } = await played(scenario, point);
        expect({ ...point, hasCrashed, end }).toEqual({ ...point, hasCrashed: true, end: whole.end });
      }
    },
    300_000,
  );
});
