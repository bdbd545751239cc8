// The messages of a chat in the order of their seq, with what waits to be sent after them.

import { useLayoutEffect, useRef } from 'preact/hooks';
import type { Shown } from './kept-messages.js';
import { type Chat, type PageState, type Tick, tickOf, type Waiting } from './page-state.js';

interface Props {
  readonly state: PageState;
  readonly chat: Chat;
}

/** Who is so near to the end, in pixels, follows it. */
const NEAR_PX = 120;

export function MessageList({ state, chat }: Props) {
  const list = useRef<HTMLDivElement>(null);
  const fromEndPx = useRef(0);
  const waiting = state.waiting.filter(({ chatId }) => chatId === chat.chatId);
  useLayoutEffect(() => {
    const shown = list.current;
    if (fromEndPx.current < NEAR_PX) shown?.scrollTo(0, shown.scrollHeight);
  }, [chat.messages, waiting.length]);
  const scrolled = ({ currentTarget: at }: { readonly currentTarget: HTMLElement }) => {
    fromEndPx.current = at.scrollHeight - at.scrollTop - at.clientHeight;
  };
  return (
    <div class="messages" role="log" aria-label="Messages" ref={list} onScroll={scrolled}>
      <ol>
        {chat.messages.map((shown) => (
          <MessageRow key={`seq ${shown.seq}`} shown={shown} state={state} chat={chat} />
        ))}
        {waiting.map((one) => (
          <WaitingRow key={one.clientMsgId} waiting={one} />
        ))}
      </ol>
    </div>
  );
}

function MessageRow({ shown, state, chat }: Props & { readonly shown: Shown }) {
  const { seq, kind, senderId, deviceId, at, text } = shown;
  if (kind === 'gap') return <li class="notice">{text}</li>;
  if (kind === 'membership') return <li class="notice">{text} can write here</li>;
  const isOwn = senderId === state.userId;
  const isOther = isOwn && deviceId !== state.deviceId;
  return (
    <li class={isOwn ? 'own' : 'theirs'} data-seq={seq}>
      <p class={kind === 'none' ? 'text none' : 'text'}>{text}</p>
      <p class="about">
        <span>{isOther ? `from ${deviceId}` : null}</span>
        <span class="seq">#{seq}</span>
        <Time at={at} />
        {isOwn ? <TickMark tick={tickOf(chat, seq)} /> : null}
      </p>
    </li>
  );
}

function WaitingRow({ waiting: { text, sentAt, seq } }: { readonly waiting: Waiting }) {
  return (
    <li class="own waiting">
      <p class="text">{text}</p>
      <p class="about">
        <Time at={sentAt} />
        <TickMark tick={seq === undefined ? 'waiting' : 'durable'} />
      </p>
    </li>
  );
}

function Time({ at }: { readonly at: number }) {
  const shown = new Date(at).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
  return <time dateTime={new Date(at).toISOString()}>{shown}</time>;
}

const SAID: Readonly<Record<Tick, string>> = {
  waiting: 'waits in the outbox',
  durable: 'on the disk of the broker',
  delivered: 'delivered',
  read: 'read',
};

const PATHS: Readonly<Record<Tick, string>> = {
  waiting: 'M8 2a6 6 0 1 0 .01 0M8 5v3.5l2 1.5',
  durable: 'M3.5 8.5 7 12l6-8',
  delivered: 'M1 8.5 4.5 12l6-8M7.5 11l1 1 6-8',
  read: 'M1 8.5 4.5 12l6-8M7.5 11l1 1 6-8',
};

function TickMark({ tick }: { readonly tick: Tick }) {
  return (
    <svg
      class={`tick ${tick}`}
      data-tick={tick}
      viewBox="0 0 16 16"
      width="16"
      height="16"
      role="img"
    >
      <title>{SAID[tick]}</title>
      <path d={PATHS[tick]} />
    </svg>
  );
}
