import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import type { FrameLocator, Locator, Page } from 'playwright-core';

/** A tab of the page of a workflow, as the UI names it in addresses. */
type Tab = 'timeline' | 'pending-activities' | 'relationships' | 'search-attributes' | 'user-metadata';

/** The current details of a workflow, as they are on its page. */
export interface ShownDetails {
  text: string;
  /** The values of the table by their names. */
  rows: Record<string, string>;
}

/** Where the pages have their content, beside and below the navigation, in pixels. */
const CONTENT = { x: 256, y: 48, width: 1_184 };

export const VIEWPORT = { width: CONTENT.x + CONTENT.width, height: 1_600 };

/** Reads in a browser what a person sees of a workflow in Temporal's UI, and takes the screenshots of the docs. */
export class TemporalUi {
  readonly #page: Page;
  readonly #uiUrl: string;
  readonly #client: Client;
  readonly #images: string | undefined;

  /** @param images Folder for the screenshots. Without it they are taken, and thrown away. */
  constructor(page: Page, uiUrl: string, client: Client, images: string | undefined) {
    this.#page = page;
    this.#uiUrl = uiUrl;
    this.#client = client;
    this.#images = images;
  }

  /** Opens a tab of the latest run of a workflow. */
  async open(workflowId: string, tab: Tab): Promise<Page> {
    const { runId } = await this.#client.workflow.getHandle(workflowId).describe();
    const { namespace } = this.#client.options;
    await this.#page.goto(
      `${this.#uiUrl}/namespaces/${namespace}/workflows/${encodeURIComponent(workflowId)}/${runId}/${tab}`,
      { waitUntil: 'domcontentloaded' },
    );
    await this.#page.getByText('Back to Workflows').waitFor();
    return this.#page;
  }

  /** The summary on the tab of the details. */
  async summary(): Promise<string> {
    return (await this.#frameAfter('Summary').locator('p').first().innerText()).trim();
  }

  /** The current details. The tab is loaded by this. */
  async details(workflowId: string): Promise<ShownDetails> {
    await this.open(workflowId, 'user-metadata');
    const body = this.#frameAfter('Current Details').locator('body');
    await body.locator('p, h3').first().waitFor();
    const cells = await body
      .locator('tr')
      .evaluateAll((rows) => rows.map((row) => [...row.children].map((cell) => cell.textContent ?? '')));
    const rows = cells.map(([name = '', value = '']) => [toPlain(name), toPlain(value)] as const);
    return { text: toPlain(await body.innerText()), rows: Object.fromEntries(rows.filter(([name]) => name !== '')) };
  }

  /** The text of the tab of pending activities, where each line is a name or a value. */
  async pendingActivities(workflowId: string): Promise<string> {
    const page = await this.open(workflowId, 'pending-activities');
    await page.getByText('Next Retry', { exact: true }).first().waitFor();
    return toPlain(await page.locator('body').innerText());
  }

  /** The colours in the row of a child workflow on the timeline: the CSS colours of its marks. */
  async timelineColours(workflowId: string, childSummary: string, childStatus: string): Promise<string[]> {
    const page = await this.open(workflowId, 'timeline');
    const row = page.getByRole('button', { name: `: ${childStatus}` }).filter({ hasText: childSummary });
    await row.waitFor();
    return row
      .locator('div')
      .evaluateAll((marks) =>
        marks.map((mark) => mark.ownerDocument.defaultView.getComputedStyle(mark).backgroundColor),
      );
  }

  /** Sends an update without an argument, as a person does. */
  async sendUpdate(workflowId: string, name: string): Promise<void> {
    const page = await this.open(workflowId, 'user-metadata');
    await page.getByRole('button', { name: 'More Actions' }).click();
    await page.getByRole('menuitem', { name: 'Send an Update' }).click();
    const dialog = page.locator('dialog[open]');
    await dialog.locator('button[aria-haspopup]').click();
    // The descriptions name other updates.
    await dialog
      .getByRole('option')
      .filter({ has: page.getByText(name, { exact: true }) })
      .click();
    await dialog.getByRole('button', { name: 'Submit' }).click();
  }

  /** Takes a screenshot of the tab that is open, with the head of the workflow. */
  async takeImage(name: string, height: number): Promise<void> {
    await this.#takeImage(name, CONTENT.y, CONTENT.y + height);
  }

  /** Takes a screenshot of what a tab has below its name. Default height: to the end of the current details. */
  async takeTabImage(name: string, height?: number): Promise<void> {
    const top = await bottomOf(this.#page.getByText('User Metadata'));
    const last = this.#frameAfter('Current Details').locator('tr, li, p').last();
    await this.#takeImage(name, top + 8, height === undefined ? (await bottomOf(last)) + 16 : top + 8 + height);
  }

  async #takeImage(name: string, top: number, bottom: number): Promise<void> {
    await this.#page.evaluate('document.fonts.ready');
    const path = this.#images === undefined ? {} : { path: join(this.#images, `${name}.png`) };
    const clip = { x: CONTENT.x, y: top, width: CONTENT.width, height: bottom - top };
    await this.#page.screenshot({ ...path, clip, animations: 'disabled' });
  }

  /** The UI renders Markdown in frames of their own. */
  #frameAfter(heading: string): FrameLocator {
    return this.#page.locator(`xpath=//*[normalize-space(text())="${heading}"]/following::iframe[1]`).contentFrame();
  }
}

/** In pixels from the top of the page. */
async function bottomOf(element: Locator): Promise<number> {
  const box = await element.first().boundingBox();
  if (box === null) throw new Error('The element is not visible');
  return box.y + box.height;
}

/** One space for each space of whatever kind. */
function toPlain(text: string): string {
  return text.replace(/[^\S\n]+/g, ' ').trim();
}
