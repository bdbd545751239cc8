// What a change of a chat makes of its membership, and whether its actor may make it. Pure.
//
// Invariants: only the owner makes and unmakes owners and admins; admins add and remove members
// and name the chat; a member only leaves. A chat with members has an owner: who inherits is the
// first admin, else the first member. A former member keeps his ranges, as long as any of it can
// be read; lists have limits, and the oldest goes first.

import { FoqError } from '../../protocol/index.js';
import {
  type CommandOf,
  currentMembers,
  type MemberRange,
  type Membership,
  type StoredMember,
} from '../../protocol/wire/index.js';
import { forbidden, invalid } from './refusals.js';

const FORMER_MAX = 1_000;
const RANGES_MAX = 32;

/** A member now: his last range has no end. */
type Role = StoredMember['role'];

export interface ChangeOf {
  /** A settled one. */
  readonly membership: Membership;
  /** A member of it. */
  readonly actor: StoredMember;
  readonly command: CommandOf<'updateChat'>;
  /** The chat's floor: nothing below can be read. */
  readonly firstSeq: number;
  readonly participantsMax: number;
}

export interface Change {
  /** With 0 for the seq that its record will have. */
  readonly membership: Membership;
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** False where all was so already. */
  readonly isChange: boolean;
}

/** FOQ_FORBIDDEN, FOQ_USER_NOT_FOUND for the role of who is no member, FOQ_GROUP_FULL. */
export function changeOf(of: ChangeOf): Change {
  const { membership, actor, command } = of;
  if (membership.type === 'direct') {
    throw forbidden('A direct chat has its two members and no name, and cannot be left.');
  }
  const current = new Map(currentMembers(membership).map((member) => [member.userId, member]));
  const leaving = command.leave === true ? [actor.userId] : [];
  const gone = new Set([...(command.remove ?? []), ...leaving]);
  const added = [...new Set(command.add ?? [])].filter((userId) => !current.has(userId));
  const removed = [...gone].filter((userId) => current.has(userId));
  if (command.add?.some((userId) => gone.has(userId))) {
    throw invalid('add', 'must not name whom the same command removes');
  }
  const name = command.name ?? membership.name;
  const role = command.role === undefined ? undefined : newRole(command.role, current);
  const isRenamed = name !== membership.name;
  checkActor(actor, {
    isManaging: added.length > 0 || isRenamed,
    removed: removed.flatMap((userId) => current.get(userId) ?? []),
    isPromoting: role !== undefined,
  });
  if (current.size - removed.length + added.length > of.participantsMax) {
    throw new FoqError('FOQ_GROUP_FULL', { details: { limit: of.participantsMax } });
  }
  const isChange = added.length + removed.length > 0 || isRenamed || role !== undefined;
  const members = withOwner(
    changedMembers(membership.members, { added, removed: new Set(removed), role }),
    { isLeaving: removed.includes(actor.userId) },
  );
  const kept = trimmed(members, of.firstSeq);
  return { membership: { ...membership, name, members: kept }, added, removed, isChange };
}

interface NewRole {
  readonly userId: string;
  readonly role: Role;
}

/** Undefined where the role is that already. */
function newRole(asked: NewRole, current: ReadonlyMap<string, StoredMember>): NewRole | undefined {
  const member = current.get(asked.userId);
  if (member === undefined) {
    throw new FoqError('FOQ_USER_NOT_FOUND', { details: { userIds: [asked.userId] } });
  }
  return member.role === asked.role ? undefined : asked;
}

function checkActor(
  actor: StoredMember,
  asked: {
    readonly isManaging: boolean;
    readonly removed: readonly StoredMember[];
    readonly isPromoting: boolean;
  },
): void {
  const others = asked.removed.filter(({ userId }) => userId !== actor.userId);
  const isManager = actor.role !== 'member';
  if ((asked.isManaging || others.length > 0) && !isManager) {
    throw forbidden('Only its owner and admins may change this chat.');
  }
  const touchesManagers = others.some(({ role }) => role !== 'member');
  if ((asked.isPromoting || touchesManagers) && actor.role !== 'owner') {
    throw forbidden('Only the owner may change roles, and remove owners and admins.');
  }
}

function changedMembers(
  members: readonly StoredMember[],
  change: {
    readonly added: readonly string[];
    readonly removed: ReadonlySet<string>;
    readonly role: NewRole | undefined;
  },
): StoredMember[] {
  const added = new Set(change.added);
  const begun: MemberRange = [0, null];
  const changed = members.map((member): StoredMember => {
    const { userId, ranges } = member;
    if (added.delete(userId)) return { userId, role: 'member', ranges: [...ranges, begun] };
    if (change.removed.has(userId)) return { ...member, ranges: ended(ranges) };
    if (change.role?.userId === userId) return { ...member, role: change.role.role };
    return member;
  });
  for (const userId of added) changed.push({ userId, role: 'member', ranges: [begun] });
  return changed;
}

function ended(ranges: readonly MemberRange[]): MemberRange[] {
  return ranges.map(([joinSeq, leaveSeq]) => [joinSeq, leaveSeq ?? 0]);
}

function withOwner(
  members: StoredMember[],
  { isLeaving }: { readonly isLeaving: boolean },
): StoredMember[] {
  const current = members.filter(isCurrent);
  if (current.length === 0 || current.some(({ role }) => role === 'owner')) return members;
  if (!isLeaving) throw forbidden('The chat would have no owner; make another one first.');
  const heir = current.find(({ role }) => role === 'admin') ?? current[0];
  return members.map((member) => (member === heir ? { ...member, role: 'owner' } : member));
}

function isCurrent({ ranges }: StoredMember): boolean {
  return ranges.at(-1)?.[1] === null;
}

/** Without what nobody can read any more. */
function trimmed(members: readonly StoredMember[], firstSeq: number): StoredMember[] {
  const readable = members.map((member) => {
    const ranges = member.ranges.filter(([, leaveSeq]) => !isBelow(leaveSeq, firstSeq));
    return { ...member, ranges: ranges.slice(-RANGES_MAX) };
  });
  const left = readable.filter(({ ranges }) => ranges.length > 0);
  const former = left.filter((member) => !isCurrent(member));
  const dropped = new Set(
    former.sort((a, b) => leftAt(a) - leftAt(b)).slice(0, Math.max(0, former.length - FORMER_MAX)),
  );
  return left.filter((member) => !dropped.has(member));
}

/** 0 stands for the record that is being written. */
function isBelow(leaveSeq: number | null, firstSeq: number): boolean {
  return leaveSeq !== null && leaveSeq !== 0 && leaveSeq < firstSeq;
}

function leftAt({ ranges }: StoredMember): number {
  const leaveSeq = ranges.at(-1)?.[1] ?? 0;
  return leaveSeq === 0 ? Number.MAX_SAFE_INTEGER : leaveSeq;
}
