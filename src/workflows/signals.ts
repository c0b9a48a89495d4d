import {
  defaultPayloadConverter,
  type Payload,
  type RawValue,
  rawValueTypeInfo,
  str,
  type TypeInfo,
} from '@temporalio/common';
import { defineSignal, setHandler } from '@temporalio/workflow';

/** What a person sent along with a signal and nobody can read, such as half of a JSON text. */
export class Unreadable {
  /** `encoding` is what it claims to be; empty when it says nothing. */
  constructor(readonly encoding: string) {}
}

/** As many arguments as somebody may send: each is left as it came. */
const ALL_RAW = new Proxy<TypeInfo[]>([], {
  get: (none, key) => (typeof key === 'string' && /^\d+$/.test(key) ? rawValueTypeInfo : Reflect.get(none, key)),
});

const LONGEST_ENCODING = 60;

function encodingOf({ metadata }: Payload): string {
  const encoding = metadata?.encoding;
  return encoding ? str(encoding).slice(0, LONGEST_ENCODING) : '';
}

function read(payload: Payload): unknown {
  try {
    return defaultPayloadConverter.fromPayload(payload);
  } catch {
    return new Unreadable(encodingOf(payload));
  }
}

/**
 * Listens for a signal, which anybody may send with anything. The SDK reads arguments before it calls a handler, and what it cannot
 * read fails the workflow task, again and again: the run would stand still for good. So they are read here. Results of activities
 * and inputs of workflows are read by the SDK as ever: those are ours, and a wrong one must stop the run.
 */
export function onSignal(
  { name }: { name: string },
  handle: (...sent: unknown[]) => void,
  options: { description: string },
): void {
  const raw = defineSignal<RawValue[]>(name, { typeInfo: { inputTypes: ALL_RAW } });
  setHandler(raw, (...sent: RawValue[]) => handle(...sent.map(({ payload }) => read(payload))), options);
}
