import { describe, expect, it } from 'vitest';
import { Unwanted } from '../../lib/errors.ts';
import { readResourceRequest, readReturnAddress } from '../../lib/request.ts';

describe('a request of CloudFormation', () => {
  const request = {
    RequestType: 'Delete',
    ServiceToken: 'arn:aws:lambda:eu-west-1:111122223333:function:ecs-steward-prod-uninstall',
    ResponseURL: 'https://cloudformation-custom-resource-response-euwest1.s3.eu-west-1.amazonaws.com/a?b=c',
    StackId: 'arn:aws:cloudformation:eu-west-1:111122223333:stack/ecs-steward-prod/5f0e',
    RequestId: '9f3c1c4e-0b1d-4f5e-8a1b-3d2f1e0c9b8a',
    ResourceType: 'Custom::EcsStewardUninstall',
    LogicalResourceId: 'Uninstall',
    PhysicalResourceId: 'ecs-steward',
    ResourceProperties: { Version: '1.0.0' },
  };
  const address = {
    responseUrl: request.ResponseURL,
    stackId: request.StackId,
    requestId: request.RequestId,
    logicalResourceId: 'Uninstall',
    physicalResourceId: 'ecs-steward',
  };

  it.each(['Create', 'Update', 'Delete'])('is %s', (RequestType) => {
    expect(readResourceRequest({ ...request, RequestType })).toBe(RequestType);
  });

  it.each([{ RequestType: 'Remove' }, { RequestType: undefined }, { RequestType: 5 }])(
    'is nothing else: %o',
    (changes) => {
      expect(() => readResourceRequest({ ...request, ...changes })).toThrow(
        /^RequestType: .*Expected \("Create" \| "Update" \| "Delete"\)/,
      );
    },
  );

  it('says where it is to be answered, and what is to be repeated there', () => {
    expect(readReturnAddress(request)).toEqual(address);
  });

  it('has the same physical id from the first answer on: another one would be another resource', () => {
    const { PhysicalResourceId: _, ...first } = request;
    expect(readReturnAddress({ ...first, RequestType: 'Create' })).toEqual(address);
    const renamed = { ...request, PhysicalResourceId: 'ecs-steward-prod-Uninstall-1ABC' };
    expect(readReturnAddress(renamed).physicalResourceId).toBe('ecs-steward-prod-Uninstall-1ABC');
  });

  it('can be answered where only its URL can be read', () => {
    const { ResponseURL } = request;
    expect(readReturnAddress({ ResponseURL, StackId: 7, RequestId: null, PhysicalResourceId: '' })).toEqual({
      responseUrl: ResponseURL,
      stackId: '',
      requestId: '',
      logicalResourceId: '',
      physicalResourceId: 'ecs-steward',
    });
  });

  it.each(['http://127.0.0.1:4566/answer', 'http://localhost:4566/answer', 'http://[::1]:4566/answer'])(
    'may be answered on this machine without TLS: %s',
    (ResponseURL) => {
      expect(readReturnAddress({ ...request, ResponseURL }).responseUrl).toBe(ResponseURL);
    },
  );

  it.each([
    undefined,
    '',
    7,
    'answer',
    'http://example.com/answer',
    'http://127.0.0.1.example.com/',
    'file:///etc/passwd',
  ])('is not answered to %s', (ResponseURL) => {
    expect(() => readReturnAddress({ ...request, ResponseURL })).toThrow(/^ResponseURL: /);
    expect(() => readReturnAddress({ ...request, ResponseURL })).toThrow(Unwanted);
  });

  it.each([undefined, null, 'Delete', []])('is not %o', (nonsense) => {
    expect(() => readReturnAddress(nonsense)).toThrow(Unwanted);
  });
});
