import { Account, type AccountOptions } from './account.ts';
import type { CodeOf } from './cloud/lambda/package.ts';
import { Processes } from './cloud/lambda/process.ts';
import type { Site } from './server.ts';

/** An account that answers at `endpointUrl`, and runs the packages of its functions in processes of their own. */
export function openSite(options: Omit<AccountOptions, 'codeOf'> & { readonly endpointUrl: string }): Site {
  const codeOf: CodeOf = (zip, handler) => processes.runtime(zip)(handler);
  const account = new Account({ ...options, codeOf });
  const processes = new Processes({ world: account.world, endpointUrl: options.endpointUrl });
  return {
    account,
    respond: (token, body) => account.cloudformation.respond(token, body),
    polls: (request) => account.cloudformation.isPolled(request.body),
    functionRequests: (accessKeyId, request) => processes.handle(accessKeyId, request),
    close: () => processes.stop(),
  };
}
