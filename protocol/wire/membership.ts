// Who may read what of a chat, as its membership record says it. A record is written before its seq
// is known, so 0 in a range stands for the record's own seq; `settled` writes the number, and what
// the next record carries on has numbers alone.

export type Role = 'owner' | 'admin' | 'member';

/** Inclusive. The last range of a member who is still one has no end. */
export type MemberRange = readonly [joinSeq: number, leaveSeq: number | null];

/** Former members stay in the list, because they may read their ranges. */
export interface StoredMember {
  readonly userId: string;
  readonly role: Role;
  /** Ascending. */
  readonly ranges: readonly MemberRange[];
}

export interface Membership {
  readonly type: 'direct' | 'group';
  readonly name?: string | undefined;
  readonly createdAt: number;
  readonly createdBy: string;
  readonly e2ee: boolean;
  readonly members: readonly StoredMember[];
}

/** The same with the seq of its record for every 0. */
export function settled(membership: Membership, seq: number): Membership {
  const number = (bound: number) => (bound === 0 ? seq : bound);
  const members = membership.members.map((member) => ({
    ...member,
    ranges: member.ranges.map(([joinSeq, leaveSeq]): MemberRange => {
      return [number(joinSeq), leaveSeq === null ? null : number(leaveSeq)];
    }),
  }));
  return { ...membership, members };
}

/** Those who are members now, former ones left out. */
export function currentMembers(membership: Membership): StoredMember[] {
  return membership.members.filter(({ ranges }) => ranges.at(-1)?.[1] === null);
}

/** Undefined for who never was a member. */
export function memberOf(membership: Membership, userId: string): StoredMember | undefined {
  return membership.members.find((member) => member.userId === userId);
}

/** Whether a member, or former member, of a settled membership may read this seq. */
export function mayRead({ ranges }: StoredMember, seq: number): boolean {
  return ranges.some(([joinSeq, leaveSeq]) => seq >= joinSeq && seq <= (leaveSeq ?? seq));
}
