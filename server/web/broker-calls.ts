// What the page asks of the broker over HTTP, which answers so only in development.

/** Up to where a device has a chat; a user without a device has the device `-`. */
export interface DeviceCursor {
  readonly userId: string;
  readonly deviceId: string;
  readonly received: number;
  readonly read: number;
}

const WITHIN_MS = 10_000;

/** Makes user and device where they are missing; a token of the device. */
export async function admission(device: { userId: string; deviceId: string }): Promise<string> {
  const { token = '' } = (await post('admission', device)) as { token?: string };
  return token;
}

/** Makes the user where he is missing. */
export async function makeUser(userId: string): Promise<void> {
  await post('admission', { userId });
}

export async function cursorsOf(chatId: string, token: string): Promise<DeviceCursor[]> {
  const headers = { authorization: `Bearer ${token}` };
  const query = new URLSearchParams({ chatId });
  const { cursors } = (await answerOf(fetch(`cursors?${query}`, { ...limits(), headers }))) as {
    cursors: DeviceCursor[];
  };
  return cursors;
}

function post(path: string, body: object): Promise<object> {
  const headers = { 'content-type': 'application/json' };
  const given = { method: 'POST', headers, body: JSON.stringify(body) };
  return answerOf(fetch(path, { ...limits(), ...given }));
}

function limits(): RequestInit {
  return { signal: AbortSignal.timeout(WITHIN_MS) };
}

/** Rejects with what the broker says is wrong. */
async function answerOf(request: Promise<Response>): Promise<object> {
  const response = await request;
  if (response.ok) return (await response.json()) as object;
  const { detail } = (await response.json().catch(() => ({}))) as { detail?: string };
  throw new Error(detail ?? `HTTP ${response.status}`);
}
