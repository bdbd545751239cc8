// The page of the chat demo: a messenger in a tab, and a picture of how far each device has the
// chat. `?user=ann` says who writes, `&with=bob` to whom.

import { render } from 'preact';
import { App } from './app.jsx';
import { ChatPage } from './chat-page.js';
import { Picker } from './picker.jsx';

const root = document.querySelector('#app') ?? document.body;
const query = new URLSearchParams(location.search);
const user = query.get('user');

if (user === null || user === '') render(<Picker />, root);
else {
  document.title = `${user} · FOQ chat demo`;
  ChatPage.start(user, query.get('with') ?? undefined).then(
    (page) => render(<App page={page} />, root),
    (error: unknown) => render(<p class="alone">{String(error)}</p>, root),
  );
}
