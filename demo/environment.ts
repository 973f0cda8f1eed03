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
