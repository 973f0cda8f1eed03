import type { Account } from '../../simulator/account.ts';
import type { Scene } from './scene.ts';

/** An alarm of the template, as far as it is evaluated here. */
interface Alarm {
  readonly Namespace: string;
  readonly MetricName: string;
  readonly Dimensions: readonly { readonly Name: string; readonly Value: string }[];
  readonly Statistic: 'Sum' | 'Maximum';
  readonly Period: number;
  readonly EvaluationPeriods: number;
  readonly DatapointsToAlarm?: number;
  readonly Threshold: number;
  readonly ComparisonOperator: 'GreaterThanThreshold' | 'LessThanThreshold';
  readonly TreatMissingData: 'breaching' | 'notBreaching';
}

/** A value of a metric, at a time (milliseconds). */
type Value = readonly [at: number, value: number];

const minuteMs = 60_000;

/**
 * The alarms of the packaged stack, evaluated over a scene as CloudWatch does it: a statistic for each period, so many of the
 * last periods beyond the threshold, what is missing taken as the alarm says.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html
 */
export class Alarms {
  private readonly scene: Scene;
  private readonly since: number;
  /** What SQS says of each queue every minute, by the queue's name and the metric's. */
  private readonly queued = new Map<string, Value[]>();

  /** Watches from now on. */
  constructor(scene: Scene) {
    this.scene = scene;
    const { world } = scene.account;
    this.since = Math.ceil(world.now / minuteMs) * minuteMs;
    const look = () => {
      this.lookAtQueues(scene.account);
      world.at(world.now + minuteMs, look);
    };
    world.at(this.since, look);
  }

  /** The logical ids of the alarms that have been raised at any time. */
  get raised(): readonly string[] {
    const members = this.scene.account.cloudformation.stack('ecs-steward-local')?.members.values() ?? [];
    return [...members]
      .flatMap(({ resource }) => (resource?.type === 'AWS::CloudWatch::Alarm' ? [resource] : []))
      .filter(({ properties }) => this.isRaised(properties as unknown as Alarm))
      .map(({ logicalId }) => logicalId)
      .sort();
  }

  private isRaised(alarm: Alarm): boolean {
    const { Period, EvaluationPeriods, DatapointsToAlarm = EvaluationPeriods } = alarm;
    const periodMs = Period * 1000;
    const values = this.valuesOf(alarm);
    const first = Math.ceil(this.since / periodMs);
    const last = Math.floor(this.scene.account.world.now / periodMs) - 1;
    const breaches: boolean[] = [];
    for (let period = first; period <= last; period++) {
      const own = values.filter(([at]) => Math.floor(at / periodMs) === period).map(([, value]) => value);
      breaches.push(isBreach(alarm, own));
      const recent = breaches.slice(-EvaluationPeriods).filter(Boolean).length;
      if (recent >= DatapointsToAlarm) return true;
    }
    return false;
  }

  private valuesOf({ Namespace, MetricName, Dimensions }: Alarm): readonly Value[] {
    const [dimension] = Dimensions;
    const { Value: value = '' } = dimension ?? {};
    if (Namespace === 'AWS/SQS') return this.queued.get(`${value} ${MetricName}`) ?? [];
    if (Namespace === 'AWS/Lambda') return this.invocations(value, MetricName);
    return this.scene.logged
      .filter((line) => MetricName in line && '_aws' in line && line.service === value)
      .flatMap((line) => {
        const { Timestamp } = line._aws as { Timestamp: number };
        return [line[MetricName]].flat().map((one) => [Timestamp, Number(one)] as const);
      });
  }

  private invocations(functionName: string, metric: string): Value[] {
    const own = this.scene.account.lambda.invocations.filter((one) => one.functionName === functionName);
    return own.map(({ startedAt, outcome }) => [
      startedAt,
      metric === 'Errors' && outcome === 'success' ? 0 : 1,
    ]);
  }

  private lookAtQueues({ sqs, world: { now } }: Account): void {
    for (const queue of sqs.all()) {
      const { visible, oldestSentAt } = queue.counts(now);
      const note = (metric: string, value: number) => {
        const key = `${queue.settings.name} ${metric}`;
        this.queued.set(key, [...(this.queued.get(key) ?? []), [now, value]]);
      };
      note('ApproximateNumberOfMessagesVisible', visible);
      note('ApproximateAgeOfOldestMessage', (now - oldestSentAt) / 1000);
    }
  }
}

function isBreach(alarm: Alarm, values: readonly number[]): boolean {
  if (values.length === 0) return alarm.TreatMissingData === 'breaching';
  const value = alarm.Statistic === 'Sum' ? values.reduce((sum, one) => sum + one, 0) : Math.max(...values);
  return alarm.ComparisonOperator === 'GreaterThanThreshold'
    ? value > alarm.Threshold
    : value < alarm.Threshold;
}
