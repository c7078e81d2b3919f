/**
 * The run record: everything that a run did and saw, as one JSON document. Every report is a function of it, and its
 * published JSON Schema (`schema/run-record.schema.json`) is generated from here.
 */
import { z } from 'zod';
import { OUTCOMES, TRYING_PHASES } from '../model/attempt.ts';
import { FAMILIES } from '../model/family.ts';
import { HELD_FATES, HELD_WISHES } from '../model/held.ts';
import { INCIDENT_KINDS } from '../model/incident.ts';
import { CHECK_PATHS } from '../model/path.ts';
import { NODE_PORT_TYPES } from '../model/service.ts';
import { ACTION_KINDS } from '../model/step.ts';
import { DISAGREEMENTS, MISMATCHES, VERDICTS } from '../model/verdict.ts';
import { WINDOW_KINDS } from '../model/window.ts';

/** Grows by one with every incompatible change of the record's form. */
export const RECORD_SCHEMA_VERSION = 2;

const PHASES = ['provision', 'control', 'apply', 'settle', 'observe', 'watch', 'closing', 'cleanup'] as const;

export const location = z
  .strictObject({ file: z.string(), line: z.int().min(1), column: z.int().min(1) })
  .describe('A place in a scenario or policy file; lines and columns count from 1.');
const protocol = z.enum(['TCP', 'UDP']);
export const labels = z.record(z.string(), z.string());
const instant = z.iso.datetime().describe('A point in time, ISO 8601 in UTC.');
const failure = z
  .strictObject({
    code: z.string().describe('The closed set of error codes of podreach, such as provision-failed.'),
    message: z.string(),
    hint: z.string().exactOptional().describe('What to do next.'),
    location: location.exactOptional(),
    manifest: z
      .array(z.string())
      .exactOptional()
      .describe('Lines of YAML that would mend it, ready to be applied.'),
    stack: z.array(z.string()).exactOptional().describe('Where a fault of podreach itself was thrown.'),
  })
  .describe('Why podreach itself could not go on.');

export const momentSchema = z
  .strictObject({
    phase: z.enum(TRYING_PHASES),
    round: z.int().min(1).describe('Counts within its phase.'),
    atMs: z.number().describe('When the attempt began, in milliseconds after the scenario began.'),
    durationMs: z
      .number()
      .exactOptional()
      .describe('From the first packet to the outcome; absent where nothing was tried.'),
    dials: z
      .int()
      .min(2)
      .exactOptional()
      .describe('How often it dialled until it was answered, or gave up; absent: once.'),
    seen: z
      .strictObject({
        source: z.number().exactOptional(),
        destination: z.number().exactOptional(),
        between: z.number().exactOptional(),
      })
      .exactOptional()
      .describe(
        'The triangle of an attempt that was cut off: when, in milliseconds after the scenario began, each side was last seen to work before the last dial. source, destination: a visit of the kubelet to that pod; between: a connection of the witnesses of both nodes. A side that was not seen in time is absent.',
      ),
  })
  .describe('When an attempt was made: one fresh connection.');

export const stretchSchema = z
  .strictObject({
    outcome: z.enum(OUTCOMES),
    late: z
      .literal(true)
      .exactOptional()
      .describe('Something answered after the attempt was over: it was slow, not blocked.'),
    listenerAlive: z
      .boolean()
      .exactOptional()
      .describe(
        "Whether the destination's own agent reached this port in the same round; absent where it could not be asked.",
      ),
    unasked: z
      .string()
      .exactOptional()
      .describe("Why the destination's own agent could not be asked; absent where it was, or had not to be."),
    detail: z
      .string()
      .exactOptional()
      .describe("The system's own word for the outcome, such as ECONNREFUSED."),
    backends: z
      .strictObject({
        answered: z
          .array(z.string())
          .describe(
            'Those that answered, as namespace/pod; at a port of nodes by way of which: namespace/pod via node.',
          ),
        silent: z
          .array(z.string())
          .describe(
            'Those that did not, however many connections were opened. None: each has answered, and some connections came through to nobody all the same.',
          ),
      })
      .exactOptional()
      .describe('For partial: which pods of the Service answered, and which did not.'),
    count: z.int().min(1).describe('How many attempts.'),
    first: momentSchema,
    last: momentSchema.exactOptional().describe('Absent where there is but one.'),
    took: z
      .strictObject({ leastMs: z.number(), mostMs: z.number(), totalMs: z.number() })
      .exactOptional()
      .describe('How long they took; absent where first and last say all.'),
    dialled: z
      .strictObject({ fewest: z.int(), most: z.int() })
      .exactOptional()
      .describe('How often they dialled; absent where first and last say all, or all dialled once.'),
  })
  .describe('Attempts in a row that all showed the same, also of which sides of the triangle were seen.');

