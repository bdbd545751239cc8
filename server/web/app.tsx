// What is on the screen: who writes and how the connection is, the chats, the open one, and the
// cursors of its devices.

import { useEffect, useState } from 'preact/hooks';
import type { ChatPage } from './chat-page.js';
import { Composer } from './composer.jsx';
import { LanePanel } from './lane-panel.jsx';
import { MessageList } from './message-list.jsx';
import { NameForm } from './name-form.jsx';
import { type Chat, openChatOf, type PageState, unreadOf } from './page-state.js';

export function App({ page }: { readonly page: ChatPage }) {
  const [state, setState] = useState(page.state);
  useEffect(() => {
    setState(page.state);
    return page.subscribe(() => setState(page.state));
  }, [page]);
  const chat = openChatOf(state);
  return (
    <div class={chat === undefined ? 'page' : 'page has-chat'}>
      <TopBar page={page} state={state} />
      <ChatList page={page} state={state} />
      <main>
        {chat === undefined ? (
          <p class="empty">Choose a chat, or write to somebody.</p>
        ) : (
          <>
            <header class="chat-head">
              <button type="button" class="back" onClick={() => page.open(undefined)}>
                ‹ Chats
              </button>
              <h2>{chat.peers.join(', ')}</h2>
            </header>
            <MessageList state={state} chat={chat} />
            <Composer key={chat.chatId} send={(text) => page.send(text)} to={chat.peers.join()} />
          </>
        )}
      </main>
      {chat === undefined ? null : <LanePanel state={state} chat={chat} />}
    </div>
  );
}

interface Props {
  readonly page: ChatPage;
  readonly state: PageState;
}

function TopBar({ page, state }: Props) {
  const { userId, deviceId, isOffline, problem } = state;
  return (
    <header class="top">
      <h1>
        <img src="icon.svg" alt="" width="24" height="24" /> <span>FOQ</span>
      </h1>
      <p class="who">
        <strong>{userId}</strong> <span>{deviceId}</span>
      </p>
      <p class={`connection ${toneOf(state)}`} role="status">
        {saidOf(state)}
      </p>
      <button
        type="button"
        class="switch"
        role="switch"
        aria-checked={isOffline}
        onClick={() => page.switchNetwork(isOffline)}
      >
        Offline
      </button>
      {problem === undefined || isOffline ? null : (
        <p class="problem" role="alert">
          {problem}
          {state.connection === 'closed' ? (
            <button type="button" class="action" onClick={() => page.renew()}>
              Begin as a new device
            </button>
          ) : null}
        </p>
      )}
    </header>
  );
}

function toneOf({ isOffline, connection }: PageState): string {
  if (isOffline) return 'off';
  return connection === 'online' ? 'on' : 'between';
}

/** The name is also what a test waits for. */
function saidOf({ isOffline, connection }: PageState): string {
  if (connection === 'closed') return 'closed';
  if (isOffline) return 'offline';
  return connection === 'online' ? 'online' : 'connecting';
}

function ChatList({ page, state }: Props) {
  return (
    <nav class="chats" aria-label="Chats">
      <ul>
        {state.chats.map((chat) => (
          <ChatLink key={chat.chatId} page={page} state={state} chat={chat} />
        ))}
      </ul>
      <NameForm label="Write to" action="Open" take={(name) => page.write(name)} />
    </nav>
  );
}

function ChatLink({ page, state, chat }: Props & { readonly chat: Chat }) {
  const { chatId, peers, messages } = chat;
  const unread = unreadOf(state, chat);
  return (
    <li>
      <button
        type="button"
        class="chat-link"
        aria-current={chatId === state.openId}
        onClick={() => page.open(chatId)}
      >
        <span class="name">{peers.join(', ') || '…'}</span>
        {unread > 0 ? (
          <span class="unread">
            {unread}
            <span class="for-readers"> unread</span>
          </span>
        ) : null}
        <span class="latest">{messages.at(-1)?.text ?? ''}</span>
      </button>
    </li>
  );
}
