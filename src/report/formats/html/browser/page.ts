/**
 * What the page can do where scripts run: choose checks by verdict, namespace, policy and words, choose a step, walk through a matrix, and look at
 * any check. The page is complete without it. What is chosen stands in the address after `#`, so that it can be passed on.
 */
import type { FactHead, Lists, PackedChecks, PageData } from '../page-data.ts';

/** A check; its number is its place in the list. */
interface PageCheck {
  readonly row: number;
  readonly column: number;
  readonly pair: string;
  readonly verdict: string;
  readonly meaning: string;
  readonly namespaces: readonly string[];
  readonly policies: readonly string[];
  /** It passed, and not in every attempt. */
  readonly isContrary: boolean;
  readonly facts: readonly (FactHead & { readonly text: string })[];
}

interface Choice {
  readonly verdicts: readonly string[];
  /** `yes`: only checks that passed, and not in every attempt. */
  readonly contrary: string;
  readonly namespace: string;
  readonly policy: string;
  readonly text: string;
  /** `scenario.check`, both counted from 0, of the check that stays in view. */
  readonly check: string;
  /** `scenario.step` of each scenario whose step was chosen, both counted from 0; `0.all` for all of its steps. */
  readonly steps: readonly string[];
}

const NOTHING: Choice = {
  verdicts: [],
  contrary: '',
  namespace: '',
  policy: '',
  text: '',
  check: '',
  steps: [],
};
/** A command holds addresses and paths that nobody looks for, and would match too much. */
const UNSEARCHED = 'reproduce';

/** Between what is jumped or walked to and what would cover it. */
const GAP_PX = 8;

/** As many as fit beside names of the longest kind on A4 upright. */
const COLUMNS_ON_PAPER = 28;

/** Text that was typed goes into effect when the typing rests. */
const TYPING_MS = 120;

interface Cell {
  readonly element: HTMLTableCellElement;
  check: number | undefined;
}

/** A matrix of the page, with its rows of cells as they stand. */
interface Grid {
  readonly scenario: number;
  /** The checks in it, by their numbers: from the first to before the end. */
  readonly first: number;
  readonly end: number;
  /** The block of its step; null where the scenario has but one. */
  readonly step: HTMLElement | null;
  readonly table: HTMLTableElement;
  readonly heads: readonly HTMLElement[];
  readonly rows: readonly { readonly element: HTMLTableRowElement; readonly cells: readonly Cell[] }[];
  readonly panel: HTMLElement;
  readonly nothing: HTMLElement;
  /** Where the tabulator key enters. */
  entry: { row: number; column: number };
}

const form = byId('filter', HTMLFormElement);
const shown = byId('shown', HTMLOutputElement);
const scenarios = (await unpack(byId('checks', HTMLScriptElement).text)).scenarios.map(checksOf);
const words = scenarios.map((checks) => checks.map(wordsOf));
const grids = [...document.querySelectorAll('table.matrix')].map((table) =>
  prepare(table as HTMLTableElement),
);
const selectors = [...document.querySelectorAll<HTMLFieldSetElement>('fieldset.steps')];
let choice = readAddress(location.href) ?? NOTHING;

form.hidden = false;
byId('without-script', HTMLElement).hidden = true;
listen();
for (const selector of selectors) selector.hidden = false;
showForm();
showSteps();
showChoice();
keepClear(form, ({ height }) => {
  const isSticky = getComputedStyle(form).position === 'sticky';
  document.documentElement.style.scrollPaddingTop = isSticky ? `${height + GAP_PX}px` : '';
});
showPinned(true);
showPlace();

function byId<Kind extends HTMLElement>(id: string, kind: new () => Kind): Kind {
  const element = document.getElementById(id);
  if (!(element instanceof kind)) throw new Error(`the page has no ${id}`);
  return element;
}

/** What sticks to an edge hides what is jumped or walked to, unless the scrolling knows its size, now and whenever that changes. */
function keepClear(cover: Element, tell: (size: DOMRect) => void): void {
  const measure = (): void => tell(cover.getBoundingClientRect());
  measure();
  new ResizeObserver(measure).observe(cover);
}