const observation = z.array(stretchSchema).min(1);

const policyReference = z.string().describe('namespace/name of a NetworkPolicy of this scenario.');

export const grounds = z
  .array(
    z.strictObject({
      direction: z.enum(['egress', 'ingress']),
      policy: policyReference,
      rule: z
        .int()
        .min(1)
        .exactOptional()
        .describe('Counts from 1 within its direction; absent: the policy as a whole.'),
      location: location.exactOptional(),
    }),
  )
  .describe('What decides about a flow: empty where no policy has a say.');

const edge = z
  .strictObject({
    earliestMs: z.number().describe('When the last attempt dialled that showed the state before.'),
    latestMs: z
      .number()
      .describe(
        'When the first attempt had shown the state after: one that waits in vain does so when an answer should have come.',
      ),
  })
  .describe('When something changed, in milliseconds after the watch began.');

const age = z
  .strictObject({ earliestMs: z.number(), latestMs: z.number() })
  .describe("When something changed, in milliseconds after a pod's process began.");

const windowSchema = z
  .strictObject({
    kind: z
      .enum(WINDOW_KINDS)
      .describe(
        'leak: expected unreachable, and connected. gap: expected reachable, and two attempts in a row failed. unknown: the probe could not probe, or what it saw proves nothing.',
      ),
    began: edge,
    ended: edge.exactOptional().describe('Absent: it was still so when the watch ended.'),
    attempts: z.int().min(0).describe('How many attempts showed it.'),
    outcome: z.enum(OUTCOMES).exactOptional().describe('What most of them showed.'),
    detail: z.string().exactOptional(),
    why: z.string().exactOptional().describe('For unknown: why nobody could tell, as a clause.'),
    incident: z
      .int()
      .min(0)
      .exactOptional()
      .describe('What happened nearest to its beginning: an index into the incidents of the watch.'),
    newPod: z
      .strictObject({
        pod: z.string().describe('namespace/name'),
        node: z.string(),
        began: age,
        ended: age,
        isOpen: z.literal(true).exactOptional().describe('It was still so when the pod was taken away.'),
      })
      .exactOptional()
      .describe(
        'The new pod that showed it, with its age; absent: the source of the check itself. The window lasted from the one age to the other.',
      ),
  })
  .describe(
    'A stretch of time in which a watched check did not show what is expected, or nobody could tell.',
  );

const watchedSchema = z
  .strictObject({
    attempts: z.int().min(0).describe('How many of its attempts podreach heard of.'),
    unknownMs: z.number().describe('For how long nobody could tell, in all.'),
    windows: z.array(windowSchema),
    held: z
      .strictObject({
        beats: z.int().min(0).describe('How many heartbeats came back.'),
        events: z.array(
          z.strictObject({
            event: z.enum(['opened', 'failed', 'stalled', 'resumed', 'broken']),
            atMs: z.number().describe('Milliseconds after the watch began.'),
            detail: z.string().exactOptional(),
          }),
        ),
      })
      .exactOptional()
      .describe('What became of the one connection that was held open all the time; absent where none was.'),
  })
  .describe('What a check showed while it was watched, after its step had settled.');

const firstInstantSchema = z
  .strictObject({
    attempts: z.int().min(0).describe('Of how many attempts podreach heard.'),
    triedMs: z
      .number()
      .exactOptional()
      .describe('When the first one dialled: what was before, nobody could see. Absent: none did.'),
    endMs: z.number().describe('How old the process was when it told for the last time; 0: it never did.'),
    allowed: age
      .exactOptional()
      .describe(
        'Of what must be reachable: when it had come to be, for good. Absent: it did not, or nobody could tell when.',
      ),
    windows: z.array(
      windowSchema
        .pick({ kind: true, attempts: true, outcome: true, detail: true, why: true })
        .extend({
          began: age,
          ended: age.exactOptional().describe('Absent: it was still so when the pod told for the last time.'),
        })
        .describe(
          'A stretch of time in which it did not show what is expected, or nobody could tell. What must be reachable may come to be in its time: that is no window.',
        ),
    ),
  })
  .describe(
    'What the source, which its step has made, saw from the first millisecond of its process until the step had settled. Times are milliseconds after the process began.',
  );

