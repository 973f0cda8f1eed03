import * as v from 'valibot';
import { parse } from './events.ts';
import { ownSource } from './source.ts';

/** Where the answer to a request of CloudFormation goes, and what it must repeat. */
export interface ReturnAddress {
  readonly responseUrl: string;
  readonly stackId: string;
  readonly requestId: string;
  readonly logicalResourceId: string;
  readonly physicalResourceId: string;
}

/** What CloudFormation does with a custom resource. */
export type ResourceRequest = 'Create' | 'Update' | 'Delete';

const requestTypes: readonly ResourceRequest[] = ['Create', 'Update', 'Delete'];
const responseUrl = v.pipe(
  v.string(),
  v.check(isAnswerable, 'expected an https URL, or one with http on this machine'),
);
/** An answer without these is better than none, after which CloudFormation waits until the resource's ServiceTimeout. */
const repeated = v.fallback(v.string(), '');
const returnAddress = v.object({
  ResponseURL: responseUrl,
  StackId: repeated,
  RequestId: repeated,
  LogicalResourceId: repeated,
  // Given when the resource was created; another one later would be another resource.
  PhysicalResourceId: v.fallback(v.pipe(v.string(), v.nonEmpty()), ownSource),
});

/** Where a custom resource's request is to be answered. Throws Unwanted where it cannot be. */
export function readReturnAddress(request: unknown): ReturnAddress {
  const found = parse(returnAddress, request);
  return {
    responseUrl: found.ResponseURL,
    stackId: found.StackId,
    requestId: found.RequestId,
    logicalResourceId: found.LogicalResourceId,
    physicalResourceId: found.PhysicalResourceId,
  };
}

/** What CloudFormation asks of a custom resource. Throws Unwanted where that is none of the three. */
export function readResourceRequest(request: unknown): ResourceRequest {
  return parse(v.object({ RequestType: v.picklist(requestTypes) }), request).RequestType;
}

function isAnswerable(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname } = new URL(url);
  return (
    protocol === 'https:' || (protocol === 'http:' && ['localhost', '127.0.0.1', '[::1]'].includes(hostname))
  );
}
