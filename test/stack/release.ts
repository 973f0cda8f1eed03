import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { copyOfProject } from '../files.ts';
import type { Template } from './template.ts';

/** What `npm run release` wrote. */
export interface Release {
  readonly folder: string;
  /** By name. */
  readonly files: ReadonlyMap<string, Buffer>;
  readonly template: ReleaseTemplate;
}

export interface ReleaseTemplate extends Template {
  readonly Description: string;
  readonly Parameters: Readonly<Record<string, ParameterDefinition>>;
  readonly Outputs: Readonly<Record<string, unknown>>;
}

export interface ParameterDefinition {
  readonly Type: string;
  readonly Default?: string | number;
  readonly Description: string;
}

/** How a run of the command ended. */
export interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command in a copy of the project, in an environment that may differ from this one. */
export function runRelease(
  project: string,
  args: readonly string[] = [],
  environment: Readonly<Record<string, string>> = {},
): Promise<Run> {
  const options = { cwd: project, env: { ...process.env, ...environment } };
  return new Promise((done) => {
    execFile(process.execPath, ['infra/release.mjs', ...args], options, (error, stdout, stderr) => {
      done({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, stdout, stderr });
    });
  });
}

/** The release that lies in a folder. */
export function readRelease(folder: string): Release {
  const files = new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))]));
  const template = JSON.parse(`${files.get('ecs-steward.template.json')}`) as ReleaseTemplate;
  return { folder, files, template };
}

/** The release of this project, made in a copy that is gone once `use` has ended. Rejects with what the command printed. */
export async function withRelease<T>(use: (release: Release, project: string) => T | Promise<T>): Promise<T> {
  const project = copyOfProject();
  try {
    const { code, stderr } = await runRelease(project);
    if (code !== 0) throw new Error(`npm run release failed:\n${stderr}`);
    return await use(readRelease(join(project, 'release')), project);
  } finally {
    rmSync(project, { recursive: true, force: true });
  }
}
