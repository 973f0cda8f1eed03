import { bundle } from './bundle.mjs';

/**
 * Bundles before the framework packages. No top-level await here or in what this imports: osls loads plugins with
 * require(); Serverless Framework 4 imports them. Both know these hooks.
 */
export default class BundlePlugin {
  constructor(serverless) {
    const run = () => bundle(serverless.serviceDir);
    this.hooks = {
      'before:package:initialize': run,
      'before:deploy:function:initialize': run,
      'before:invoke:local:invoke': run,
    };
  }
}