const heldSchema = z
  .strictObject({
    wish: z.enum(HELD_WISHES).describe('What is to become of it; either: it is only told.'),
    fate: z
      .enum(HELD_FATES)
      .exactOptional()
      .describe(
        'survived: its heartbeats came back to the end. stalled: none came back any more. broken: it was closed or reset. Absent: nobody could tell, or not yet.',
      ),
    pod: z
      .string()
      .exactOptional()
      .describe(
        'namespace/pod; to a Service: which of its pods it was open to. Absent: to no Service, or to none.',
      ),
    beats: z.int().min(0).exactOptional().describe('How many heartbeats came back over it.'),
    endedMs: z
      .number()
      .exactOptional()
      .describe(
        'When the last heartbeat came back of one that stalled, or when it broke; in milliseconds after the last action of the step.',
      ),
    heldMs: z
      .number()
      .exactOptional()
      .describe('Until when it was held; in milliseconds after the last action of the step.'),
    longestStallMs: z
      .number()
      .exactOptional()
      .describe('The longest time without a heartbeat that it came through; absent: there was none.'),
    detail: z.string().exactOptional().describe("The system's own word for how it broke."),
    unseen: z.string().exactOptional().describe('Why nobody could tell what became of it, as a clause.'),
  })
  .describe(
    'One connection that was open before the step cut its pair off, held with a heartbeat each 200 ms. The specification leaves open what becomes of it (I7).',
  );

export const checkSchema = z
  .strictObject({
    id: z.int().min(0),
    from: z.string().describe('namespace/pod, or host/name'),
    to: z.string().describe('namespace/pod, or host/name, or of a Service service/namespace/name.'),
    port: z.int().describe('That was connected to: of a Service its own, whatever its pods listen on.'),
    portName: z.string().exactOptional(),
    protocol,
    path: z
      .enum(CHECK_PATHS)
      .describe(
        'How the destination is addressed. host: it is outside the cluster, at its address or name. clusterIP: by the address of the Service. dns: by its name, which the source resolves. nodePort: by the addresses of the nodes, at its port there.',
      ),
    backends: z
      .array(z.strictObject({ pod: z.string().describe('namespace/name'), port: z.int() }))
      .min(1)
      .exactOptional()
      .describe('Who answers for the Service, each on its own port; absent: the destination is none.'),
    headless: z
      .literal(true)
      .exactOptional()
      .describe('The Service has no address: its name gives those of its pods.'),
    externalTrafficPolicy: z
      .literal('Local')
      .exactOptional()
      .describe(
        'Of a port of nodes: only those that have a pod of the Service lead to it, each to its own. Absent: each to all.',
      ),
    family: z.enum(FAMILIES).describe('Of the address that was dialled.'),
    expected: z.enum(['reachable', 'unreachable']),
    declared: location.describe('The rule of the scenario that expects this.'),
    because: z.string().exactOptional(),
    cutBy: z
      .literal('others')
      .exactOptional()
      .describe('Something else than the policies of the scenario is expected to cut it.'),
    knownIssues: z
      .array(z.int().min(0))
      .exactOptional()
      .describe(
        "Which known issues speak of it, as indexes into those of the scenario. It is known, and does not fail the run, where one of them has not expired and 'is' what its verdict is.",
      ),
    nodes: z
      .array(z.strictObject({ name: z.string(), address: z.string() }))
      .exactOptional()
      .describe('Of a port of nodes: those at whose addresses it was tried. Absent: it was not.'),
    sameNode: z
      .boolean()
      .exactOptional()
      .describe('Whether both pods ran on one node. Absent: they did not both run.'),
    predicted: z
      .strictObject({
        verdict: z
          .enum(['allowed', 'denied', 'partial', 'undefined'])
          .describe(
            'partial: of a Service some pods are allowed, and others are not. undefined: the specification leaves it open.',
          ),
        grounds: z.int().min(0).describe("What decides: an index into the scenario's grounds."),
        rule: z
          .string()
          .exactOptional()
          .describe('For undefined: the rule of docs/semantics.md that leaves it open.'),
        reason: z.string().exactOptional().describe('For undefined: why, as a clause.'),
        denied: z
          .array(z.string())
          .exactOptional()
          .describe(
            'For partial: the pods of the Service that are denied, as namespace/name; at a port of nodes by way of which: namespace/name via node; of one that was there already, the addresses of its endpoints.',
          ),
      })
      .exactOptional()
      .describe('What the policies mean for it, as they are written.'),
    control: observation
      .exactOptional()
      .describe('What was seen before any policy; absent: it was not tried.'),
    turning: observation
      .exactOptional()
      .describe(
        'What was seen while its step came into force, of a pair that was to change: it tells when the change came, and decides nothing.',
      ),
    observed: observation
      .exactOptional()
      .describe('What was seen in the step; every change of it is a stretch of its own.'),
    closing: observation.exactOptional().describe('What was seen after the policies had been taken away.'),
    firstInstant: firstInstantSchema
      .exactOptional()
      .describe('Absent: the scenario does not ask for it. With 0 attempts, nobody knows what it saw.'),
    watched: watchedSchema.exactOptional(),
    held: heldSchema.exactOptional(),
    withoutControl: z
      .string()
      .exactOptional()
      .describe(
        'Why it was not connected before any policy, as a clause: one of its pods came to be under policies. What is cut off then rests on the triangle, and on the closing control where that could be made.',
      ),
    confirm: z
      .int()
      .exactOptional()
      .describe(
        'How many attempts in a row its verdict took, where packets got lost on the way; absent: as many as the run asked for.',
      ),
    verdict: z.enum(VERDICTS).exactOptional().describe('Absent while the check has not been judged.'),
    reason: z.string().exactOptional().describe('Why the verdict is not pass, in one sentence.'),
    settledMs: z
      .number()
      .exactOptional()
      .describe(
        'From the last action of the step (in the first: from applying the policies) to the first of the attempts that showed the expectation, and all that followed did, in milliseconds.',
      ),
    disagreement: z
      .enum(DISAGREEMENTS)
      .exactOptional()
      .describe(
        'Where declared, predicted and observed are not one. policy: the policies do what they say, which is not what is declared. cluster: it does not do what policies and scenario say. outside: it is as declared, and these policies do not say so; or others were to cut it, and do not. open: the specification leaves it open.',
      ),
    isolatedBy: z
      .strictObject({ egress: z.array(policyReference), ingress: z.array(policyReference) })
      .exactOptional()
      .describe(
        'For a check that did not pass: the policies that isolate its source (egress) and its destination (ingress).',
      ),
  })
  .describe('One source, destination, port and protocol, with what was expected and seen.');

