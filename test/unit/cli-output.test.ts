import { attentionQuery } from '../../src/cli/attention-runs';
import { fieldsOf } from '../../src/cli/connection-input';
import { viewOf } from '../../src/cli/connection-view';
import { counted, duration, facts, moment, table, tokenWords } from '../../src/cli/output';
import { ajioConnector } from '../../src/connectors/ajio';
import { CHANNELS } from '../../src/contracts/channels';
import { attentionWord } from '../../src/workflows/advice';
import { sampleConnection } from '../connectors/samples';

const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5);

describe('what people read', () => {
  it('aligns columns, shows a dash for what is missing and leaves no blanks at the end', () => {
    expect(
      table(
        ['id', 'name'],
        [
          [1, 'long name'],
          [100, null],
          [7, ''],
        ],
      ),
    ).toEqual(['id   name', '1    long name', '100  –', '7    –']);
    expect(
      facts([
        ['a', 1],
        ['long', undefined],
      ]),
    ).toEqual(['a     1', 'long  –']);
  });

  it.each([
    [0, '0 s'],
    [119_000, '119 s'],
    [120_000, '2 min'],
    [7_140_000, '119 min'],
    [7_200_000, '2 h'],
    [172_800_000, '2 days'],
  ])('reads %d ms as %s', (ms, words) => expect(duration(ms)).toBe(words));

  it('tells moments before and after now', () => {
    expect(moment(NOW_MS - 5_000, NOW_MS)).toBe('2026-01-02T03:04:00Z (5 s ago)');
    expect(moment(NOW_MS + 600_000, NOW_MS)).toBe('2026-01-02T03:14:05Z (in 10 min)');
    expect([counted(0, 'line'), counted(1, 'line'), counted(2, 'line')]).toEqual(['0 lines', '1 line', '2 lines']);
  });

  it('tells of a token its generation and its end, never itself', () => {
    const token = { accessToken: 'canary-token', tokenGeneration: 3, tokenExpiresAtMs: NOW_MS + 720_000 };
    expect(tokenWords(token, NOW_MS)).toBe('generation 3, expires in 12 min');
    expect(tokenWords({ ...token, tokenExpiresAtMs: NOW_MS - 60_000 }, NOW_MS)).toBe('generation 3, expired 60 s ago');
    expect(tokenWords({ ...token, tokenExpiresAtMs: null }, NOW_MS)).toBe('generation 3, nobody knows when it expires');
    expect(tokenWords({ ...token, accessToken: null }, NOW_MS)).toBe('missing');
  });
});

describe('a connection as it is shown', () => {
  it('holds no secret, and every setting with its default', () => {
    const view = viewOf(
      sampleConnection({
        credentials: { username: 'canary-user', password: '' },
        accessToken: 'canary-token',
        settings: { batchSize: 7 },
      }),
    );
    expect(view.credentials).toEqual({ username: 'set', password: 'missing' });
    expect(view.settings).toMatchObject({ batchSize: 7, locations: 'any', ordersPath: '/ds/eshopbox' });
    expect(JSON.stringify(view)).not.toContain('canary');
  });

  it('names the settings that do not fit instead of hiding them', () => {
    const view = viewOf(sampleConnection({ settings: { batchSize: 0 }, credentials: 'not an object' }));
    expect(view.settings).toBeNull();
    expect(view.settingsFaults.join()).toContain('batchSize: ');
    expect(view.credentials).toEqual({ username: 'missing', password: 'missing' });
  });

  it('knows the fields of a channel from its schema', () => {
    expect(fieldsOf(ajioConnector.credentials)).toEqual(['username', 'password']);
    expect(fieldsOf(ajioConnector.settings)).toEqual(expect.arrayContaining(['timeZone', 'batchSize']));
  });
});

describe('the query for waiting runs', () => {
  it.each(CHANNELS)('can name what runs for %s wait for', (channel) => {
    const attention = attentionWord(channel, { type: 'ChannelRejected' });
    expect(attentionQuery({ attention })).toContain(`Attention = "${attention}"`);
  });

  it('narrows by what is given, and always to open runs', () => {
    expect(attentionQuery({})).toBe('ExecutionStatus = "Running" AND Attention IS NOT NULL');
    expect(attentionQuery({ attention: 'ajio_rejected', accountSlug: 'de mo', connectionId: 294 })).toBe(
      'ExecutionStatus = "Running" AND Attention = "ajio_rejected" AND AccountSlug = "de mo" AND ConnectionId = "294"',
    );
  });

  it.each(['a" OR "b', "a'", 'a\\', 'a`', 'a\n'])('refuses %j, which could end the literal', (value) => {
    expect(() => attentionQuery({ accountSlug: value })).toThrow('cannot be searched for');
    expect(() => attentionQuery({ attention: value })).toThrow('attention: ');
  });
});
