/** Places in files as links, for terminals that can follow them (OSC 8). */
import { STANDARD_INPUT } from '../../../standard-input.ts';
import { describeLocation } from '../../parts/describe.ts';
import type { LinkTo } from '../../render-options.ts';
import type { RunView } from '../../view/view.ts';

const OPEN = '\u001b]8;;';
const END = '\u001b\\';
/** What may be a place. A file whose name has a blank stays text: its place may end on the next line. */
const PLACE = /[^\s()]+:\d+/g;

/**
 * The same text, in which each place that the run names is a link to its file. Done when all is laid out, because a link
 * takes no room.
 * @param view that the text was rendered from
 */
export function linkPlaces(text: string, view: RunView, linkTo: LinkTo): string {
  const files = filesByPlace(view);
  return text.replace(PLACE, (place) => {
    const file = files.get(place);
    return file === undefined ? place : `${OPEN}${linkTo(file)}${END}${place}${OPEN}${END}`;
  });
}

function filesByPlace({ run, scenarios }: RunView): Map<string, string> {
  const locations = [
    run.error?.location,
    ...scenarios.flatMap(({ location, error, policies, checks, knownIssues = [] }) => [
      location,
      error?.location,
      ...policies.map((policy) => policy.location),
      ...checks.map(({ declared }) => declared),
      ...knownIssues.map((issue) => issue.location),
    ]),
  ];
  return new Map(
    locations.flatMap((location) =>
      location === undefined || location.file === STANDARD_INPUT
        ? []
        : [[describeLocation(location), location.file]],
    ),
  );
}