const namespaces = z.array(z.strictObject({ name: z.string(), labels }));
const pods = z.array(
  z.strictObject({
    namespace: z.string(),
    name: z.string(),
    labels,
    ports: z.array(z.strictObject({ name: z.string().exactOptional(), port: z.int(), protocol })),
    placement: z
      .int()
      .min(1)
      .exactOptional()
      .describe(
        'The number of its node in the scenario: pods with the same are on one node, those with others on others. Absent: any node.',
      ),
    hostNetwork: z.literal(true).exactOptional().describe('It is on the network of its node.'),
    node: z.string().exactOptional(),
    ip: z.string().exactOptional().describe("Of the cluster's first family."),
    otherIps: z.array(z.string()).exactOptional().describe('Of the other family; absent: it has none.'),
  }),
);
const policies = z.array(
  z.strictObject({
    namespace: z.string(),
    name: z.string(),
    location,
    text: z.string().describe('As it was applied.'),
  }),
);
const foreignPolicies = z.array(
  z.strictObject({
    apiVersion: z.string(),
    kind: z.string(),
    namespace: z.string().exactOptional().describe('Absent: it holds for the whole cluster.'),
    name: z.string(),
    title: z.string().describe('Such as CiliumNetworkPolicy shop/l7.'),
    location,
    text: z.string().describe('As it is written; it was applied with the label of the run beside its own.'),
  }),
);
const action = z
  .strictObject({
    kind: z.enum(ACTION_KINDS),
    object: z.string().describe('networkpolicy/NAMESPACE/NAME, namespace/NAME, or a pod: NAMESPACE/NAME.'),
    labels: z
      .record(z.string(), z.string().nullable())
      .exactOptional()
      .describe('What was set; null took a label away.'),
  })
  .describe('What a step did to the cluster.');

const knownIssue = z
  .strictObject({
    is: z.enum(MISMATCHES).describe('The verdict that is known. Any other is not.'),
    step: z.string().exactOptional().describe('The step that it is about; absent: every step.'),
    reason: z.string(),
    owner: z.string().describe('Who answers for it.'),
    expires: z.string().describe('The last day on which it counts, in UTC: YYYY-MM-DD.'),
    expired: z
      .literal(true)
      .exactOptional()
      .describe('That day was over when the run began: it excuses nothing any more.'),
    link: z.string().exactOptional(),
    location: location.describe('The entry that lists it.'),
    checks: z
      .int()
      .min(0)
      .describe(
        'How many checks of the run it speaks of, over all steps. 0: all of them were left out, as the Services that they go to lack their family.',
      ),
  })
  .describe('A mismatch that somebody answers for.');

/** When a node showed that it had taken up something. */
const nodeTurn = z.strictObject({
  node: z.string(),
  turnedMs: z
    .number()
    .exactOptional()
    .describe('Milliseconds after the last action; absent: not within the time.'),
});

