/** A token as it is kept in a column: by itself, or as JSON together with what refreshes it. */
export interface TokenParts {
  accessToken?: string;
  refreshToken?: string;
}

const textIn = (value: object, ...names: string[]): string | undefined => {
  const texts = names.map((name): unknown => Reflect.get(value, name)).filter((text) => typeof text === 'string');
  return texts[0]?.trim() || undefined;
};

/** Reads plain text, a JSON string, or a JSON object in either spelling (`accessToken`, `access_token`); nothing where there is no token. */
export function tokenPartsOf(stored: string | null): TokenParts {
  const text = stored?.trim() ?? '';
  if (!text.startsWith('{') && !text.startsWith('"')) return text === '' ? {} : { accessToken: text };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return {};
  }
  if (typeof value === 'string') return value.trim() === '' ? {} : { accessToken: value.trim() };
  if (typeof value !== 'object' || value === null) return {};
  const accessToken = textIn(value, 'accessToken', 'access_token');
  const refreshToken = textIn(value, 'refreshToken', 'refresh_token');
  return {
    ...(accessToken === undefined ? {} : { accessToken }),
    ...(refreshToken === undefined ? {} : { refreshToken }),
  };
}
