/** What podreach dials. Policies speak of more: see `PolicyProtocol`. */
export type Protocol = 'TCP' | 'UDP';
