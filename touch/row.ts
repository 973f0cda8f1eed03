import { type ServiceName, type Step, services } from './steps.ts';

/** How one operation answered. */
export interface Row {
  readonly service: ServiceName;
  readonly operation: string;
  /** `ok`, or the code that the good input was refused with. */
  readonly good: string;
  /** The code that the bad input was refused with, or `ok`; `-` where there is no bad input. */
  readonly bad: string;
  /** What the errors said, where they were not those expected. */
  readonly message?: string;
}

/** A row with what is wrong about it; undefined: nothing. */
export interface Judged extends Row {
  readonly problem?: string | undefined;
}

/** What nobody would want to see in a table of operations. */
const broken =
  /^(UnknownOperation.*|InvalidAction|UnsupportedOperation|InternalFailure|InternalError|ServerException)$/;

/** Judges the rows, and adds one for each served operation that has no step. */
export function judge(
  rows: readonly Row[],
  steps: readonly Step[],
  served: Readonly<Record<string, readonly string[]>>,
): Judged[] {
  const judged = rows.map((row, index): Judged => {
    const problem = problemOf(row, steps[index]?.error);
    return problem === undefined ? row : { ...row, problem };
  });
  const untouched = services.flatMap((service) =>
    (served[service] ?? [])
      .filter((name) => !steps.some((step) => step.service === service && step.operation === name))
      .map((operation) => ({
        service,
        operation,
        good: '-',
        bad: '-',
        problem: 'has no step in touch/steps.json',
      })),
  );
  return [...judged, ...untouched];
}

function problemOf({ good, bad, message = '' }: Row, error: string | undefined): string | undefined {
  if (good !== 'ok') return `the good input is refused: ${message}`;
  if (bad === 'ok') return 'the bad input is accepted';
  if (broken.test(bad)) return `the bad input is not understood: ${message}`;
  return bad === (error ?? '-')
    ? undefined
    : `the bad input is refused, but expected was ${error}: ${message}`;
}
