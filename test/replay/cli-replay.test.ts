import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { z } from 'zod';
import { runCli } from '../../src/cli/program';
import { loadConfig } from '../../src/config';
import { HISTORIES } from './folder';

const folder = mkdtempSync(join(tmpdir(), 'stockbridge-replay-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Replays without any environment: nothing may be read of it, and no server asked. */
async function replay(...args: string[]) {
  let out = '';
  let err = '';
  const code = await runCli(['replay', ...args], {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    errColumns: () => undefined,
    stdin: () => Readable.from([]),
    loadConfig: () => loadConfig({}),
  });
  return { code, out, err };
}

const event = z.looseObject({ eventId: z.string(), eventType: z.string() });
const started = z.looseObject({ workflowExecutionStartedEventAttributes: z.looseObject({}) });
const recorded = (name: string): string => readFileSync(join(HISTORIES, `${name}.json`), 'utf8');
const eventsOf = (name: string) => z.object({ events: z.array(event) }).parse(JSON.parse(recorded(name))).events;

function file(content: unknown): string {
  const path = join(folder, 'history.json');
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

/** `EVENT_TYPE_TIMER_STARTED` as older servers spell it. */
const pascal = (type: string): string =>
  type
    .replace('EVENT_TYPE_', '')
    .split('_')
    .map((word) => word.charAt(0) + word.slice(1).toLowerCase())
    .join('');

/** The history with other attributes of its first event. */
const withStart = (name: string, attributes: object): object => {
  const [first, ...rest] = eventsOf(name);
  const { workflowExecutionStartedEventAttributes } = started.parse(first);
  return {
    events: [
      {
        ...first,
        workflowExecutionStartedEventAttributes: { ...workflowExecutionStartedEventAttributes, ...attributes },
      },
      ...rest,
    ],
  };
};

const REPLAYS = /^✓ inventory-sync\/1001 \(InventorySyncWorkflow\) replays with this code: 28 events\.\n$/;

describe('a history that replays', () => {
  it.each([
    ['as the Web UI downloads it', () => recorded('stock-delivered')],
    ['as the HTTP API answers', () => ({ history: JSON.parse(recorded('stock-delivered')) })],
    ['as a list without its wrapper', () => eventsOf('stock-delivered')],
    [
      'with event types as older servers spell them',
      () => ({ events: eventsOf('stock-delivered').map((one) => ({ ...one, eventType: pascal(one.eventType) })) }),
    ],
    ['with a byte order mark', () => `\uFEFF${recorded('stock-delivered')}`],
  ])('is told so %s', async (_how, content) => {
    const { code, out, err } = await replay(file(content()));
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(REPLAYS);
  });

  it('is told so in JSON', async () => {
    const { out } = await replay(file(recorded('order-cancelled')), '--json');
    expect(JSON.parse(out)).toMatchObject({
      workflowType: 'UnfulfillableOrderWorkflow',
      isOpen: false,
      replays: true,
      divergence: null,
    });
  });

  it('may be that of a run that goes on', async () => {
    const { code, out } = await replay(file({ events: eventsOf('stock-delivered').slice(0, 20) }));
    expect(code).toBe(0);
    expect(out).toContain('20 events so far, the run has not ended.');
  });
});

describe('a history that does not replay', () => {
  it('is told in one sentence: at which event, what was recorded there and what this code does', async () => {
    const { code, out, err } = await replay(file(recorded('stock-delivered').replaceAll('"pushChunk"', '"pushPiece"')));
    expect({ code, err }).toEqual({ code: 1, err: '' });
    expect(out).toBe(
      '✗ inventory-sync/1001 (InventorySyncWorkflow) does not replay: this code diverges at event 10, ' +
        "ActivityTaskScheduled (pushPiece): Activity type of scheduled event 'pushPiece' does not match " +
        "activity type of activity command 'pushChunk'.\n",
    );
  });

  it('is told in JSON with the event', async () => {
    const { code, out } = await replay(
      file(recorded('order-read-back').replaceAll('"readMarketplaceOrder"', '"readOrder"')),
      '--json',
    );
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({
      replays: false,
      divergence: { kind: 'differs', event: { type: 'ActivityTaskScheduled', subject: 'readOrder' } },
    });
  });

  it('is told with an event that the code has nothing for', async () => {
    const marker = {
      eventType: 'EVENT_TYPE_MARKER_RECORDED',
      markerRecordedEventAttributes: { markerName: 'core_patch', workflowTaskCompletedEventId: '5' },
    };
    const events = eventsOf('stock-delivered').map((one) =>
      one.eventId === '6' ? { eventId: '6', eventTime: one.eventTime, ...marker } : one,
    );
    const { code, out } = await replay(file({ events }));
    expect(code).toBe(1);
    expect(out).toContain('diverges at event 6, MarkerRecorded (core_patch): ');
  });

  it('is told with the error that the code throws', async () => {
    const { code, out } = await replay(file(withStart('order-cancelled', { input: { payloads: [] } })));
    expect(code).toBe(1);
    expect(out).toMatch(/does not replay: this code fails at event 4, WorkflowTaskCompleted: Cannot destructure .*\n$/);
  });
});

describe('what is no history', () => {
  const text = recorded('stock-delivered');
  const all = eventsOf('stock-delivered');
  it.each<[string, unknown, RegExp]>([
    ['a download that was cut off', text.slice(0, 9_000), /is cut off: it ends in the middle; download it again/],
    ['other text', 'no history', /is not JSON/],
    ['nothing', '', /is not JSON/],
    ['other JSON', { a: 1 }, /is no workflow history: a list of events was expected/],
    ['no event', { events: [] }, /is no workflow history: a list of events was expected/],
    ['the end of one', { events: all.slice(6) }, /is only a part of a history: it begins with event 7/],
    [
      'one with a hole',
      all.filter((_one, index) => index !== 6),
      /is not a whole history: where event 7 belongs stands 8/,
    ],
    ['one that no worker has begun', all.slice(0, 3), /has nothing to replay: no worker has completed a workflow task/],
    [
      'one of another program',
      withStart('stock-delivered', { workflowType: { name: 'OtherWorkflow' } }),
      /is of type OtherWorkflow, which this code does not have; it has CsvImportWorkflow, InventorySyncWorkflow/,
    ],
    [
      'one with decoded payloads',
      withStart('stock-delivered', { input: { payloads: [{ connectionId: 5 }] } }),
      /has decoded payloads: download it again with "Decode Event History" switched off/,
    ],
    ['one with decoded payloads as a list', withStart('stock-delivered', { input: [5] }), /has decoded payloads/],
  ])('is said of %s in one sentence', async (_what, content, words) => {
    const { code, out, err } = await replay(file(content));
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(words);
    expect(err.trimEnd().split('\n')).toHaveLength(1);
  });

  it('is said of a file that is not there', async () => {
    const { code, err } = await replay(join(folder, 'nothing.json'));
    expect({ code, err }).toEqual({ code: 1, err: `✗ ${join(folder, 'nothing.json')}: ENOENT\n` });
  });

  it('is wrong usage to name the run of a file', async () => {
    const { code, err } = await replay(file(text), '--run-id', 'x');
    expect({ code, err }).toEqual({ code: 2, err: '✗ --run-id belongs to a workflow id\n' });
  });
});
