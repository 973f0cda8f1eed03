/**
 * Takes everything out of this process's environment that the AWS SDK or Powertools would read, so that nothing of the
 * machine decides what happens: functions get the environment of the template, and no key or endpoint is real.
 */
export function forgetAws(environment: Record<string, string | undefined>): void {
  for (const name of Object.keys(environment)) {
    if (/^(AWS|POWERTOOLS)_/.test(name)) delete environment[name];
  }
  // The SDK would warn about the Node.js of this machine; deployed functions run on the runtime of the template.
  environment.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
}

/**
 * The whole environment of a `sls` command that must reach nothing but a local AWS: keys that mean nothing, a home without
 * profiles or configuration, no metadata service, no proxy. Nothing of this process's environment is in it.
 */
export function slsEnvironment(options: {
  readonly endpointUrl: string;
  /** An empty folder. */
  readonly home: string;
}): Record<string, string> {
  const { endpointUrl, home } = options;
  return {
    HOME: home,
    AWS_ENDPOINT_URL: endpointUrl,
    AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_CONFIG_FILE: `${home}/config`,
    AWS_SHARED_CREDENTIALS_FILE: `${home}/credentials`,
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    // How often it asks after the stack (milliseconds): each time a second of virtual time passes.
    SLS_AWS_MONITORING_FREQUENCY: '50',
  };
}
