import { flag, type Input, invalid, oneOf, structure, whole } from './input.ts';

/** The deployment circuit breaker of a service, as its deployment configuration has it (D-2.38). */
export interface Breaker {
  readonly enable: boolean;
  readonly rollback: boolean;
  /** A task that becomes healthy sets the number of failed tasks back to 0. */
  readonly resetOnHealthyTask: boolean;
  readonly threshold: {
    readonly type: 'COUNT' | 'BOUNDED_PERCENT' | 'UNBOUNDED_PERCENT';
    readonly value: number;
  };
}

/** What a service has that asked for nothing. */
export const noBreaker: Breaker = {
  enable: false,
  rollback: false,
  resetOnHealthyTask: true,
  threshold: { type: 'BOUNDED_PERCENT', value: 50 },
};

/** From 2023 on, and before (D-11.12). */
const usualBoundedMin = 3;
export const olderBoundedMin = 10;
const boundedMax = 200;
const valueMax = 2_147_483_647;

/** Reads the circuit breaker of a deployment configuration; without one it stays what it was. */
export function breakerOf(configuration: Input, before: Breaker): Breaker {
  if (configuration.deploymentCircuitBreaker === undefined) return before;
  const given = structure(configuration.deploymentCircuitBreaker, 'deploymentCircuitBreaker');
  const enable = flag(given, 'enable');
  const rollback = flag(given, 'rollback');
  if (enable === undefined || rollback === undefined)
    throw invalid('deploymentCircuitBreaker: expected enable and rollback, both are required.');
  const threshold = structure(given.thresholdConfiguration, 'thresholdConfiguration');
  return {
    enable,
    rollback,
    resetOnHealthyTask: flag(given, 'resetOnHealthyTask') ?? before.resetOnHealthyTask,
    threshold: {
      type:
        oneOf(threshold, 'type', ['COUNT', 'BOUNDED_PERCENT', 'UNBOUNDED_PERCENT']) ?? before.threshold.type,
      value: whole(threshold, 'value', 1, valueMax) ?? before.threshold.value,
    },
  };
}

/**
 * How many failed tasks fail a deployment: a number, or a share of the desired count rounded up, which is bounded to 3 to
 * 200 unless it is said otherwise (D-2.38).
 */
export function failureThreshold(
  { threshold: { type, value } }: Breaker,
  desiredCount: number,
  boundedMin = usualBoundedMin,
): number {
  if (type === 'COUNT') return value;
  const share = Math.max(1, Math.ceil((desiredCount * value) / 100));
  return type === 'UNBOUNDED_PERCENT' ? share : Math.min(boundedMax, Math.max(boundedMin, share));
}

/** The circuit breaker as the API shows it. */
export function breakerShape({ enable, rollback, resetOnHealthyTask, threshold }: Breaker) {
  return { enable, rollback, resetOnHealthyTask, thresholdConfiguration: threshold };
}
