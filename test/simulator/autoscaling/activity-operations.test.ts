import { describe, expect, it } from 'vitest';
import { Scene, startAt } from './scene.ts';

describe('DescribeScalingActivities', () => {
  it('gives the newest first, in pages, by id and by start time', () => {
    const scene = new Scene();
    scene.group({ DesiredCapacity: 2 });
    scene.desired(3);
    const all = scene.activities();
    expect(all.map(({ StartTime }) => StartTime?.getTime())).toEqual([startAt + 15_000, startAt, startAt]);
    const page = scene.call<{ NextToken: string }>('DescribeScalingActivities', { MaxRecords: 2 });
    expect(scene.activities({ NextToken: page.NextToken })).toEqual([all[2]]);
    expect(scene.activities({ ActivityIds: [all[1]?.ActivityId] })).toEqual([all[1]]);
    const since = (Name: string, Values: string[]) => scene.activities({ Filters: [{ Name, Values }] });
    expect(since('StartTimeLowerBound', ['2026-05-04T12:00:01'])).toEqual([all[0]]);
    expect(since('StartTimeUpperBound', ['2026-05-04T14:00:14+02:00'])).toEqual([all[1], all[2]]);
    expect(() => since('StartTimeLowerBound', ['noon'])).toThrow("got 'noon'");
  });

  it('filters by status only together with a group (D-13.11)', () => {
    const scene = new Scene();
    scene.group({ DesiredCapacity: 2 });
    scene.desired(3);
    const Filters = [{ Name: 'Status', Values: ['PreInService', 'Failed'] }];
    expect(scene.activities({ AutoScalingGroupName: 'demo', Filters })).toHaveLength(1);
    expect(() => scene.activities({ Filters })).toThrow('can only be used with AutoScalingGroupName');
    expect(() => scene.activities({ Filters: [{ Name: 'status', Values: [] }] })).toThrow(
      'Filter type status',
    );
  });

  it('tells of the last six weeks, and takes 50 ids (D-14.1)', () => {
    const scene = new Scene();
    scene.group({ DesiredCapacity: 1 });
    expect(scene.activities()).toHaveLength(1);
    const ActivityIds = Array.from({ length: 51 }, (_, n) => `a${n}`);
    expect(() => scene.activities({ ActivityIds })).toThrow("'activityIds'");
    expect(scene.activities({ ActivityIds: ActivityIds.slice(1) })).toEqual([]);
    scene.advance(42 * 86_400 - 16);
    expect(scene.activities()).toHaveLength(1);
    scene.advance(2);
    expect(scene.activities()).toEqual([]);
  });

  it('refuses a group that is not there', () => {
    expect(() => new Scene().activities()).toThrow('AutoScalingGroup name not found');
  });
});