export const stepSchema = z
  .strictObject({
    name: z.string().exactOptional().describe('Absent: the first, which is what stands at the top level.'),
    description: z.string().exactOptional().describe('What the step shows, as the scenario says it.'),
    actions: z.array(action).exactOptional().describe('What led to it; absent: it is the first.'),
    withinMs: z
      .number()
      .exactOptional()
      .describe('Its budget: what showed what is expected only later is late.'),
    atMs: z
      .number()
      .exactOptional()
      .describe('When its first action began, in milliseconds after the scenario began.'),
    actedMs: z
      .number()
      .exactOptional()
      .describe('When its last action was done, in milliseconds after the scenario began.'),
    durationMs: z.number().exactOptional().describe('From its first action to its last attempt.'),
    namespaces: namespaces
      .exactOptional()
      .describe('The namespaces in it, where they are not those of the step before.'),
    pods: pods.exactOptional().describe('The pods in it, where they are not those of the step before.'),
    policies: policies
      .exactOptional()
      .describe('The policies in it, where they are not those of the step before.'),
    force: z
      .array(nodeTurn)
      .exactOptional()
      .describe(
        'When each node showed that it had taken up the policies, and what else the step changes, by its markers.',
      ),
    leading: z
      .array(
        nodeTurn.extend({
          services: z
            .array(z.string())
            .describe(
              'Those that it is dialled by there, and behind which others stand than it was last seen to know.',
            ),
        }),
      )
      .exactOptional()
      .describe(
        'When each node through which Services are dialled was seen to have taken up who stands behind them; absent where that did not change.',
      ),
    denialMs: z
      .number()
      .exactOptional()
      .describe(
        'How long an attempt might take that was to be cut off: a multiple of the slowest answer before them, within the limit of the run.',
      ),
    checks: z.array(checkSchema),
  })
  .describe('A state of the cluster, and what was expected and seen in it.');

