/**
 * Errors that every operation may answer with and no operation declares:
 * https://docs.aws.amazon.com/AmazonECS/latest/APIReference/CommonErrors.html and its like for each service.
 */
const common = [
  'AccessDenied',
  'AccessDeniedException',
  'InternalFailure',
  'InternalError',
  'InvalidAction',
  'InvalidClientTokenId',
  'MissingParameter',
  'RequestExpired',
  'ServiceUnavailable',
  'SerializationException',
  'Throttling',
  'ThrottlingException',
  'UnknownOperationException',
  'ValidationError',
  'ValidationException',
];

/** Operations of S3 declare next to nothing: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html */
const ofS3 = [
  'BucketAlreadyOwnedByYou',
  'BucketNotEmpty',
  'EntityTooSmall',
  'InvalidArgument',
  'InvalidBucketName',
  'InvalidPart',
  'InvalidPartOrder',
  'MalformedXML',
  'NoSuchBucket',
  'NoSuchKey',
  'NoSuchUpload',
  'NoSuchVersion',
  'NotImplemented',
];

/** What a service says of input that it cannot read or take, in words of its own. */
const ofService: Readonly<Record<string, readonly string[]>> = {
  autoscaling: ['MalformedInput'],
  s3: ofS3,
  sqs: ['InvalidParameterValueException', 'MissingRequiredParameterException', 'UnsupportedOperation'],
};

/** Whether any operation of a service may answer with an error, whatever it declares. */
export function isCommon(service: string, code: string): boolean {
  return common.includes(code) || (ofService[service] ?? []).includes(code);
}
