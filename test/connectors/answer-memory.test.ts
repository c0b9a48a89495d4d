import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createGzip } from 'node:zlib';
import { CHANNELS } from '../../src/contracts/channels';
import { fileServers, MB, pour } from './file-servers';

const HOOK = join(__dirname, '../servers/typescript-hook.cjs');
const PROGRAM = join(__dirname, 'answer-memory.ts');
const MOST_MB = 50;

const { serve, close } = fileServers();
afterAll(close);

const VIOLATED = 'ChannelContractViolated';
/** What must be made of each way of answering; a call that must not be repeated blindly may end as unknown instead. */
const WAYS: Record<string, RegExp> = {
  'warm-up': new RegExp(`^(${VIOLATED})$`),
  endless: new RegExp(`^(${VIOLATED})$`),
  gigabyte: new RegExp(`^(${VIOLATED})$`),
  bomb: new RegExp(`^(${VIOLATED})$`),
  depths: new RegExp(`^(${VIOLATED})$`),
  drip: /^(ChannelUnavailable|OutcomeUnknown)(,OutcomeUnknown)?$/,
  headers: /^(ChannelUnavailable|OutcomeUnknown)(,OutcomeUnknown)?$/,
};

it('believes no answer that is out of all measure, and stays small', async () => {
  const { url } = await serve((request, response) => {
    request.resume();
    const way = request.url?.split('/')[1];
    const isOver = () => response.destroyed;
    if (way === 'gigabyte') response.setHeader('content-length', String(1_024 * MB));
    if (way === 'warm-up') return response.end(JSON.stringify({ padding: 'x'.repeat(900_000) }));
    // Below the client's ceiling, and far beyond what a recursive reader can take.
    if (way === 'depths') return response.end('['.repeat(300_000));
    if (way === 'drip') {
      response.write('{"status":"SUCCESS"');
      const timer = setInterval(() => response.write(' '), 1_000);
      return void response.on('close', () => clearInterval(timer));
    }
    if (way === 'headers') {
      const names = Array.from({ length: 1_000 }, (_, index) => `x-${index}: ${'x'.repeat(100)}`);
      return void request.socket.write(`HTTP/1.1 200 OK\r\n${names.join('\r\n')}\r\n\r\n{}`);
    }
    if (way === 'bomb') {
      response.setHeader('content-encoding', 'gzip');
      const gzip = createGzip();
      gzip.pipe(response);
      return pour(gzip, isOver, () => Buffer.alloc(MB));
    }
    response.write('"');
    pour(response, isOver, () => Buffer.alloc(64 * 1024, 'x'));
  });
  const ways = Object.keys(WAYS);
  // A process of its own: the memory of a test runner moves for reasons of its own.
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', '-r', HOOK, PROGRAM, url, ...ways]);
  const told = stdout
    .trim()
    .split('\n')
    .map((line) => line.split('\t'));
  expect(told.map(([way, channel]) => `${way} ${channel}`)).toEqual(
    ways.flatMap((way) => CHANNELS.map((channel) => `${way} ${channel}`)),
  );
  for (const [way = '', channel, _megabytes, types = '', calls, done] of told) {
    expect([way, channel, types]).toEqual([way, channel, expect.stringMatching(WAYS[way] ?? /^$/)]);
    expect([way, channel, Number(calls) > 0, done]).toEqual([way, channel, true, '0']);
  }
  // The first one pays for what is loaded late, and for the heap that honest answers of nearly the largest size need.
  const tooMuch = told.filter(([way, _channel, megabytes]) => way !== 'warm-up' && Number(megabytes) > MOST_MB);
  expect(tooMuch).toEqual([]);
}, 600_000);
