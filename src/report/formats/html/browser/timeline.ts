/** What a timeline can do where scripts run: show any part of its time, by buttons, keys, wheel and fingers. On paper it shows all of it. */
import { type AxisSpan, extentOf, placeOf, ticksOf, WIDTH } from '../time-axis.ts';

/** Less is not shown: attempts are further apart. */
const SHORTEST_MS = 50;
const ZOOM = 2;
/** How much of what is shown one step earlier or later goes. */
const STRIDE = 0.25;
/** Of the wheel: as a trackpad tells a pinch. */
const ZOOM_PER_PIXEL = 0.004;

const KEYS: Readonly<Record<string, string>> = {
  '+': 'in',
  '=': 'in',
  '-': 'out',
  '0': 'whole',
  ArrowLeft: 'earlier',
  ArrowRight: 'later',
};

for (const timeline of document.querySelectorAll<HTMLElement>('.timeline')) prepare(timeline);

function prepare(timeline: HTMLElement): void {
  const startedAt = Number(timeline.dataset['started']);
  const whole: AxisSpan = { fromMs: 0, toMs: Number(timeline.dataset['end']) };
  const tracks = timeline.querySelector<HTMLElement>('.tracks');
  const tools = timeline.querySelector<HTMLElement>('.tools');
  if (tracks === null || tools === null) throw new Error('the page has a timeline without its parts');
  const output = tools.querySelector('output');
  let shown = whole;

  function show(wanted: AxisSpan): void {
    shown = within(whole, wanted);
    for (const element of timeline.querySelectorAll<SVGElement>('[data-from]')) stretch(element, shown);
    for (const element of timeline.querySelectorAll<SVGElement>('[data-at]')) {
      const x = placeOf(Number(element.dataset['at']), shown);
      element.toggleAttribute('hidden', x < 0 || x > WIDTH);
      element.setAttribute('transform', `translate(${x} ${element.dataset['y']})`);
    }
    for (const element of timeline.querySelectorAll<SVGElement>('[data-beside]')) {
      const x = Math.max(0, placeOf(Number(element.dataset['beside']), shown));
      element.setAttribute('transform', `translate(${x} ${element.dataset['y']})`);
    }
    for (const ticks of timeline.querySelectorAll<SVGElement>('.ticks')) drawTicks(ticks, shown, startedAt);
    if (output !== null) output.value = `${clock(shown.fromMs)} to ${clock(shown.toMs)} UTC`;
  }

  function clock(ms: number): string {
    const text = new Date(startedAt + ms).toISOString();
    return text.slice(11, shown.toMs - shown.fromMs < 10_000 ? 23 : 19);
  }

  /** @param factor more than 1 shows less @param aroundMs stays where it is */
  function zoom(factor: number, aroundMs = centre()): void {
    const lengthMs = Math.min(whole.toMs, Math.max(SHORTEST_MS, (shown.toMs - shown.fromMs) / factor));
    const share = (aroundMs - shown.fromMs) / (shown.toMs - shown.fromMs);
    const fromMs = aroundMs - share * lengthMs;
    show({ fromMs, toMs: fromMs + lengthMs });
  }

  function pan(share: number): void {
    const byMs = share * (shown.toMs - shown.fromMs);
    show({ fromMs: shown.fromMs + byMs, toMs: shown.toMs + byMs });
  }

  /** The window that is looked at where it is in view; otherwise the middle. */
  function centre(): number {
    const bar = document.activeElement?.closest('.lane')?.querySelector<SVGElement>('.sure');
    const { from = '', to = '' } =
      bar !== null && bar !== undefined && timeline.contains(bar) ? bar.dataset : {};
    const middle = (Number(from) + Number(to)) / 2;
    const isInView = from !== '' && middle >= shown.fromMs && middle <= shown.toMs;
    return isInView ? middle : (shown.fromMs + shown.toMs) / 2;
  }

  function act(name: string | undefined): boolean {
    switch (name) {
      case 'in':
        zoom(ZOOM);
        return true;
      case 'out':
        zoom(1 / ZOOM);
        return true;
      case 'earlier':
        pan(-STRIDE);
        return true;
      case 'later':
        pan(STRIDE);
        return true;
      case 'whole':
        show(whole);
        return true;
      default:
        return false;
    }
  }

  function timeAt(clientX: number): number {
    const { left, width } = (tracks as HTMLElement).getBoundingClientRect();
    return shown.fromMs + ((clientX - left) / width) * (shown.toMs - shown.fromMs);
  }

  tools.hidden = false;
  tools.addEventListener('click', ({ target }) => {
    if (target instanceof Element) act(target.closest('button')?.dataset['do']);
  });
  timeline.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (act(KEYS[event.key])) event.preventDefault();
  });
  tracks.addEventListener(
    'wheel',
    (event) => {
      const isZoom = event.ctrlKey || event.metaKey;
      const sideways = event.shiftKey && event.deltaX === 0 ? event.deltaY : event.deltaX;
      const isPan = !isZoom && Math.abs(sideways) > (event.shiftKey ? 0 : Math.abs(event.deltaY));
      // Otherwise the page goes on scrolling.
      if (!isZoom && (!isPan || isWhole())) return;
      event.preventDefault();
      if (isZoom) zoom(Math.exp(-event.deltaY * ZOOM_PER_PIXEL), timeAt(event.clientX));
      else pan(sideways / tracks.clientWidth);
    },
    { passive: false },
  );
  listenToFingers(tracks, (factor, clientX) => zoom(factor, timeAt(clientX)));

  function isWhole(): boolean {
    return shown.fromMs === whole.fromMs && shown.toMs === whole.toMs;
  }

  let putBack: AxisSpan | undefined;
  addEventListener('beforeprint', () => {
    putBack ??= shown;
    show(whole);
  });
  addEventListener('afterprint', () => {
    if (putBack !== undefined) show(putBack);
    putBack = undefined;
  });
}

