// What the command line says when something failed: one line, with the code that can be looked up.

/** `foq: FOQ_LOCKED: process 4711 has the store`; only the message where there is no code. */
export function failureText(error: unknown): string {
  if (!(error instanceof Error)) return `foq: ${String(error)}`;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  const named = code === undefined || error.message.includes(code);
  return named ? `foq: ${error.message}` : `foq: ${code}: ${error.message}`;
}