export const scenarioSchema = z.strictObject({
  name: z.string(),
  description: z.string().exactOptional(),
  owner: z.string().exactOptional(),
  purpose: z.string().exactOptional(),
  runbook: z
    .string()
    .exactOptional()
    .describe('Where to read what to do when a check fails: an address or a path.'),
  reviewBy: z.string().exactOptional(),
  tags: z.array(z.string()),
  location,
  fingerprint: z
    .string()
    .exactOptional()
    .describe(
      "SHA-256 of the scenario's document as it was read: of the file, where it holds no other. Topologies that it includes stand before it.",
    ),
  declaredChecks: z
    .int()
    .exactOptional()
    .describe(
      'How many checks the scenario declares in all of its steps, where only some of them were chosen, without those that it left out with the families that Services lack; absent: all.',
    ),
  status: z
    .enum(['waiting', 'running', 'finished', 'failed', 'interrupted', 'skipped'])
    .describe('skipped: not started, because the run ended before.'),
  startedAt: instant.exactOptional(),
  durationMs: z.number().exactOptional(),
  error: failure.exactOptional(),
  phases: z.array(
    z.strictObject({
      name: z.enum(PHASES),
      step: z
        .int()
        .min(1)
        .exactOptional()
        .describe('The step that it is part of, counted from 1, where a scenario has several.'),
      atMs: z.number(),
      durationMs: z.number().exactOptional(),
    }),
  ),
  execRetries: z
    .strictObject({ count: z.int().min(1), lastReason: z.string() })
    .exactOptional()
    .describe(
      'How often an exec broke on its way and was made again. Nothing that such an exec printed counts.',
    ),
  closingControl: z
    .enum(['made', 'left-out'])
    .exactOptional()
    .describe(
      'Whether every pair that was cut was connected once more after the policies were taken away. left-out: they stay, because the run keeps what it made. Absent: the scenario did not get so far.',
    ),
  namespaces: namespaces.describe('Those of its first step.'),
  pods: pods.describe('Those of its first step.'),
  policies: policies.describe('Those of its first step.'),
  hosts: z
    .array(
      z.strictObject({
        name: z.string(),
        address: z.string().exactOptional(),
        otherAddress: z.string().exactOptional().describe('Of the other family; absent: it has none.'),
        dnsName: z.string().exactOptional().describe('The name by which it is dialled; absent: its address.'),
        ports: z.array(z.strictObject({ name: z.string().exactOptional(), port: z.int(), protocol })),
        agent: z
          .union([
            z.strictObject({ namespace: z.string(), pod: z.string() }),
            z.strictObject({ container: z.string() }),
          ])
          .exactOptional()
          .describe(
            'The pod, or the Docker container beside the nodes, that stands for it outside, where it is simulated; absent: it is the real one.',
          ),
      }),
    )
    .exactOptional()
    .describe('Hosts outside the cluster; absent: none.'),
  foreignPolicies: foreignPolicies
    .exactOptional()
    .describe(
      'Policies of other kinds than NetworkPolicy, and sets that they speak of. They stood through all steps, and what they mean is for the network plugin to say. Absent: none.',
    ),
  services: z
    .array(
      z.strictObject({
        namespace: z.string(),
        name: z.string(),
        selector: labels,
        ports: z.array(
          z.strictObject({
            name: z.string().exactOptional(),
            port: z.int(),
            protocol,
            targetPort: z.union([z.int(), z.string()]),
            nodePort: z.int().exactOptional().describe('Its port on every node; absent: it has none.'),
          }),
        ),
        type: z
          .enum(NODE_PORT_TYPES)
          .exactOptional()
          .describe('It has ports on the nodes; absent: it is of type ClusterIP.'),
        externalTrafficPolicy: z
          .literal('Local')
          .exactOptional()
          .describe('At its ports on the nodes, each leads to its own pods alone; absent: each to all.'),
        headless: z
          .literal(true)
          .exactOptional()
          .describe('It has no address of its own: its name gives those of its pods.'),
        ipFamilies: z.array(z.enum(FAMILIES)).exactOptional().describe('As its manifest says.'),
        ipFamilyPolicy: z.string().exactOptional().describe('As its manifest says.'),
        ip: z.string().exactOptional().describe('Its address; absent where it has none, or was not made.'),
        otherIps: z.array(z.string()).exactOptional().describe('Of the other family; absent: it has none.'),
      }),
    )
    .exactOptional()
    .describe('The Services that checks go to; absent: there are none.'),
  existingServices: z
    .array(
      z.strictObject({
        namespace: z.string(),
        name: z.string(),
        ip: z
          .string()
          .exactOptional()
          .describe('Its address; absent where it is headless, or the run did not get so far.'),
        otherIps: z.array(z.string()).exactOptional().describe('Of the other family; absent: it has none.'),
        untried: z
          .strictObject({ family: z.enum(FAMILIES), checks: z.int().min(1) })
          .exactOptional()
          .describe('The family that it lacks, and how many checks were not made for that; absent: none.'),
        endpoints: z
          .array(
            z.strictObject({
              port: z.int().describe('Of the Service.'),
              address: z.string(),
              targetPort: z.int().describe('Its own, which policies see.'),
              pod: z.string().exactOptional().describe('namespace/name; absent: it is none.'),
              node: z.string().exactOptional().describe('The node whose address it has.'),
            }),
          )
          .exactOptional()
          .describe('Who was ready behind it when the run began, by the ports that checks go to.'),
      }),
    )
    .exactOptional()
    .describe('The Services that were there already and that checks go to; absent: there are none.'),
  workloads: z
    .array(
      z.strictObject({
        pod: z.string().describe('namespace/name of the pod.'),
        kind: z.string().describe('Such as Deployment.'),
        name: z.string().describe('Of the workload; its pod may have another.'),
        location,
      }),
    )
    .exactOptional()
    .describe('The workloads of manifests that pods stand for, and where they are written. Absent: none.'),
  grounds: z
    .array(grounds)
    .default([])
    .describe('What decides about the checks; each check names one of them.'),
  knownIssues: z
    .array(knownIssue)
    .exactOptional()
    .describe('Mismatches that somebody answers for; each check names those that speak of it. Absent: none.'),
  warnings: z
    .array(
      z.strictObject({
        code: z
          .string()
          .describe(
            'contradicted-check, cut-by-policies, idle-exception, idle-known-issue, refused-policy, refused-workload, stale-acceptance, unapplied-policy, or the name of a lint.',
          ),
        rule: z.string().exactOptional().describe('The rule of docs/semantics.md behind it.'),
        message: z.string(),
        location,
        advice: z.string().exactOptional(),
      }),
    )
    .default([])
    .describe('What was doubtful about the scenario before it started.'),
  steps: z.array(stepSchema).describe('States of the cluster, one after the other; the first has no name.'),
});

const newPodSchema = z
  .strictObject({
    pod: z.string().describe('namespace/name'),
    copyOf: z.string().describe('The pod whose labels, ports and checks it had: namespace/name.'),
    node: z.string(),
    beganMs: z.number().describe('When its process began, in milliseconds after the watch began.'),
    clockMs: z.number().describe('By so much that may be off, both ways. Ages are exact.'),
    triedMs: z
      .number()
      .exactOptional()
      .describe('How old it was when it tried its first check: what was before, nobody could see.'),
    endMs: z.number().describe('How old it was when it told last.'),
    checks: z.int().min(1).describe('How many it tried.'),
    leaks: z.int().min(0).describe('How many of them were open, and must not be.'),
    gaps: z
      .int()
      .min(0)
      .describe('How many were not reachable in time, or cut off after that, and must be reachable.'),
    unknown: z.int().min(0).describe('Of how many nobody could tell at all times.'),
    unknownMs: z.number().describe('For how long nobody could tell, of the check of which least is known.'),
    allowedMs: z
      .number()
      .exactOptional()
      .describe(
        'How old it was when the last of what must be reachable was; absent: there is none, or one did not come to be, or nobody could tell when.',
      ),
  })
  .describe(
    'A new pod, and what it saw from its first millisecond on. Ages count from when its process began.',
  );