/** Browsers of before 2023 may lack what it takes; they are told, and show what those without scripts do. */
async function unpack(text: string): Promise<PageData> {
  if (!('DecompressionStream' in globalThis)) {
    const note = byId('without-script', HTMLElement);
    note.textContent = `This browser is too old for the page's script. ${note.textContent.replace('Without JavaScript', 'Without it')}`;
    throw new Error('the browser has no DecompressionStream');
  }
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
  return JSON.parse(await new Response(stream).text());
}

function checksOf(packed: PackedChecks): PageCheck[] {
  const pairs = textsOf(packed.pairs);
  const verdicts = textsOf(packed.verdicts);
  const meanings = textsOf(packed.meanings);
  const namespaces = listsOf(packed.namespaces);
  const policies = listsOf(packed.policies);
  const contrary = new Set(packed.contrary);
  const texts = new Map(
    Object.entries(packed.facts).map(([label, lists]) => [label, textsOf(lists).values()]),
  );
  return pairs.map((pair, check) => ({
    row: packed.rows[check] ?? 0,
    column: packed.columns[check] ?? 0,
    pair,
    verdict: verdicts[check] ?? '',
    meaning: meanings[check] ?? '',
    namespaces: namespaces[check] ?? [],
    policies: policies[check] ?? [],
    isContrary: contrary.has(check),
    facts: (packed.shapes[packed.shapeOf[check] ?? 0] ?? []).map((head) => ({
      ...head,
      text: texts.get(head.label)?.next().value ?? '',
    })),
  }));
}

function textsOf(lists: Lists): string[] {
  return listsOf(lists).map((list) => list.join(' '));
}

function listsOf({ lengths, places }: Lists): string[][] {
  const read = places.map(() => 0);
  return lengths.map((length) =>
    places.slice(0, length).map(({ values, index }, place) => {
      const next = read[place] ?? 0;
      read[place] = next + 1;
      return values[index[next] ?? 0] ?? '';
    }),
  );
}

function checkAt(scenario: number, check: number | undefined): PageCheck | undefined {
  return check === undefined ? undefined : scenarios[scenario]?.[check];
}

function wordsOf({ pair, meaning, facts }: PageCheck): string {
  const texts = facts.filter(({ label }) => label !== UNSEARCHED).map(({ text }) => text);
  return [pair, meaning, ...texts].join('\n').toLowerCase();
}

/* The address. */

/** What the part after `#` chooses; undefined where it is the name of a place in the page. */
function readAddress(address: string): Choice | undefined {
  const text = new URL(address).hash.slice(1);
  if (text !== '' && !text.includes('=')) return undefined;
  const values = new URLSearchParams(text);
  const list = (key: string): string[] => (values.get(key) ?? '').split(',').filter(Boolean);
  return {
    verdicts: list('verdict'),
    contrary: values.get('contrary') ?? '',
    namespace: values.get('namespace') ?? '',
    policy: values.get('policy') ?? '',
    text: values.get('text') ?? '',
    check: values.get('check') ?? '',
    steps: list('step'),
  };
}

/** Goes where the address points, clear of what sticks to the top. A choice goes back into the address: that is what is passed on. */
function showPlace(): void {
  const place = document.querySelector(':target');
  if (place === null) return;
  showStep(place.closest<HTMLElement>('.step'));
  place.scrollIntoView();
  if (writeChoice() !== '') choose({});
}

/** Takes the place of the address that was, so that going back leaves the page. */
function choose(change: Partial<Choice>): void {
  choice = { ...choice, ...change };
  history.replaceState(null, '', `#${writeChoice()}`);
}

/** As {@link readAddress} reads it. */
function writeChoice(): string {
  const values = new URLSearchParams();
  for (const [key, value] of Object.entries({
    ...choice,
    verdict: choice.verdicts.join(','),
    step: choice.steps.join(','),
  })) {
    if (typeof value === 'string' && value !== '') values.set(key, value);
  }
  return values.toString();
}

/* What is chosen. */

function matches(check: PageCheck, text: string, wanted: readonly string[]): boolean {
  const { verdicts, contrary, namespace, policy } = choice;
  return (
    (verdicts.length === 0 || verdicts.includes(check.verdict)) &&
    (contrary === '' || check.isContrary) &&
    (namespace === '' || check.namespaces.includes(namespace)) &&
    (policy === '' || check.policies.includes(policy)) &&
    wanted.every((word) => text.includes(word))
  );
}

