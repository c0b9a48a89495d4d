const MAX_IDENTIFIER_CHARS = 100;

/** An identifier of a WMS item as it came: opaque, neither trimmed nor changed. Throws a RangeError that names the field when it is missing, blank or over 100 characters. */
export function identifierOf(value: string | undefined, field: string): string {
  if (value === undefined || value.trim() === '') throw new RangeError(`${field} is missing`);
  if (value.length > MAX_IDENTIFIER_CHARS)
    throw new RangeError(`${field} is longer than ${MAX_IDENTIFIER_CHARS} characters`);
  return value;
}
