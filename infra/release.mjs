import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { installable } from './installable.mjs';
import { parameters } from './parameters.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

const templateName = 'ecs-steward.template.json';
const sumsName = 'SHA256SUMS';

const usage = `Usage: npm run release -- [options]

Writes a folder that can be installed without the Serverless Framework: the zips of the functions,
${templateName} with parameters for CloudFormation, and ${sumsName}.
How to install it: docs/install.

Options:
  --out FOLDER  where to write (default release); an earlier release in it is replaced
  --json        prints one JSON object instead of a table
  --help        this text

Exit code 0: the release is written. 1: it could not be made. 2: bad arguments.
The same source gives the same release, byte for byte.`;

/** Bad arguments; the message names the option, the value and what was expected. */
class BadArguments extends Error {}

function parseOptions(args) {
  const options = {
    out: { type: 'string', default: 'release' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  };
  try {
    const { values, tokens } = parseArgs({ args, options, tokens: true });
    const names = tokens.flatMap((token) => (token.kind === 'option' ? token.name : []));
    const repeated = names.find((name, i) => names.indexOf(name) !== i);
    if (repeated !== undefined) throw new Error(`--${repeated}: expected once, got it twice`);
    return values;
  } catch (error) {
    throw new BadArguments(error.message, { cause: error });
  }
}

/**
 * Everything in the folder that an earlier release wrote; creates the folder. Throws BadArguments when that is not
 * possible, or when there is something else in it.
 */
function earlierFilesIn(folder, out) {
  const refuse = (expected, but) => new BadArguments(`--out: expected ${expected}, got "${out}"${but}`);
  let files;
  try {
    makeFolder(folder);
    files = readdirSync(folder);
    accessSync(folder, constants.W_OK);
  } catch (error) {
    throw refuse('a folder that can be written to', ` (${error.code})`);
  }
  const sums = files.includes(sumsName) ? readFileSync(join(folder, sumsName), 'utf8') : '';
  const listed = [...sums.matchAll(/^[0-9a-f]{64} {2}(.+)$/gm)].map(([, name]) => name);
  const own = listed.includes(templateName) ? [sumsName, ...listed] : [];
  const other = files.find((file) => !own.includes(file));
  if (other !== undefined) throw refuse('an empty folder or a release', `, which holds ${other}`);
  return files;
}

/** As `mkdir -p`. The `recursive` of Node.js never returns where a folder refuses a new one with ENOENT, as /proc does. */
function makeFolder(folder) {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  mkdirSync(folder);
}

/** Runs `sls package` with a placeholder for every parameter; resolves with what it wrote. Rejects with what it printed. */
async function packaged() {
  const folder = mkdtempSync(join(tmpdir(), 'ecs-steward-release-'));
  const sls = join(root, 'node_modules/osls/bin/serverless.js');
  const placeholders = Object.values(parameters).map(({ option, placeholder }) => option + placeholder);
  // The template is the same for every Region; around this process another may be set, and must not matter.
  const args = [sls, 'package', '--package', folder, '--region', 'us-east-1', ...placeholders];
  try {
    await new Promise((done, failed) => {
      execFile(process.execPath, args, { cwd: root }, (error, stdout, stderr) => {
        if (error) failed(new Error(`sls package failed:\n${stdout}${stderr}`, { cause: error }));
        else done();
      });
    });
    const zips = readdirSync(folder).filter((file) => file.endsWith('.zip'));
    return {
      compiled: JSON.parse(readFileSync(join(folder, 'cloudformation-template-update-stack.json'), 'utf8')),
      zips: new Map(zips.sort().map((zip) => [zip, readFileSync(join(folder, zip))])),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A line for each resource, parameter and output, so that releases can be compared. */
function textOf(template) {
  const membersOf = (value, separator, write) =>
    Object.entries(value)
      .map(([name, member]) => `${JSON.stringify(name)}:${write(member)}`)
      .join(separator);
  const sectionOf = (section) =>
    typeof section === 'object'
      ? `{\n${membersOf(section, ',\n', JSON.stringify)}\n}`
      : JSON.stringify(section);
  return `{\n${membersOf(template, ',\n', sectionOf)}\n}\n`;
}

const sha256 = (content) => createHash('sha256').update(content).digest('hex');

/** The files of the release by name, in the order in which they are listed: zips first, what lists them last. */
function filesOf({ compiled, zips }, { version, description }) {
  const artifacts = new Map(
    [...zips].map(([zip, content]) => [
      zip,
      `${zip.slice(0, -'.zip'.length)}-${sha256(content).slice(0, 16)}.zip`,
    ]),
  );
  const template = installable(compiled, {
    description: `ecs-steward ${version}. ${description}`,
    artifactOf: (zip) => {
      const name = artifacts.get(zip);
      if (name === undefined) throw new Error(`The template names ${zip}, which sls package did not write`);
      return name;
    },
  });
  const files = new Map([...zips].map(([zip, content]) => [artifacts.get(zip), content]));
  files.set(templateName, Buffer.from(textOf(template)));
  const sums = [...files].map(([name, content]) => `${sha256(content)}  ${name}\n`);
  return files.set(sumsName, Buffer.from(sums.join('')));
}

/** Whenever this is cut off, what lies in the folder is still known for a release. */
function write(folder, files, earlierFiles) {
  for (const file of earlierFiles.filter((name) => name !== sumsName)) rmSync(join(folder, file));
  for (const [name, content] of [...files].reverse()) writeFileSync(join(folder, name), content);
}

/** What was written, for a reader: the largest names and sizes give the columns. */
function tableOf(out, files) {
  const rows = [...files].map(([name, content]) => [name, content.length.toLocaleString('en-US')]);
  const [nameWidth, sizeWidth] = [0, 1].map((column) => Math.max(...rows.map((row) => row[column].length)));
  const lines = rows.map(([name, size]) => `${name.padEnd(nameWidth)}  ${size.padStart(sizeWidth)} bytes`);
  return [`written to ${out}:`, ...lines].join('\n');
}

const jsonOf = (folder, version, files) =>
  JSON.stringify({
    version,
    folder,
    files: [...files].map(([name, content]) => ({ name, bytes: content.length, sha256: sha256(content) })),
  });

async function run({ out, json }) {
  if (out === '') throw new BadArguments('--out: expected a folder, got ""');
  const folder = resolve(out);
  const earlierFiles = earlierFilesIn(folder, out);
  const project = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  console.error('packaging the service: sls package');
  const files = filesOf(await packaged(), project);
  write(folder, files, earlierFiles);
  console.log(json ? jsonOf(folder, project.version, files) : tableOf(out, files));
}

async function main(args) {
  try {
    const options = parseOptions(args);
    if (options.help) console.log(usage);
    else await run(options);
    return 0;
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    if (!(error instanceof BadArguments)) return 1;
    console.error(`\n${usage}`);
    return 2;
  }
}

process.exitCode = await main(process.argv.slice(2));
