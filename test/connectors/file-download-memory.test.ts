import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createGzip } from 'node:zlib';
import { fileServers, MB, pour } from './file-servers';

const HOOK = join(__dirname, '../servers/typescript-hook.cjs');
const PROGRAM = join(__dirname, 'file-download-memory.ts');
/** Several times what 5 MB of file leave behind until the collector comes, which a busy machine puts off; a twentieth of the bomb. */
const MOST_MB = 50;
const HEADER = 'sku,quantity,note\n';
const row = (noteChars: number) => `S,5,${'x'.repeat(noteChars)}\n`;

const { serve, close } = fileServers();
afterAll(close);

it('fetches files of any size, packed or not, in memory that stays flat', async () => {
  const { url } = await serve((request, response) => {
    const plain = (line: string, lines: number) => response.end(HEADER + line.repeat(lines));
    switch (request.url) {
      case '/warm-up':
        return plain(row(1_600), 900);
      case '/large':
        return plain(row(1_600), 3_000);
      case '/too-large':
        return plain(row(60 * 1024), 170);
      case '/too-many':
        return plain('A,1,n\n', 3_001);
      case '/endless':
        response.write(HEADER);
        return pour(
          response,
          () => response.destroyed,
          () => Buffer.alloc(MB, '\n'),
        );
      default: {
        // 1 GB of zeros in 1 MB.
        response.setHeader('content-encoding', 'gzip');
        const gzip = createGzip();
        gzip.pipe(response);
        let left = 1_024;
        return pour(
          gzip,
          () => {
            left -= 1;
            if (left === 0) gzip.end();
            return left <= 0 || response.destroyed;
          },
          () => Buffer.alloc(MB),
        );
      }
    }
  });
  const names = ['/warm-up', '/large', '/too-large', '/too-many', '/endless', '/bomb'];
  // A process of its own: the memory of a test runner moves for reasons of its own.
  const { stdout } = await promisify(execFile)(process.execPath, [
    ...['--expose-gc', '-r', HOOK, PROGRAM],
    ...names.map((name) => url + name),
  ]);
  const told = stdout
    .trim()
    .split('\n')
    .map((line) => line.split('\t'));
  expect(told.map(([name, , outcome]) => [name, outcome])).toEqual([
    ['/warm-up', '900 rows'],
    ['/large', '3000 rows'],
    ['/too-large', 'the file at 127.0.0.1 is larger than 5 MB'],
    ['/too-many', 'the file has more than 3000 rows: nothing of it was stored'],
    ['/endless', 'the file at 127.0.0.1 is larger than 5 MB'],
    ['/bomb', 'the first line is longer than 64 KiB: is a quote not closed?'],
  ]);
  // The first one pays for everything that is loaded late.
  expect(told.slice(1).filter(([, megabytes]) => !(Number(megabytes) <= MOST_MB))).toEqual([]);
});
