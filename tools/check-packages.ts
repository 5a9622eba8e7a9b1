/**
 * Packs every published package the way npm would and looks at the result: what is in it, whether its types resolve
 * (attw), whether its manifest is sound (publint), and how large it is compared with tools/size-ratchet.json.
 * `--update` writes the sizes.
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import semver from 'semver';

const run = promisify(execFile);
const root = join(import.meta.dirname, '..');
const ratchetPath = join(root, 'tools/size-ratchet.json');
const tolerance = 1.1;

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
  readonly type?: string;
  readonly license?: string;
  readonly author?: string;
  readonly engines?: { readonly node?: string };
  readonly scripts?: Readonly<Record<string, string>>;
  readonly bin?: Readonly<Record<string, string>>;
  readonly exports?: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

interface Packed {
  readonly filename: string;
  readonly size: number;
  readonly files: readonly { readonly path: string; readonly mode: number }[];
}

interface Ratchet {
  packages: Record<string, number>;
}

const readJson = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'));

function manifestProblems(manifest: Manifest, versions: ReadonlyMap<string, string>): string[] {
  const problems: string[] = [];
  const want = (holds: boolean, text: string): void => void (holds || problems.push(text));
  want(manifest.type === 'module', 'package.json needs "type": "module"');
  want(manifest.license === 'Apache-2.0', 'package.json needs "license": "Apache-2.0"');
  want(manifest.author === 'Praetorian Guard contributors', 'package.json needs the common author');
  want(manifest.engines?.node === '>=20.19.0', 'package.json needs engines.node ">=20.19.0"');
  const hooks = Object.keys(manifest.scripts ?? {}).filter((name) => /^(pre|post)?install$|^prepare$/.test(name));
  want(hooks.length === 0, `no install scripts in a published package: ${hooks.join(', ')}`);
  for (const [name, range] of Object.entries({ ...manifest.dependencies, ...manifest.peerDependencies })) {
    const version = versions.get(name);
    if (version === undefined) continue;
    want(semver.satisfies(version, range), `${name} is ${version} here, outside the declared range ${range}`);
  }
  const isPlugin = manifest.name.includes('/plugin-');
  want(!isPlugin || '@praetorian-guard/core' in (manifest.peerDependencies ?? {}), 'a plugin declares core as a peer');
  want(!isPlugin || !('@praetorian-guard/core' in (manifest.dependencies ?? {})), 'a plugin never depends on core');
  return problems;
}

function contentProblems(manifest: Manifest, packed: Packed): string[] {
  const paths = new Set(packed.files.map((file) => file.path));
  const targets = [
    ...Object.values(manifest.exports ?? {}).flatMap((target) =>
      typeof target === 'string' ? [target] : Object.values(target),
    ),
    ...Object.values(manifest.bin ?? {}),
  ].map((target) => target.replace(/^\.\//, ''));
  const stray = [...paths].filter((path) =>
    /\.(test|test-d|bench)\.|\.tsbuildinfo$|\.d\.ts\.map$|(^|\/)(test|bench)\//.test(path),
  );
  const missing = ['LICENSE', 'README.md', 'package.json', ...targets].filter((path) => !paths.has(path));
  return [
    ...missing.map((path) => `${path} is not in the package. Create it, or build first`),
    ...stray.map((path) => `${path} does not belong in the package. Correct "files"`),
  ];
}

function sizeProblems(name: string, size: number, ratchet: Ratchet): string[] {
  const limit = ratchet.packages[name];
  if (limit === undefined || size <= limit * tolerance) return [];
  return [
    `${size} bytes packed, over ${limit} + 10 %. Make it smaller, or accept it: npm run check:packages -- --update`,
  ];
}

/** What an earlier build left behind: the compiler never deletes. */
function staleProblems(folder: string, packed: Packed): string[] {
  return packed.files
    .map((file) => /^dist\/(.+)\.js$/.exec(file.path)?.[1])
    .filter((stem) => stem !== undefined)
    .filter((stem) => !['ts', 'tsx', 'mts'].some((ending) => existsSync(join(folder, 'src', `${stem}.${ending}`))))
    .map((stem) => `dist/${stem}.js has no source any more. Delete dist and build`);
}

async function output(command: string, args: string[], cwd = root): Promise<string[]> {
  try {
    await run(command, args, { cwd, maxBuffer: 64 * 1024 * 1024 });
    return [];
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    return [`${command.split('/').at(-1)} ${args.join(' ')}:\n${stdout ?? ''}${stderr ?? ''}`];
  }
}

async function checkPackage(
  folder: string,
  manifest: Manifest,
  scratch: string,
): Promise<{ packed: Packed; problems: string[] }> {
  const { stdout } = await run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', scratch], {
    cwd: folder,
    maxBuffer: 64 * 1024 * 1024,
  });
  const answer = JSON.parse(stdout) as Packed[] | Record<string, Packed>;
  const [packed] = Object.values(answer);
  if (!packed) throw new Error(`npm pack said nothing about ${manifest.name}`);
  const tarball = join(scratch, packed.filename);
  const tool = (name: string): string => join(root, 'node_modules/.bin', name);
  const importable = Object.values(manifest.exports ?? {}).some((target) => typeof target !== 'string');
  const problems = [
    ...contentProblems(manifest, packed),
    ...staleProblems(folder, packed),
    ...(await output(tool('publint'), ['run', tarball, '--strict'])),
    ...(importable
      ? await output(tool('attw'), [tarball, '--profile', 'esm-only', '--no-color', '--no-emoji', '--format', 'ascii'])
      : []),
  ];
  return { packed, problems };
}

async function main(): Promise<number> {
  const folders = readdirSync(join(root, 'packages')).map((name) => join(root, 'packages', name));
  const manifests = folders.map((folder) => ({ folder, manifest: readJson(join(folder, 'package.json')) as Manifest }));
  const versions = new Map(manifests.map(({ manifest }) => [manifest.name, manifest.version]));
  const ratchet = readJson(ratchetPath) as Ratchet;
  const sizes: Record<string, number> = {};
  const scratch = mkdtempSync(join(tmpdir(), 'praetorian-pack-'));
  let failures = 0;
  try {
    for (const { folder, manifest } of manifests.filter((one) => !one.manifest.private)) {
      const { packed, problems } = await checkPackage(folder, manifest, scratch);
      const update = process.argv.includes('--update');
      const all = [
        ...manifestProblems(manifest, versions),
        ...problems,
        ...(update ? [] : sizeProblems(manifest.name, packed.size, ratchet)),
      ];
      sizes[manifest.name] = packed.size;
      failures += all.length;
      console.log(
        `${manifest.name}: ${packed.files.length} files, ${packed.size} bytes packed, ${all.length} problems`,
      );
      for (const problem of all) console.error(`  ${problem}`);
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  if (process.argv.includes('--update'))
    writeFileSync(ratchetPath, `${JSON.stringify({ ...ratchet, packages: sizes }, null, 2)}\n`);
  return failures === 0 ? 0 : 1;
}

process.exitCode = await main();