const churnSchema = z
  .strictObject({
    perMinute: z.number().describe('How many new pods were asked for.'),
    due: z
      .int()
      .min(0)
      .describe(
        'How many there should have been by then, but for those that are there still, or that the end of the watch cut off.',
      ),
    made: z.int().min(0).describe('How many of them the cluster took.'),
    failures: z
      .array(z.strictObject({ reason: z.string(), pods: z.int().min(1) }))
      .describe('Why others were not made, or did not tell what they saw, and how many of them.'),
    pods: z.array(newPodSchema).describe('Those that told what they saw, in the order of time.'),
    leftOut: z
      .array(
        z.strictObject({
          pod: z.string().describe('The source that has them: namespace/name.'),
          checks: z.int().min(1).describe('How many of its checks.'),
          why: z
            .enum(['behind-service', 'host-network', 'local-node-ports', 'too-long'])
            .describe(
              "behind-service: a copy of it would answer for a Service that is watched. host-network: it is in its node's network. local-node-ports: which nodes lead there depends on the node of the source (externalTrafficPolicy: Local). too-long: more may answer there than a new pod can be told of.",
            ),
        }),
      )
      .exactOptional()
      .describe('Watched checks that no new pod tries. Absent: there are none.'),
  })
  .describe('New pods that were made while checks were watched: copies of sources of checks.');

const watchSchema = z
  .strictObject({
    startedAt: instant,
    durationMs: z.number().exactOptional().describe('Absent: it has not ended.'),
    everyMs: z.number().describe('How often each check was tried.'),
    why: z.string().exactOptional().describe('Why so often, where nobody said how often, as a clause.'),
    endedBy: z
      .enum(['time', 'command', 'signal'])
      .exactOptional()
      .describe('What ended it; absent: it has not ended, or was cut off.'),
    budgets: z
      .strictObject({
        maxLeakMs: z.number(),
        maxGapMs: z.number().exactOptional().describe('Absent: every gap is a mismatch.'),
        maxUnknown: z
          .number()
          .describe('The part of the time, from 0 to 1, that nobody may have been able to tell of a check.'),
      })
      .describe('What windows may last.'),
    command: z
      .strictObject({
        line: z.array(z.string()).min(1),
        startedMs: z.number(),
        endedMs: z.number().exactOptional(),
        exitCode: z.int().exactOptional(),
        failure: z
          .string()
          .exactOptional()
          .describe('Why it counts as failed, as a clause; absent: it did not fail.'),
      })
      .exactOptional()
      .describe('What was run meanwhile. Times are milliseconds after the watch began.'),
    attempts: z
      .strictObject({ due: z.int(), made: z.int(), collected: z.int() })
      .describe(
        "Of all checks together, of the pods' own listeners, and of the ways between nodes: how many attempts there should have been, how many were made, and of how many podreach heard.",
      ),
    longestStallMs: z.number().describe('The longest time in which an agent did not run.'),
    churn: churnSchema.exactOptional(),
    incidents: z
      .array(
        z.strictObject({
          kind: z.enum(INCIDENT_KINDS),
          atMs: z.number().describe('Milliseconds after the watch began.'),
          withinMs: z
            .number()
            .exactOptional()
            .describe('So much earlier it may have happened; absent: the cluster tells the time itself.'),
          object: z.string().exactOptional(),
          node: z.string().exactOptional(),
          text: z.string().describe('One clause, in the past tense.'),
        }),
      )
      .describe('What else happened in the cluster, in the order of time.'),
  })
  .describe('How checks were watched after their scenarios had settled; absent where they were not.');

