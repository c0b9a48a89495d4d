import { Readable } from 'node:stream';
import { runCli } from '../../src/cli/program';
import { ConfigError, loadConfig } from '../../src/config';

/** No server listens here: what these tests see is decided before one is asked. */
const config = () =>
  loadConfig({ MYSQL_URL: 'mysql://user:mysql-secret@127.0.0.1:1/db', TEMPORAL_ADDRESS: '127.0.0.1:1' });

async function run(args: readonly string[], options: { stdin?: string; loadConfig?: typeof config } = {}) {
  let out = '';
  let err = '';
  const code = await runCli(args, {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    errColumns: () => undefined,
    stdin: () => Readable.from([Buffer.from(options.stdin ?? '')]),
    loadConfig: options.loadConfig ?? config,
  });
  return { code, out, err };
}

const COMMANDS = [
  ['setup'],
  ['connections', 'add'],
  ['connections', 'set'],
  ['connections', 'remove'],
  ['connections', 'list'],
  ['connections', 'show'],
  ['connections', 'test'],
  ['connections', 'pause'],
  ['connections', 'resume'],
  ['connections', 'restore'],
  ['keys', 'create'],
  ['keys', 'list'],
  ['keys', 'revoke'],
  ['submit'],
  ['resync'],
  ['retry'],
  ['give-up'],
  ['confirm'],
  ['redrive'],
  ['why'],
  ['rejected'],
  ['replay'],
];

const AJIO = ['connections', 'add', '--channel', 'ajio', '--account', 'demo'];

describe('the command line', () => {
  it.each(COMMANDS)('%s %s explains itself with one example and offers --json', async (...command) => {
    const { code, out, err } = await run([...command.filter((word) => word !== undefined), '--help']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain(`Example:\n  npm run cli -- ${command.join(' ')}`);
    expect(out).toContain('--json');
  });

  it('prints its help and fails as wrong usage when no command is named', async () => {
    for (const group of [[], ['connections'], ['keys']]) {
      const { code, err } = await run(group);
      expect(code).toBe(2);
      expect(err).toContain('Commands:');
    }
  });

  it.each([
    [['nope'], /unknown command 'nope'/],
    [['resync'], /missing required argument 'connectionId'/],
    [['resync', '1', '2'], /too many arguments/],
    [['resync', '0'], /<connectionId>: is not a connection id/],
    [['resync', '1e3'], /<connectionId>: is not a connection id/],
    [['why', '294', 'a/b', '--frobnicate'], /unknown option '--frobnicate'/],
    [['submit', 'stock.csv'], /--connection: is required/],
    [['submit', 'stock.csv', '--connection', '294', '--timeout', '0'], /--timeout: is no number of seconds/],
    [['retry'], /--attention: is required/],
    [['retry', '--attention', 'x" OR ExecutionStatus = "Running'], /--attention: is no word/],
    [['give-up'], /--attention: is required, or --connection, --account or a workflow id/],
    [['give-up', 'inventory-sync/1', '--connection', '1'], /--attention: a workflow id takes neither/],
    [['retry', 'inventory-sync/1', '--attention', 'all'], /--attention: a workflow id takes neither/],
    [['retry', '--connection', 'x'], /--connection: is not a connection id/],
    [['rejected', 'x'], /<connectionId>: is not a connection id/],
    [['connections', 'set', '294'], /<changes>: give at least one key=value, or --reset/],
    [['connections', 'remove'], /missing required argument 'id'/],
    [['redrive', '--rejected'], /--rejected and --connection belong together/],
    [['redrive', '--connection', '294'], /--rejected and --connection belong together/],
    [['keys', 'create', '--name', ' '], /--account: is required; --name: is empty/],
    [['keys', 'revoke', 'sb_key'], /<keyId>: is not a key id/],
    [['connections', 'add', '--channel', 'fax', '--account', 'demo'], /--channel: must be one of ajio, eshopbox/],
    [AJIO, /--credentials, --credentials-file or --credentials-stdin: one of them is required/],
    [[...AJIO, '--credentials', '{}', '--credentials-stdin'], /give one of them/],
  ])('%j is wrong usage, and says what is wrong in one line', async (args, words) => {
    const { code, out, err } = await run(args);
    expect(code).toBe(2);
    expect(err).toMatch(words);
    expect(err.trimEnd().split('\n')).toHaveLength(1);
    expect(out).toBe('');
  });

  it('answers wrong usage with one JSON document where JSON was asked for', async () => {
    const { code, out, err } = await run(['resync', 'abc', '--json']);
    expect({ code, err }).toEqual({ code: 2, err: '' });
    expect(JSON.parse(out)).toEqual({ error: { message: '<connectionId>: is not a connection id (a whole number)' } });
    const unknown = await run(['nope', '--json']);
    expect(JSON.parse(unknown.out)).toEqual({ error: { message: "unknown command 'nope'" } });
    expect(unknown.code).toBe(2);
  });

  it('names every fault of the environment, without a stack', async () => {
    const broken = () => loadConfig({ LOG_LEVEL: 'loud' });
    expect(broken).toThrow(ConfigError);
    const { code, err } = await run(['setup'], { loadConfig: broken });
    expect(code).toBe(1);
    expect(err).toContain('MYSQL_URL: is required');
    expect(err).toContain('LOG_LEVEL: ');
    expect(err).not.toContain(' at ');
  });

  it('says in one line, without the password, that MySQL does not answer', async () => {
    const { code, err } = await run(['connections', 'list']);
    expect(code).toBe(1);
    expect(err).toBe('✗ MySQL does not answer at 127.0.0.1:1: start it, or correct MYSQL_URL\n');
  });

  it('says in one line that Temporal does not answer', async () => {
    const { code, out } = await run(['retry', '--attention', 'all', '--json']);
    expect(code).toBe(1);
    expect(JSON.parse(out)).toEqual({
      error: { message: 'Temporal does not answer at 127.0.0.1:1: start it, or correct TEMPORAL_ADDRESS' },
    });
  });
});

describe('connections add', () => {
  it('names every field of credentials and settings that does not fit, unknown settings too, and no value', async () => {
    const { code, err } = await run([
      ...AJIO,
      ...['--credentials', '{"username":"","pass":"canary-secret"}'],
      ...['--settings', '{"batchSize":51,"batchsize":10,"timeZone":"Mars"}'],
    ]);
    expect(code).toBe(1);
    for (const field of [
      'credentials.username',
      'credentials.password',
      'settings.batchSize',
      'settings.batchsize: Ajio has no such setting',
      'settings.timeZone',
    ]) {
      expect(err).toContain(field);
    }
    expect(err).not.toContain('canary-secret');
  });

  it.each([
    ['{"username":"canary-secret', /--credentials: is not JSON/],
    ['["canary-secret"]', /--credentials: is not a JSON object/],
    ['"canary-secret"', /--credentials: is not a JSON object/],
  ])('refuses %s without repeating it', async (credentials, words) => {
    const { code, err } = await run([...AJIO, '--credentials', credentials]);
    expect(code).toBe(1);
    expect(err).toMatch(words);
    expect(err).not.toContain('canary-secret');
  });

  it('reads credentials from standard input and from a file', async () => {
    const fromStdin = await run([...AJIO, '--credentials-stdin'], { stdin: '{"username":"u"}' });
    expect(fromStdin.err).toContain('credentials.password');
    expect(fromStdin.err).not.toContain('credentials.username');
    const missing = await run([...AJIO, '--credentials-file', '/no/such/file']);
    expect(missing.err).toBe('✗ --credentials-file: /no/such/file: ENOENT\n');
  });
});