function showChoice(): void {
  const wanted = choice.text.toLowerCase().split(/\s+/).filter(Boolean);
  const chosen = scenarios.map((checks, scenario) =>
    checks.map((check, index) => matches(check, words[scenario]?.[index] ?? '', wanted)),
  );
  const isAll = chosen.every((checks) => checks.every(Boolean));
  const isChosen = (scenario: number, check: number | undefined): boolean =>
    check !== undefined && chosen[scenario]?.[check] === true;
  for (const grid of grids) showGrid(grid, isAll, (check) => isChosen(grid.scenario, check));
  showEntries(isAll, isChosen);
  const total = chosen.flat().length;
  const number = chosen.flat().filter(Boolean).length;
  shown.value = isAll
    ? `all ${total.toLocaleString('en-US')} checks shown`
    : `${number.toLocaleString('en-US')} of ${total.toLocaleString('en-US')} checks shown`;
}

/** What tells of checks is shown for a chosen one, what tells of all of them only where all are chosen. */
function showEntries(
  isAll: boolean,
  isChosen: (scenario: number, check: number | undefined) => boolean,
): void {
  for (const entry of document.querySelectorAll<HTMLElement>('[data-entry]')) {
    entry.hidden = !(entry.dataset['entry'] ?? '').split(' ').some((name) => {
      const [scenario = 0, check] = name.split('.').map(Number);
      return isChosen(scenario, check);
    });
  }
  for (const whole of document.querySelectorAll<HTMLElement>('[data-whole]')) whole.hidden = !isAll;
  for (const nothing of document.querySelectorAll<HTMLElement>('.unexpected > .nothing'))
    nothing.hidden = nothing.parentElement?.querySelector('[data-entry]:not([hidden])') !== null;
}

/** Only rows and columns that hold a chosen check are shown; cells that are not chosen fade. */
function showGrid(grid: Grid, isAll: boolean, isChosen: (check: number | undefined) => boolean): void {
  const columns = new Set<number>();
  for (const row of grid.rows) {
    let isShown = isAll;
    for (const [column, { element, check }] of row.cells.entries()) {
      const isOne = isChosen(check);
      element.classList.toggle('faded', !isAll && !isOne);
      if (!isOne) continue;
      columns.add(column);
      isShown = true;
    }
    row.element.hidden = !isShown;
  }
  for (const [column, head] of grid.heads.entries()) {
    const isHidden = !isAll && !columns.has(column);
    if (head.hidden === isHidden) continue;
    head.hidden = isHidden;
    for (const { cells } of grid.rows) {
      const cell = cells[column];
      if (cell !== undefined) cell.element.hidden = isHidden;
    }
  }
  const isEmpty = !isAll && columns.size === 0;
  grid.table.hidden = isEmpty;
  grid.nothing.hidden = !isEmpty;
  if (!isVisible(grid, grid.entry.row, grid.entry.column)) enterAt(grid, firstVisible(grid));
}

function showForm(): void {
  for (const box of form.querySelectorAll<HTMLInputElement>('input[name=verdict]'))
    box.checked = choice.verdicts.includes(box.value);
  for (const box of form.querySelectorAll<HTMLInputElement>('input[name=contrary]'))
    box.checked = choice.contrary !== '';
  for (const name of ['namespace', 'policy', 'text'] as const) {
    const field = form.elements.namedItem(name);
    if (field instanceof HTMLSelectElement || field instanceof HTMLInputElement) field.value = choice[name];
  }
}

function readForm(): void {
  const values = new FormData(form);
  const text = (name: string): string => String(values.get(name) ?? '');
  choose({
    verdicts: values.getAll('verdict').map(String),
    contrary: text('contrary'),
    namespace: text('namespace'),
    policy: text('policy'),
    text: text('text'),
  });
  showChoice();
}

/* The steps of a scenario. */