export const runRecordSchema = z
  .strictObject({
    schemaVersion: z.literal(RECORD_SCHEMA_VERSION),
    podreach: z.strictObject({ version: z.string() }),
    run: z.strictObject({
      id: z.string(),
      startedAt: instant,
      endedAt: instant.exactOptional(),
      durationMs: z.number().exactOptional(),
      incomplete: z
        .boolean()
        .describe('True until the run has ended by itself: a record that says true is never a success.'),
      interruptedBy: z.enum(['SIGINT', 'SIGTERM']).exactOptional(),
      by: z
        .string()
        .exactOptional()
        .describe('Who started it, and where: user@host, or what a CI server says.'),
      commit: z
        .string()
        .exactOptional()
        .describe('The commit that was checked out; with "+changes" where files differed from it.'),
      exitCode: z.int().exactOptional(),
      error: failure.exactOptional(),
      options: z.strictObject({
        timeoutMs: z
          .number()
          .exactOptional()
          .describe('How long one attempt may take; absent until the cluster is known.'),
        withinMs: z.number().exactOptional(),
        readyWithinMs: z.number().exactOptional().describe('How long probe pods may take to run.'),
        probe: z
          .strictObject({
            image: z.string(),
            nodeSelector: labels.exactOptional(),
            tolerations: z
              .array(z.string())
              .exactOptional()
              .describe(
                'As --toleration takes them: key, key=value or key=value:EFFECT, and * for every key.',
              ),
            pullSecrets: z
              .array(z.string())
              .exactOptional()
              .describe('Names of Secrets; after a namespace where they were copied from there.'),
            namespaceLabels: labels
              .exactOptional()
              .describe('On every namespace of the run, beside those of the scenarios.'),
          })
          .exactOptional()
          .describe('How probe pods were asked to be; absent on the sandbox, which runs no images.'),
        confirm: z.int(),
        keep: z.boolean(),
        failFast: z.boolean(),
        patient: z
          .literal(true)
          .exactOptional()
          .describe('Mismatches that the policies predict were tried until the deadline, too.'),
        again: z
          .array(z.string())
          .exactOptional()
          .describe('The options of the command line that decide where and how a run of the same is made.'),
      }),
    }),
    environment: z.strictObject({
      cluster: z.string().describe('sandbox, kind or context.'),
      clusterName: z
        .string()
        .exactOptional()
        .describe('The context of the kubeconfig, or the name of the kind cluster.'),
      kubectl: z
        .array(z.string())
        .exactOptional()
        .describe('The arguments with which kubectl found the cluster on the machine of the run.'),
      server: z.string().exactOptional(),
      kubernetes: z.string().exactOptional().describe("The server's version."),
      nodes: z.array(
        z.strictObject({
          name: z.string(),
          kernel: z.string().exactOptional(),
          os: z.string().exactOptional(),
          runtime: z.string().exactOptional(),
        }),
      ),
      networkPlugins: z
        .array(
          z.strictObject({
            name: z.string(),
            version: z.string().exactOptional(),
            daemonSet: z.string().describe('namespace/name'),
            enforces: z.boolean().describe('Whether it enforces NetworkPolicies.'),
          }),
        )
        .exactOptional()
        .describe(
          'The network plugins that podreach knows, by their DaemonSets; absent where it could not look.',
        ),
      clusterPolicies: z
        .array(z.string())
        .exactOptional()
        .describe('Policies that hold for the whole cluster, by kind, with their names.'),
      kubeProxy: z.string().exactOptional().describe("kube-proxy's mode."),
      canary: z
        .strictObject({
          nodes: z.array(
            z.strictObject({
              name: z.string(),
              enforcedMs: z
                .number()
                .describe('From applying a deny-all to the first connection that it cut, in milliseconds.'),
              restoredMs: z
                .number()
                .describe(
                  'From applying an allow to the first connection that it let through again, in milliseconds.',
                ),
            }),
          ),
          enforcedMs: z.number().describe('Of the slowest node.'),
        })
        .exactOptional()
        .describe(
          'Proof that every node enforces policies, from before the scenarios; absent on the sandbox.',
        ),
      warnings: z
        .array(z.string())
        .exactOptional()
        .describe('What is unusual about the cluster and may decide over the policies of the scenarios.'),
      node: z.string().describe('The version of Node.js that ran podreach.'),
    }),
    watch: watchSchema.exactOptional(),
    scenarios: z.array(scenarioSchema),
  })
  .describe('The record of one podreach run.');

/** As it is read: nothing of it changes. What a run writes on is in `draft.ts`. */
export type RunRecord = Unchanging<z.infer<typeof runRecordSchema>>;
export type ScenarioRecord = RunRecord['scenarios'][number];
export type StepRecord = ScenarioRecord['steps'][number];
export type CheckRecord = StepRecord['checks'][number];
export type Phase = (typeof PHASES)[number];

export type Unchanging<Data> = Data extends object
  ? { readonly [Key in keyof Data]: Unchanging<Data[Key]> }
  : Data;

/** Of all its steps, in their order. */
export function checksOf({ steps }: Pick<ScenarioRecord, 'steps'>): readonly CheckRecord[] {
  return steps.flatMap(({ checks }) => checks);
}
