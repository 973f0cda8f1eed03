import { createHash } from 'node:crypto';
import { connect, connectEstate } from '../../../lib/aws/connect.ts';
import type { Manners } from '../../../lib/aws/throttling.ts';
import type { Platform, Request } from '../../../lib/platform.ts';
import { noon } from '../fixtures.ts';

/** An error as AWS answers it. */
export class Refusal {
  readonly code: string;
  readonly message: string;
  readonly status: number;

  constructor(code: string, message = code, status = 400) {
    this.code = code;
    this.message = message;
    this.status = status;
  }
}

/** What an operation answers: members for JSON, the inside of the result element for Auto Scaling's XML, or a refusal. */
export type Answer = (
  input: Record<string, string>,
  raw: unknown,
) => Record<string, unknown> | string | Refusal;

/** A call as it went out. `input`: the form of Auto Scaling, or the members of JSON. */
export interface Call {
  readonly operation: string;
  readonly input: Record<string, unknown>;
}

const bytes = (text: string) => new TextEncoder().encode(text);
const textOf = (body: unknown) =>
  typeof body === 'string' ? body : new TextDecoder().decode(body as Uint8Array);

/** The real fleet over a network that answers by operation. Also what was asked, and for how long somebody slept. */
export function fleetOver(answers: Record<string, Answer>, random?: number, manners?: Manners) {
  const { platform, ...trace } = platformOver(answers, random);
  return { fleet: connect(platform, manners), ...trace };
}

/** The real estate over such a network. */
export function estateOver(answers: Record<string, Answer>) {
  const { platform, ...trace } = platformOver(answers);
  return { estate: connectEstate(platform), ...trace };
}

function platformOver(answers: Record<string, Answer>, random = 0.5) {
  const calls: Call[] = [];
  const slept: number[] = [];
  const platform: Platform = {
    environment: {
      AWS_REGION: 'eu-west-1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_SESSION_TOKEN: 'test',
      LANE_URL: 'https://sqs.eu-west-1.amazonaws.com/111122223333/ecs-steward-lane.fifo',
      RELEASE_QUEUE_URL: 'https://sqs.eu-west-1.amazonaws.com/111122223333/release',
      INTERRUPT_QUEUE_URL: 'https://sqs.eu-west-1.amazonaws.com/111122223333/interrupt',
      SWEEP_RULE: 'ecs-steward-prod-SweepRule-1ABC',
    },
    now: () => noon,
    sleep: async (milliseconds) => void slept.push(milliseconds),
    random: () => random,
    put: async () => 200,
    write: () => {},
    requestHandler: {
      handle: async (request: Request) => {
        const target = request.headers['x-amz-target'];
        const isJson = target !== undefined;
        const raw = textOf(request.body);
        const input = isJson ? JSON.parse(raw) : Object.fromEntries(new URLSearchParams(raw));
        const operation: string = isJson ? target.slice(target.indexOf('.') + 1) : input.Action;
        calls.push({ operation, input });
        const answer = answers[operation]?.(input, input) ?? new Refusal('UnknownOperation', operation);
        return { response: isJson ? jsonResponse(answer) : xmlResponse(operation, answer) };
      },
    },
  };
  return { platform, calls, slept };
}

function jsonResponse(answer: ReturnType<Answer>) {
  const headers = { 'content-type': 'application/x-amz-json-1.1' };
  if (answer instanceof Refusal) {
    const body = JSON.stringify({ __type: answer.code, message: answer.message });
    return { statusCode: answer.status, headers, body: bytes(body) };
  }
  return { statusCode: 200, headers, body: bytes(JSON.stringify(answer)) };
}

function xmlResponse(operation: string, answer: ReturnType<Answer>) {
  const headers = { 'content-type': 'text/xml' };
  if (answer instanceof Refusal) {
    const { code, message, status } = answer;
    const error = `<Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error>`;
    return { statusCode: status, headers, body: bytes(`<ErrorResponse>${error}</ErrorResponse>`) };
  }
  const result = `<${operation}Result>${String(answer)}</${operation}Result>`;
  const body = `<${operation}Response xmlns="http://autoscaling.amazonaws.com/doc/2011-01-01/">${result}</${operation}Response>`;
  return { statusCode: 200, headers, body: bytes(body) };
}

/** SQS's answer to a message; its SDK client checks the digest. */
export const sent: Answer = ({ MessageBody = '' }) => ({
  MessageId: 'm',
  MD5OfMessageBody: createHash('md5').update(MessageBody).digest('hex'),
});