/** Of each scenario the step that is chosen, where none is the one that the page begins with. */
function showSteps(): void {
  for (const selector of selectors) {
    const { scenario = '' } = selector.dataset;
    const boxes = [...selector.querySelectorAll<HTMLInputElement>('input')];
    const isChosen = ({ value }: HTMLInputElement): boolean => choice.steps.includes(`${scenario}.${value}`);
    const box = boxes.find(isChosen) ?? boxes.find(({ defaultChecked }) => defaultChecked);
    if (box === undefined) continue;
    box.checked = true;
    for (const step of document.querySelectorAll<HTMLElement>(`.step[data-step^="${scenario}."]`))
      step.hidden = box.value !== 'all' && step.dataset['step'] !== `${scenario}.${box.value}`;
  }
}

/** Brings the block of a step into view, as something in it is to be seen. */
function showStep(step: HTMLElement | null): void {
  if (step?.hidden === true) chooseStep(step.dataset['step'] ?? '');
}

function chooseStep(name: string): void {
  const scenario = name.slice(0, name.indexOf('.') + 1);
  choose({ steps: [...choice.steps.filter((other) => !other.startsWith(scenario)), name] });
  showSteps();
}

/* A matrix. */

function prepare(table: HTMLTableElement): Grid {
  const scenario = Number(table.dataset['scenario']);
  const checks = scenarios[scenario] ?? [];
  // Of a scenario with a single step, all.
  const { first = 0, end = checks.length } = table.dataset;
  const around = table.closest('.matrix-and-detail');
  const panel = around?.querySelector<HTMLElement>('.detail');
  const nothing = around?.querySelector<HTMLElement>('.nothing');
  if (!panel || !nothing) throw new Error('the page has a matrix without its panel');
  panel.hidden = false;
  table.setAttribute('role', 'grid');
  const grid: Grid = {
    scenario,
    first: Number(first),
    end: Number(end),
    step: table.closest<HTMLElement>('.step'),
    table,
    heads: [...(table.tHead?.rows[0]?.cells ?? [])].slice(1),
    rows: [...(table.tBodies[0]?.rows ?? [])].map((element) => ({
      element,
      cells: [...element.cells].slice(1).map(prepareCell),
    })),
    panel,
    nothing,
    entry: { row: 0, column: 0 },
  };
  for (const [check, found] of checks.entries())
    if (check >= grid.first && check < grid.end) placeCheck(grid, found, check);
  table.addEventListener('keydown', (event) => walk(event, grid));
  table.addEventListener('click', (event) => {
    const place = placeOf(grid, event.target);
    if (place !== undefined) pin(grid, place);
  });
  table.addEventListener('focusin', (event) => {
    const place = placeOf(grid, event.target);
    if (place === undefined) return;
    enterAt(grid, place);
    if (!holdsPinned(grid)) look(grid, place);
  });
  table.addEventListener('mouseover', (event) => {
    const place = placeOf(grid, event.target);
    if (place !== undefined && !holdsPinned(grid)) look(grid, place);
  });
  const corner = table.querySelector('.corner');
  const scroller = table.parentElement;
  if (corner !== null && scroller !== null) {
    keepClear(corner, ({ height, width }) => {
      scroller.style.scrollPadding = `${height + GAP_PX}px ${GAP_PX}px ${GAP_PX}px ${width + GAP_PX}px`;
    });
  }
  enterAt(grid, grid.entry);
  return grid;
}

function prepareCell(element: HTMLTableCellElement): Cell {
  element.setAttribute('role', 'gridcell');
  element.setAttribute('aria-label', 'not tested');
  element.tabIndex = -1;
  return { element, check: undefined };
}

function placeCheck({ rows }: Grid, { row, column, meaning }: PageCheck, check: number): void {
  const cell = rows[row]?.cells[column];
  if (cell === undefined) throw new Error('the page has no cell for a check');
  cell.check = check;
  cell.element.dataset['check'] = String(check);
  const { title: change } = cell.element;
  cell.element.setAttribute('aria-label', change === '' ? meaning : `${meaning}; ${change}`);
}

interface CellPlace {
  readonly row: number;
  readonly column: number;
}

