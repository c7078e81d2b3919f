/** The forms of names, label keys and values, and ports: what is wrong with a text, in the words of a real API server. */

const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const LABEL_1035 = '[a-z]([-a-z0-9]*[a-z0-9])?';
const SUBDOMAIN = `${LABEL}(\\.${LABEL})*`;
const QUALIFIED = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';

const dns1035Label = new RegExp(`^${LABEL_1035}$`);
const dnsLabel = new RegExp(`^${LABEL}$`);
const dnsSubdomain = new RegExp(`^${SUBDOMAIN}$`);
const qualifiedName = new RegExp(`^${QUALIFIED}$`);
const labelValue = new RegExp(`^(${QUALIFIED})?$`);

/** RFC 1123 label, at most 63 bytes: namespaces, containers. */
export function dnsLabelProblems(value: string): string[] {
  const problems = tooLong(value, 63, 'characters');
  if (dnsLabel.test(value)) return problems;
  if (dnsSubdomain.test(value)) return [...problems, 'must not contain dots'];
  return [
    ...problems,
    `a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character ${example(LABEL, 'my-name', '123-abc')}`,
  ];
}

/** RFC 1035 label, at most 63 bytes: Services, whose names do not begin with a digit. */
export function dns1035LabelProblems(value: string): string[] {
  const problems = tooLong(value, 63, 'characters');
  if (dns1035Label.test(value)) return problems;
  return [
    ...problems,
    `a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character ${example(LABEL_1035, 'my-name', 'abc-123')}`,
  ];
}

/** RFC 1123 subdomain, at most 253 bytes: pods, NetworkPolicies, nodes. */
export function dnsSubdomainProblems(value: string): string[] {
  return subdomainProblems(value, 'characters');
}

function subdomainProblems(value: string, unit: Unit): string[] {
  const problems = tooLong(value, 253, unit);
  if (dnsSubdomain.test(value)) return problems;
  return [
    ...problems,
    `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character ${example(SUBDOMAIN, 'example.com')}`,
  ];
}

/** Keys of labels and annotations: a name with an optional prefix. */
export function qualifiedNameProblems(value: string): string[] {
  const rule = `must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character ${example(QUALIFIED, 'MyName', 'my.name', '123-abc')}`;
  const parts = value.split('/');
  if (parts.length > 2) {
    return [
      `a valid label key ${rule} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  }
  const name = parts.at(-1) ?? '';
  const problems = parts.length === 2 ? prefixProblems(parts[0] ?? '') : [];
  if (name === '') problems.push('name part must be non-empty');
  problems.push(...tooLong(name, 63, 'bytes').map((problem) => `name part ${problem}`));
  if (!qualifiedName.test(name)) problems.push(`name part ${rule}`);
  return problems;
}

function prefixProblems(prefix: string): string[] {
  if (prefix === '') return ['prefix part must be non-empty'];
  return subdomainProblems(prefix, 'bytes').map((problem) => `prefix part ${problem}`);
}

export function labelValueProblems(value: string): string[] {
  const problems = tooLong(value, 63, 'bytes');
  if (labelValue.test(value)) return problems;
  return [
    ...problems,
    `a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character ${example(`(${QUALIFIED})?`, 'MyValue', 'my_value', '12345')}`,
  ];
}

export function portNumberProblems(port: number): string[] {
  return port >= 1 && port <= 65535 ? [] : ['must be between 1 and 65535, inclusive'];
}

/** IANA service names: at most 15 of `a-z0-9-`, at least one letter. */
export function portNameProblems(name: string): string[] {
  const problems = tooLong(name, 15, 'characters');
  if (!/^[-a-z0-9]+$/.test(name)) {
    problems.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)');
  }
  if (!/[a-z]/.test(name)) problems.push('must contain at least one letter (a-z)');
  if (name.includes('--')) problems.push('must not contain consecutive hyphens');
  if (name.startsWith('-') || name.endsWith('-')) problems.push('must not begin or end with a hyphen');
  return problems;
}

export function environmentNameProblems(name: string): string[] {
  return /^[ -<>-~]+$/.test(name)
    ? []
    : ["a valid environment variable name must consist only of printable ASCII characters other than '='"];
}

export function httpHeaderNameProblems(name: string): string[] {
  return /^[-A-Za-z0-9]+$/.test(name)
    ? []
    : [
        `a valid HTTP header must consist of alphanumeric characters or '-' ${example('[-A-Za-z0-9]+', 'X-Header-Name')}`,
      ];
}

/** Bytes are counted in any case. Of names and ports a real server says "characters", of labels "bytes". */
type Unit = 'bytes' | 'characters';

function tooLong(value: string, limit: number, unit: Unit): string[] {
  return Buffer.byteLength(value) > limit ? [`must be no more than ${limit} ${unit}`] : [];
}

/** The doubled blank before "or" is the real server's. */
function example(form: string, ...examples: readonly string[]): string {
  return `(e.g. ${examples.map((one) => `'${one}', `).join(' or ')}regex used for validation is '${form}')`;
}