/** As long as it is wanted, and nothing outside of the whole. */
function within(whole: AxisSpan, { fromMs, toMs }: AxisSpan): AxisSpan {
  const lengthMs = Math.min(toMs - fromMs, whole.toMs - whole.fromMs);
  const start = Math.min(Math.max(fromMs, whole.fromMs), whole.toMs - lengthMs);
  return { fromMs: start, toMs: start + lengthMs };
}

function stretch(element: SVGElement, shown: AxisSpan): void {
  const { from, to } = element.dataset;
  const extent = extentOf({ fromMs: Number(from), toMs: Number(to) }, shown);
  element.toggleAttribute('hidden', extent === undefined);
  if (extent === undefined) return;
  element.setAttribute('x', String(extent.x));
  element.setAttribute('width', String(extent.width));
}

/** Their lines are all alike. */
function drawTicks(ticks: SVGElement, shown: AxisSpan, startedAt: number): void {
  const [model] = ticks.children;
  if (model === undefined) return;
  const drawn = ticksOf(shown, startedAt).map(({ ms, label }) => {
    const tick = model.cloneNode(true) as SVGElement;
    tick.setAttribute('transform', `translate(${placeOf(ms, shown)} 0)`);
    for (const text of tick.querySelectorAll('text')) text.textContent = label;
    return tick;
  });
  if (drawn.length > 0) ticks.replaceChildren(...drawn);
}

/** Two fingers that move apart show less, and more when they come together. */
function listenToFingers(place: HTMLElement, zoom: (factor: number, clientX: number) => void): void {
  const fingers = new Map<number, PointerEvent>();
  const distance = (): number => {
    const [one, other] = [...fingers.values()];
    return one === undefined || other === undefined
      ? 0
      : Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);
  };
  place.addEventListener('pointerdown', (event) => {
    if (event.pointerType === 'touch') fingers.set(event.pointerId, event);
  });
  place.addEventListener('pointermove', (event) => {
    if (!fingers.has(event.pointerId)) return;
    const before = distance();
    fingers.set(event.pointerId, event);
    const after = distance();
    if (fingers.size !== 2 || before === 0 || after === 0) return;
    const middle = [...fingers.values()].reduce((sum, { clientX }) => sum + clientX / 2, 0);
    zoom(after / before, middle);
  });
  for (const name of ['pointerup', 'pointercancel', 'pointerleave'] as const)
    place.addEventListener(name, ({ pointerId }) => fingers.delete(pointerId));
}