function placeOf(grid: Grid, target: EventTarget | null): CellPlace | undefined {
  const element = target instanceof Element ? target.closest('td') : null;
  if (element === null) return undefined;
  const row = grid.rows.findIndex((candidate) => candidate.element === element.parentElement);
  return row === -1 ? undefined : { row, column: element.cellIndex - 1 };
}

function isVisible(grid: Grid, row: number, column: number): boolean {
  return grid.rows[row]?.element.hidden === false && grid.heads[column]?.hidden === false;
}

function firstVisible(grid: Grid): CellPlace {
  const row = Math.max(
    0,
    grid.rows.findIndex(({ element }) => !element.hidden),
  );
  const column = Math.max(
    0,
    grid.heads.findIndex(({ hidden }) => !hidden),
  );
  return { row, column };
}

/** The one cell that the tabulator key comes to. */
function enterAt(grid: Grid, { row, column }: CellPlace): void {
  const before = grid.rows[grid.entry.row]?.cells[grid.entry.column];
  if (before !== undefined) before.element.tabIndex = -1;
  grid.entry = { row, column };
  const now = grid.rows[row]?.cells[column];
  if (now !== undefined) now.element.tabIndex = 0;
}

const STEPS: Readonly<Record<string, readonly [rows: number, columns: number]>> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
  PageUp: [-10, 0],
  PageDown: [10, 0],
  Home: [0, Number.NEGATIVE_INFINITY],
  End: [0, Number.POSITIVE_INFINITY],
};

/** The keys of the ARIA practices for grids. */
function walk(event: KeyboardEvent, grid: Grid): void {
  const place = placeOf(grid, event.target);
  if (place === undefined || event.altKey || event.metaKey) return;
  if (event.key === 'Enter' || event.key === ' ') {
    pin(grid, place);
  } else {
    const step = STEPS[event.key];
    if (step === undefined) return;
    const [rows, columns] = event.ctrlKey && step[1] !== 0 ? [step[1], step[1]] : step;
    const next = {
      row: stepOver(grid.rows.length, place.row, rows, (row) => grid.rows[row]?.element.hidden === false),
      column: stepOver(
        grid.heads.length,
        place.column,
        columns,
        (column) => grid.heads[column]?.hidden === false,
      ),
    };
    grid.rows[next.row]?.cells[next.column]?.element.focus();
  }
  event.preventDefault();
}

/** As many visible lines further as asked for, and never out of the matrix. */
function stepOver(length: number, from: number, by: number, isShown: (index: number) => boolean): number {
  let at = from;
  let left = Math.abs(by);
  for (let index = from + Math.sign(by); left > 0 && index >= 0 && index < length; index += Math.sign(by)) {
    if (!isShown(index)) continue;
    at = index;
    left -= 1;
  }
  return at;
}

/* A check. */

function look({ scenario, rows, panel }: Grid, { row, column }: CellPlace): void {
  const check = checkAt(scenario, rows[row]?.cells[column]?.check);
  panel.replaceChildren(check === undefined ? describeUntested() : describe(check));
  // What does not fit is moved with the keys, too.
  if (panel.scrollHeight > panel.clientHeight) panel.tabIndex = 0;
  else panel.removeAttribute('tabindex');
}

function describeUntested(): HTMLElement {
  const note = document.createElement('p');
  note.textContent = 'Not tested: the scenario says nothing about this pair.';
  return note;
}

function describe({ pair, verdict, meaning, facts }: PageCheck): DocumentFragment {
  const part = document.createDocumentFragment();
  const title = document.createElement('h4');
  title.textContent = pair;
  const result = document.createElement('p');
  result.className = `meaning is-${verdict}`;
  result.textContent = meaning;
  const list = document.createElement('dl');
  list.className = 'facts';
  for (const fact of facts) {
    const label = document.createElement('dt');
    label.textContent = fact.label;
    const text = document.createElement('dd');
    const inner = fact.isCommand === true ? document.createElement('code') : text;
    inner.textContent = fact.text;
    if (inner !== text) text.append(inner);
    list.append(label, text);
  }
  part.append(title, result, list);
  return part;
}

/** Whether a check of this matrix stays in view, whatever is pointed at or walked to. */
function holdsPinned({ scenario, first, end }: Grid): boolean {
  const [of, check] = choice.check === '' ? [] : choice.check.split('.').map(Number);
  return of === scenario && check !== undefined && check >= first && check < end;
}

