import { readConfirmation, readSeenLines } from '../../src/workflows/confirmation';
import { Unreadable } from '../../src/workflows/signals';

const KNOWN = ['1', '12'];

it.each([
  [undefined, {}],
  [null, {}],
  [{}, {}],
  [{ lines: ['12'] }, { lines: ['12'] }],
  [{ lines: [1, '12'] }, { lines: ['1', '12'] }],
])('takes %j', (sent, seen) => {
  expect(readSeenLines(sent, KNOWN)).toEqual(seen);
});

it.each([
  ['12', /^send nothing for every line/],
  [['1'], /^send nothing for every line/],
  [true, /^send nothing for every line/],
  [new Uint8Array(), /^send nothing for every line/],
  [new Unreadable('json/protobuf'), /^what was sent cannot be read as json\/protobuf; send nothing/],
  [new Unreadable(''), /^what was sent cannot be read; send nothing/],
  [{ line: ['1'] }, /^line: is not known/],
  [{ lines: ['1'], all: true }, /^all: is not known/],
  [{ lines: '12' }, /^lines: is no list of lines/],
  [{ lines: [] }, /^lines: is no list of lines/],
  [{ lines: null }, /^lines: is no list of lines/],
  [{ lines: ['1', '7'] }, /^lines: the order has no line "7"; it has 1, 12$/],
  [{ lines: [{}] }, /^lines: the order has no line \{\}/],
])('says what is wrong with %j, which counts for no line', (sent, fault) => {
  expect(readSeenLines(sent, KNOWN)).toEqual({ fault: expect.stringMatching(fault) });
});

it('takes the first argument, and nothing when one of them cannot be read', () => {
  expect(readConfirmation([], KNOWN)).toEqual({});
  expect(readConfirmation([{ lines: ['1'] }, 'more'], KNOWN)).toEqual({ lines: ['1'] });
  expect(readConfirmation([{ lines: ['1'] }, new Unreadable('')], KNOWN)).toEqual({ fault: expect.any(String) });
});
