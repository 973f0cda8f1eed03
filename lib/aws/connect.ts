import http from 'node:http';
import https from 'node:https';
import { AutoScalingClient } from '@aws-sdk/client-auto-scaling';
import { ECSClient } from '@aws-sdk/client-ecs';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { SQSClient } from '@aws-sdk/client-sqs';
import { SSMClient } from '@aws-sdk/client-ssm';
import type { CapacityFleet } from '../capacity.ts';
import type { Fleet } from '../fleet.ts';
import type { Platform } from '../platform.ts';
import type { Estate } from '../uninstall.ts';
import { autoScaling, hooksEverywhere } from './autoscaling.ts';
import { defaultBus } from './bus.ts';
import { buying } from './buying.ts';
import { clusters } from './clusters.ts';
import { ecs } from './ecs.ts';
import { parameters } from './parameters.ts';
import { placement } from './placement.ts';
import { queues } from './queue.ts';
import { attemptsMax, PlatformRetryStrategy } from './retry.ts';
import { scheduleOf } from './rule.ts';
import { waits } from './services.ts';
import { strategies } from './strategies.ts';
import { autoScalingBuckets, ecsBuckets, type Manners, paced } from './throttling.ts';
import { workloads } from './workload.ts';

/** AWS Lambda as a platform. Only here are the environment, the clock, chance and timers read. */
export const aws: Platform = {
  environment: process.env,
  now: () => new Date(),
  sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
  random: () => Math.random(),
  put,
  write: (line) => void process.stdout.write(`${line}\n`),
};

/** Calls within a Region take milliseconds: one that takes longer is lost, and another attempt is the better bet. */
const timeouts = { connectionTimeout: 1000, requestTimeout: 5000, throwOnRequestTimeout: true };

/** Of a function that has the time to wait, and nobody to leave its work to. */
const usual: Manners = { share: 1, patienceMs: Number.POSITIVE_INFINITY };

/** The fleet as one execution environment sees it, with clients of its own. Throws where a variable is missing. */
export function connect(platform: Platform, manners: Manners = usual): Fleet {
  const config = configOf(platform);
  const autoScalingClient = new AutoScalingClient(config);
  paced(autoScalingClient.middlewareStack, platform, autoScalingBuckets, manners);
  const ecsClient = new ECSClient(config);
  paced(ecsClient.middlewareStack, platform, ecsBuckets, manners);
  return {
    ...autoScaling(autoScalingClient),
    ...ecs(ecsClient),
    ...workloads(ecsClient),
    ...placement(ecsClient),
    ...waits(ecsClient),
    ...defaultBus(new EventBridgeClient(config), platform),
    ...queues(new SQSClient(config), {
      laneUrl: required(platform, 'LANE_URL'),
      releaseQueueUrl: required(platform, 'RELEASE_QUEUE_URL'),
      interruptQueueUrl: required(platform, 'INTERRUPT_QUEUE_URL'),
    }),
  };
}

/** What there is to uninstall, with clients of its own. Throws where a variable is missing. */
export function connectEstate(platform: Platform): Estate {
  const config = configOf(platform);
  return {
    ...hooksEverywhere(new AutoScalingClient(config)),
    ...scheduleOf(new EventBridgeClient(config), required(platform, 'SWEEP_RULE')),
  };
}

/** What there is to shift, with clients of its own. Throws where a variable is missing. */
export function connectCapacity(platform: Platform): CapacityFleet {
  const config = configOf(platform);
  const ecsClient = new ECSClient(config);
  return {
    ...clusters(ecsClient, required(platform, 'CLUSTERS')),
    ...strategies(ecsClient),
    ...buying(new AutoScalingClient(config)),
    ...parameters(new SSMClient(config)),
  };
}

function configOf(platform: Platform) {
  return {
    region: required(platform, 'AWS_REGION'),
    // As Lambda gives them to every execution environment; no other provider is asked.
    credentials: {
      accessKeyId: required(platform, 'AWS_ACCESS_KEY_ID'),
      secretAccessKey: required(platform, 'AWS_SECRET_ACCESS_KEY'),
      sessionToken: required(platform, 'AWS_SESSION_TOKEN'),
    },
    maxAttempts: attemptsMax,
    retryStrategy: new PlatformRetryStrategy(platform),
    requestHandler: platform.requestHandler ?? timeouts,
  };
}

/** By node:http, which a local AWS may stand in for; nothing can stand in for fetch. */
function put(url: string, body: string): Promise<number> {
  const { request } = url.startsWith('https:') ? https : http;
  // The URL was signed for a request without a content type.
  const headers = { 'content-type': '', 'content-length': Buffer.byteLength(body) };
  const signal = AbortSignal.timeout(timeouts.requestTimeout);
  return new Promise((resolve, reject) => {
    const onAnswer = (answer: http.IncomingMessage) => resolve(answer.resume().statusCode ?? 0);
    request(url, { method: 'PUT', headers, signal }, onAnswer).on('error', reject).end(body);
  });
}

function required({ environment }: Platform, name: string): string {
  const value = environment[name];
  if (!value) throw new Error(`The environment variable ${name} is ${JSON.stringify(value)}; it must be set`);
  return value;
}