/** Keeps a check in view while pointer and focus move on; once more lets it go. */
function pin(grid: Grid, place: CellPlace): void {
  const cell = grid.rows[place.row]?.cells[place.column];
  if (cell?.check === undefined) return;
  const name = `${grid.scenario}.${cell.check}`;
  choose({ check: choice.check === name ? '' : name });
  look(grid, place);
  cell.element.focus();
  showPinned(false);
}

/** Marks the cell of the check that stays in view, and on arrival goes there. */
function showPinned(isArrival: boolean): void {
  for (const grid of grids) {
    for (const [row, { cells }] of grid.rows.entries()) {
      for (const [column, { element, check }] of cells.entries()) {
        const isPinned = check !== undefined && choice.check === `${grid.scenario}.${check}`;
        element.setAttribute('aria-selected', String(isPinned));
        if (!isPinned || !isArrival) continue;
        showStep(grid.step);
        look(grid, { row, column });
        enterAt(grid, { row, column });
        element.scrollIntoView({ block: 'center', inline: 'center' });
      }
    }
  }
}

/* What happens. */

function listen(): void {
  let timer = 0;
  form.addEventListener('input', ({ target }) => {
    clearTimeout(timer);
    if (target === form.elements.namedItem('text')) timer = setTimeout(readForm, TYPING_MS);
    else readForm();
  });
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    clearTimeout(timer);
    readForm();
  });
  form.addEventListener('reset', (event) => {
    event.preventDefault();
    clearTimeout(timer);
    choose({ ...NOTHING, check: choice.check, steps: choice.steps });
    showForm();
    showChoice();
  });
  for (const selector of selectors) {
    selector.addEventListener('change', (event) => {
      if (event.target instanceof HTMLInputElement)
        chooseStep(`${selector.dataset['scenario']}.${event.target.value}`);
    });
  }
  addEventListener('hashchange', ({ newURL }) => {
    clearTimeout(timer);
    // What was typed may have gone into effect after the link was followed, and taken its address away.
    const chosen = readAddress(newURL);
    if (chosen === undefined) {
      showPlace();
      return;
    }
    choose(chosen);
    showForm();
    showSteps();
    showChoice();
    showPinned(true);
  });
  document.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || choice.check === '') return;
    choose({ check: '' });
    showPinned(false);
  });
  let putBack: (() => void) | undefined;
  addEventListener('beforeprint', () => {
    putBack?.();
    putBack = layOut();
  });
  addEventListener('afterprint', () => {
    putBack?.();
    putBack = undefined;
  });
}

/* Paper. */

/**
 * On paper nothing can be opened or moved, and nobody sees what was chosen: so everything is shown.
 * @returns what makes the page again what it was
 */
function layOut(): () => void {
  const chosen = choice;
  choice = NOTHING;
  showChoice();
  choice = chosen;
  const closed = [...document.querySelectorAll<HTMLDetailsElement>('details:not([open])')];
  for (const details of closed) details.open = true;
  const hidden = [...document.querySelectorAll<HTMLElement>('.step[hidden]')];
  for (const step of hidden) step.hidden = false;
  const parts = grids.flatMap(splitTable);
  return () => {
    for (const step of hidden) step.hidden = true;
    for (const details of closed) details.open = false;
    for (const part of parts) part.remove();
    showChoice();
  };
}

/** Puts parts in the place of a matrix that is too wide, each with the names of all rows. */
function splitTable({ table, heads }: Grid): HTMLElement[] {
  if (heads.length <= COLUMNS_ON_PAPER) return [];
  const parts: HTMLElement[] = [];
  for (let start = 1; start <= heads.length; start += COLUMNS_ON_PAPER) {
    const part = table.cloneNode(true) as HTMLTableElement;
    for (const { cells } of part.rows) {
      for (const [column, cell] of [...cells].entries())
        if (column > 0 && (column < start || column >= start + COLUMNS_ON_PAPER)) cell.remove();
    }
    parts.push(part);
  }
  table.after(...parts);
  table.hidden = true;
  return parts;
}
