// A real browser for tests, and people who sit before its pages. Everything that is waited for is
// waited for by its condition, and not for ever.

import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import type { Test } from 'tap';
import { BrokerProcess } from '../../demo/broker-process.js';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const GIVEN = process.env['FOQ_CHROMIUM'];

const executablePath = (GIVEN === undefined ? PLACES : [GIVEN]).find((path) => existsSync(path));

/** Why tests with a browser are skipped; false where there is one. */
export const skip: string | false =
  executablePath === undefined && 'there is no Chromium: install it, or name it in FOQ_CHROMIUM';

const WITHIN_MS = 60_000;
const LOOK_EVERY_MS = 25;

/** A broker of its own, to be killed and started again. */
export async function aBroker(t: Test): Promise<BrokerProcess> {
  const data = mkdtempSync(join(tmpdir(), 'foq-page-'));
  t.teardown(() => rmSync(data, { recursive: true, force: true }));
  const broker = await BrokerProcess.start(data);
  t.teardown(() => broker.kill());
  return broker;
}

export async function aBrowser(t: Test): Promise<Browser> {
  // The sandbox needs rights that a container has not, and the pages are our own.
  const args = ['--no-sandbox', '--disable-dev-shm-usage'];
  const given = executablePath === undefined ? {} : { executablePath };
  const browser = await chromium.launch({ ...given, args, timeout: WITHIN_MS });
  t.teardown(() => browser.close());
  return browser;
}

/** A message as the page shows it. */
export interface Row {
  readonly seq: number | null;
  readonly text: string;
  readonly tick: string | null;
}

const ROWS = `[...document.querySelectorAll('.messages .own, .messages .theirs')].map((row) => ({
  seq: row.dataset.seq ? Number(row.dataset.seq) : null,
  text: row.querySelector('.text').textContent,
  tick: row.querySelector('[data-tick]')?.dataset.tick ?? null,
}))`;

/** What a browser says while nobody listens at the address of the broker. */
const UNREACHABLE = /ERR_CONNECTION_(REFUSED|RESET|CLOSED)|ERR_EMPTY_RESPONSE|WebSocket is closed/;

export class Person {
  readonly page: Page;
  /** What the console showed and no page should: errors, and breaches of the policy. */
  readonly complaints: string[] = [];
  /** Of what is not complained about while the broker is away. */
  #expected: RegExp | undefined;

  private constructor(page: Page) {
    this.page = page;
    page.setDefaultTimeout(WITHIN_MS);
    page.on('pageerror', (error) => this.complaints.push(String(error)));
    page.on('console', (line) => {
      const isExpected = this.#expected?.test(line.text()) === true;
      if (line.type() === 'error' && !isExpected) this.complaints.push(line.text());
    });
  }

  /** `query` is that of the address: `user=ann&with=bob`. */
  static async at(
    context: BrowserContext,
    { broker, query }: { readonly broker: BrokerProcess; readonly query: string },
  ): Promise<Person> {
    const person = new Person(await context.newPage());
    await person.page.goto(`${broker.url}/chat-demo?${query}`);
    await person.is('online');
    return person;
  }

  /** From here on the broker may be away. */
  missesBroker(): void {
    this.#expected = UNREACHABLE;
  }

  async is(state: 'online' | 'offline' | 'connecting'): Promise<void> {
    await this.page.getByRole('status').filter({ hasText: state }).waitFor();
  }

  async write(to: string, ...texts: readonly string[]): Promise<void> {
    const field = this.page.getByRole('textbox', { name: `Message to ${to}` });
    for (const text of texts) {
      await field.fill(text);
      await field.press('Enter');
    }
  }

  async switchOffline(): Promise<void> {
    await this.page.getByRole('switch', { name: 'Offline' }).click();
  }

  async deviceId(): Promise<string> {
    return (await this.page.locator('.who span').textContent()) ?? '';
  }

  async rows(): Promise<Row[]> {
    return await this.page.evaluate<Row[]>(ROWS);
  }

  /** Waits until the rows are so; gives the last that were seen when they do not become so. */
  async rowsOnce(isSo: (rows: readonly Row[]) => boolean): Promise<Row[]> {
    const deadline = Date.now() + WITHIN_MS;
    for (;;) {
      const rows = await this.rows();
      if (isSo(rows) || Date.now() > deadline) return rows;
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  }

  /** The texts, once there are so many with a seq and none that waits. */
  async textsOnce(count: number): Promise<string[]> {
    const rows = await this.rowsOnce((all) => {
      return all.length >= count && all.every(({ seq }) => seq !== null);
    });
    return rows.map(({ text }) => text);
  }

  /** Of the message with this text, once it is this one. */
  async tickOnce(text: string, tick: string): Promise<string | null> {
    const find = (all: readonly Row[]) => all.find((row) => row.text === text);
    const rows = await this.rowsOnce((all) => find(all)?.tick === tick);
    return find(rows)?.tick ?? null;
  }
}
