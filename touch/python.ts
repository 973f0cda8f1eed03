import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Row } from './row.ts';
import { stepsPath } from './steps.ts';

const script = fileURLToPath(new URL('touch.py', import.meta.url));

/** Takes every step with boto3; gives why not where there is no python3 or no boto3. Rejects when the script fails. */
export async function touchWithBoto3(endpointUrl: string): Promise<Row[] | string> {
  const { code, stdout, stderr } = await python(['-c', 'import boto3']);
  if (code === 'ENOENT') return 'there is no python3';
  if (code !== 0) return 'python3 has no boto3';
  const run = await python([script, endpointUrl, stepsPath]);
  if (run.code === 0) return JSON.parse(run.stdout);
  throw new Error(`touch.py ended with ${run.code}: ${run.stderr || stdout || stderr}`);
}

function python(args: readonly string[]) {
  return new Promise<{ code: number | string; stdout: string; stderr: string }>((done) => {
    execFile('python3', [...args], { maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      done({ code: error?.code ?? (error ? 1 : 0), stdout, stderr });
    });
  });
}
