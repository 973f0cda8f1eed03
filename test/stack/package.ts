import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** Packages the service once before all tests: tests read the compiled template that `sls package` wrote. */
export default function setup(): void {
  if (!existsSync('serverless.yml')) return;
  execFileSync('npx', ['sls', 'package'], { stdio: ['ignore', 'ignore', 'inherit'] });
}
