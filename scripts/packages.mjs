import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, readIfThere, run, StepFailed, sha256, withLock } from './steps.mjs';

const LOCK_FILE = join(ROOT, 'package-lock.json');
const INSTALLED_LOCK = join(ROOT, 'node_modules/.package-lock.json');
const MARKER = join(ROOT, 'node_modules/.stockbridge-lock');

/** Whether npm itself, called by hand, has installed exactly what the lock file asks for on this platform. */
function npmInstalledTheSame() {
  const installed = readIfThere(INSTALLED_LOCK);
  if (installed === undefined) return false;
  const there = JSON.parse(installed).packages ?? {};
  const wanted = Object.entries(JSON.parse(readIfThere(LOCK_FILE)).packages).filter(([path]) => path !== '');
  return wanted.every(([path, { version, optional }]) =>
    there[path] === undefined ? optional === true : there[path].version === version && existsSync(join(ROOT, path)),
  );
}

function areCurrent(hash) {
  const marker = readIfThere(MARKER);
  if (marker === hash) return true;
  if (!npmInstalledTheSame()) return false;
  writeFileSync(MARKER, hash);
  return true;
}

const FLAGS = ['--include=dev', '--no-audit', '--no-fund', '--loglevel=error'];

function npm(...args) {
  // npm's own path is in the environment of `npm start`; by hand it is whatever `npm` is.
  const path = process.env.npm_execpath;
  const isNpm = path !== undefined && /npm-cli\.[cm]?js$/.test(path);
  return isNpm ? run(process.execPath, [path, ...args, ...FLAGS]) : run('npm', [...args, ...FLAGS]);
}

async function install() {
  try {
    await npm('ci');
  } catch (error) {
    // A registry that lacks another platform's optional packages makes `npm ci` refuse the lock file as a whole; these
    // versions are the lock file's all the same, and it stays as it is.
    if (!(error instanceof StepFailed && error.message.includes('EUSAGE'))) throw error;
    await npm('install', '--no-save');
  }
}

/** Installs the packages of package-lock.json when they are not there; true when it did. */
export async function installPackages() {
  const hash = sha256(readIfThere(LOCK_FILE));
  if (areCurrent(hash)) return false;
  return withLock('npm-ci', async () => {
    if (areCurrent(hash)) return false;
    await install();
    writeFileSync(MARKER, hash);
    return true;
  });
}
