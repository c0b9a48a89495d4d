import { FAILURE_TYPES } from '../../src/contracts/failures';
import { type QuestionWords, questionOf } from '../../src/workflows/advice';
import { createOrderProgress } from '../../src/workflows/order-progress';
import { requestsOf } from '../../src/workflows/wms-cancel';

const SINCE_MS = Date.parse('2026-01-01T10:00:05.400Z');
const RUN = 'unfulfillable-order/spykar/CH1/O-1/abc';
const question = (changes: Partial<QuestionWords> = {}): string =>
  questionOf({
    title: 'Order O-1: Eshopbox did not cancel',
    failure: { type: 'ChannelRejected', message: 'no', details: { channelWords: 'LINES_REJECTED' } },
    word: 'eshopbox_rejected',
    workflowId: RUN,
    accountSlug: 'spykar',
    connection: { connectionId: 296, displayName: 'Eshopbox' },
    sinceMs: SINCE_MS,
    facts: ['Ajio has cancelled line 1.', 'Eshopbox was not told yet.'],
    leaves: '`giveUp` leaves line 1 cancelled at Ajio.',
    signals: ['retry', 'giveUp', 'confirmCancelled', 'confirmNotCancelled'],
    ...changes,
  });

describe('a question', () => {
  it('says whose it is, since when, what is done, what giveUp leaves and how it is answered', () => {
    expect(question()).toBe(
      [
        '### Order O-1: Eshopbox did not cancel',
        '> LINES_REJECTED',
        'Account `spykar` · Eshopbox, connection 296 · waiting since 2026-01-01 10:00:05 UTC.',
        '- Ajio has cancelled line 1.\n- Eshopbox was not told yet.',
        'The channel refused it for the reason above. Correct the cause and send `retry`, or send `giveUp`. The run waits for that and does not try by itself; without an answer it fails after 7 days.',
        '`giveUp` leaves line 1 cancelled at Ajio.',
        'Signals: `retry` · `giveUp` · `confirmCancelled` · `confirmNotCancelled`',
        `From a terminal: \`npm run cli -- retry --attention eshopbox_rejected\` for every run that waits for this, \`npm run cli -- give-up ${RUN}\`, \`npm run cli -- confirm ${RUN} --cancelled\` (or \`--not-cancelled\`).`,
      ].join('\n\n'),
    );
  });

  it.each(['ChannelUnavailable', 'StoreUnavailable', 'LineInUse'] as const)(
    'about %s says when the run tries again by itself, where it does',
    (type) => {
      const failure = { type, message: 'no', details: {} };
      const at = { goesOnAtMs: SINCE_MS + 30_000 };
      expect(question({ failure, ...at })).toContain('tries again by itself, next at 2026-01-01 10:00:35 UTC');
      expect(question({ failure })).toContain('does not try by itself');
    },
  );

  it('about a refusal does not promise that what was refused goes out again', () => {
    expect(question({ goesOnAtMs: SINCE_MS })).toContain('does not send this again by itself');
  });

  it('says what comes first instead of what answers it, while the run does something first', () => {
    const text = question({ first: 'The WMS comes first.' });
    expect(text).toMatch(/The WMS comes first\.$/);
    expect(text).not.toMatch(/Signals|7 days/);
  });

  it.each(FAILURE_TYPES)('about %s names the connection where a command needs it, or a placeholder', (type) => {
    const failure = { type, message: 'no', details: {} };
    expect(question({ failure })).not.toContain('<id>');
    expect(question({ failure, connection: {} })).not.toMatch(/undefined|connection \d/);
  });
});

describe('the progress of an order', () => {
  const [ajio, eshopbox] = [
    { connectionId: 295, channel: 'ajio', displayName: 'Ajio' },
    { connectionId: 296, channel: 'eshopbox', displayName: 'Eshopbox' },
  ] as const;
  const AT = '2026-01-01T10:00:00.000Z';
  const created = () => createOrderProgress(['1', '2', '3'], ajio, eshopbox);

  it('begins with nothing that anybody has cancelled', () => {
    expect(created().facts()).toEqual([
      'As far as is known, Ajio has cancelled none of the order’s lines (1, 2, 3).',
      'Eshopbox was not told anything.',
    ]);
    expect(created().remains()).toBe('the order as it is: no line is known to be cancelled anywhere');
  });

  it('tells the sides apart, line by line', () => {
    const progress = created();
    const refused = [{ line: '3', reason: 'PACKED' }];
    progress.seenAtMarketplace({ cancelled: ['1', '2'], notCancelled: refused, acceptedAt: { 1: AT, 2: AT } });
    expect(progress.facts()).toEqual([
      'Ajio has cancelled lines 1, 2 (2026-01-01 10:00:00 UTC).',
      'Ajio has not cancelled line 3.',
      'Eshopbox was not told of lines 1, 2 yet.',
    ]);
    progress.asksWms();
    expect(progress.facts().at(-1)).toBe('Eshopbox was asked and has not confirmed the cancel of lines 1, 2.');
    progress.seenInWms({ cancelled: ['1'], notCancelled: [{ line: '2', reason: 'no' }] });
    expect(progress.facts().slice(-2)).toEqual([
      'Eshopbox has cancelled line 1 as well.',
      'Eshopbox was asked and has not confirmed the cancel of line 2.',
    ]);
    expect(progress.remains()).toBe(
      'line 2 cancelled at Ajio and open in Eshopbox; line 1 cancelled on both sides; line 3 open on both sides, as far as is known',
    );
  });

  it('keeps the time that it was told first, and forgets what an older copy of the database has forgotten', () => {
    const progress = created();
    progress.seenAtMarketplace({ cancelled: ['1'], notCancelled: [], acceptedAt: { 1: AT } });
    progress.seenInWms({ cancelled: ['1'], notCancelled: [] });
    const later = { 1: '2026-01-02T10:00:00.000Z' };
    expect(progress.seenAtMarketplace({ cancelled: ['1'], notCancelled: [], acceptedAt: later })).toEqual({ 1: AT });
    expect(progress.facts().at(-1)).toMatch(/^Eshopbox was not told of line 1 yet/);
  });
});

describe('the requests to the WMS', () => {
  const [early, late, started] = ['2026-01-01T10:00:00.000Z', '2026-01-01T11:00:00.000Z', '2026-01-01T09:00:00.000Z'];

  it('are one, with the time of acceptance, for lines that were accepted together', () => {
    expect(requestsOf({ 1: early, 2: early }, started)).toEqual([{ cancelledAt: early }]);
  });

  it('are one for each time, earliest first', () => {
    expect(requestsOf({ 1: late, 2: early, 3: late }, started)).toEqual([
      { cancelledAt: early, only: ['2'] },
      { cancelledAt: late, only: ['1', '3'] },
    ]);
  });

  it('are one with the start of the run where nobody has kept a time', () => {
    expect(requestsOf({}, started)).toEqual([{ cancelledAt: started }]);
  });
});
