// Every word of the page, in two languages. Both tables have the same keys; nothing is written elsewhere.
// {0} and {1} are filled in by word().

const en = {
  welcome: 'Come in',
  welcomeText: 'Two windows: one for groups, one for private talk. No account is needed.',
  yourName: 'Your name (optional)',
  yourNameHint: 'What others will see',
  enter: 'Enter',
  signOut: 'Sign out',
  signOutTitle: 'Sign out?',
  signOutText: 'A guest who signs out cannot come back under the same number.',
  stay: 'Stay',
  theme: 'Switch between light and dark',
  otherLanguage: '中文',
  dismiss: 'Dismiss',
  copyUid: 'Your number, for private messages: {0}. Copy it',
  copied: 'Copied: {0}',
  windows: 'Windows',
  groups: 'Groups',
  private: 'Private',
  gid: 'Group',
  gidHint: 'number or name',
  join: 'Join',
  leave: 'Leave',
  members: 'Members',
  memberCount: 'Members: {0}',
  yourGroups: 'Your groups',
  yourTalks: 'Your private talks',
  groupLog: 'Messages of the group',
  pmLog: 'Private messages',
  groupEmpty: 'Join a group, or just say something: speaking joins too. Everyone who joins the same number meets there.',
  pmEmpty: 'Click a name in a group, or enter the number of a user. You may also write to yourself.',
  groupMessage: 'Message to the group',
  pmMessage: 'Private message',
  uid: 'User',
  uidHint: 'a number',
  open: 'Open',
  send: 'Send',
  you: 'you',
  toYourself: 'Notes to yourself',
  online: 'online',
  offline: 'offline',
  lastSeen: 'last seen {0}',
  unread: 'unread: {0}',
  newer: '↓ New: {0}',
  joined: '{0} joined',
  left: '{0} left',
  act_kick: '{0} removed {1}',
  act_ban: '{0} banned {1}',
  act_ban_lifted: '{0} lifted the ban of {1}',
  act_mute: '{0} muted {1}',
  act_mute_lifted: '{0} lets {1} speak again',
  act_add: '{0} brought in {1}',
  act_role: '{0} gave {1} another role',
  act_group_update: '{0} changed the group',
  act_group_delete: '{0} deleted the group',
  recall: 'Recall',
  recalled: 'A message was recalled',
  recalledBy: '{0} recalled a message',
  recalledOwn: 'You recalled a message',
  broadcast: 'To everyone, from {0}',
  pushLink: 'Open {0}',
  missing: 'Not shown here: {0}',
  typing: '{0} is typing…',
  openTalk: 'Write to {0} in private',
  waiting: 'waiting',
  sending: 'sending…',
  sent: 'sent',
  failed: 'not sent',
  again: 'Send again',
  stateDoor: 'Not signed in',
  stateConnecting: 'Connecting…',
  stateOnline: 'Online',
  stateWaiting: 'Offline, will try again',
  stateStopped: 'Signed off by the server',
  reconnect: 'Reconnect now',
  seconds: 'in {0} s',
  newIdentity: 'The server no longer knows who you were. You are a new guest now.',
  error_bad_json: 'The server could not read that message.',
  error_bad_request: 'The server does not accept that value.',
  error_unknown_type: 'The server does not know that request.',
  error_login_required: 'Sign in first.',
  error_unauthorized: 'The sign-in was refused.',
  error_forbidden: 'You may not do that.',
  error_not_found: 'There is no such group or user.',
  error_too_large: 'That is too long.',
  error_rate_limited: 'That was too fast. Wait a moment.',
  error_conflict: 'That contradicts what is already so.',
  error_muted: 'You are muted here.',
  error_internal: 'The server could not store that.',
  error_closed: 'The server closed the connection because of that message.',
  error_unsure: 'The connection was gone for a day. Others may have it already.',
  error_bad_id: 'A number from 1 up, or a name of at most 64 bytes.',
  error_unknown: 'The server refused that.',
};

const zh = {
  welcome: '欢迎',
  welcomeText: '两个窗口：一个群聊，一个私聊。无需注册。',
  yourName: '昵称（可不填）',
  yourNameHint: '别人看到的名字',
  enter: '进入',
  signOut: '退出登录',
  signOutTitle: '退出登录？',
  signOutText: '游客退出后，无法再用同一个编号回来。',
  stay: '留下',
  theme: '切换浅色与深色',
  otherLanguage: 'English',
  dismiss: '关闭',
  copyUid: '你的编号 {0}，别人凭它给你发私信。点击复制',
  copied: '已复制：{0}',
  windows: '窗口',
  groups: '群聊',
  private: '私聊',
  gid: '群',
  gidHint: '群号或群名',
  join: '加入',
  leave: '退出',
  members: '成员',
  memberCount: '成员 {0} 人',
  yourGroups: '你的群',
  yourTalks: '你的私聊',
  groupLog: '群消息',
  pmLog: '私聊消息',
  groupEmpty: '加入一个群，或直接发言（发言即加入）。输入同一个群号的人会在这里相遇。',
  pmEmpty: '点击群里某人的名字，或输入对方的编号。也可以发给自己。',
  groupMessage: '发到群里的消息',
  pmMessage: '私聊消息',
  uid: '用户',
  uidHint: '对方的编号',
  open: '打开',
  send: '发送',
  you: '我',
  toYourself: '给自己的便签',
  online: '在线',
  offline: '离线',
  lastSeen: '最近在线 {0}',
  unread: '未读 {0} 条',
  newer: '↓ {0} 条新消息',
  joined: '{0} 加入了群',
  left: '{0} 退出了群',
  act_kick: '{0} 将 {1} 移出了群',
  act_ban: '{0} 封禁了 {1}',
  act_ban_lifted: '{0} 解除了对 {1} 的封禁',
  act_mute: '{0} 禁言了 {1}',
  act_mute_lifted: '{0} 解除了对 {1} 的禁言',
  act_add: '{0} 邀请 {1} 入群',
  act_role: '{0} 更改了 {1} 的角色',
  act_group_update: '{0} 修改了群资料',
  act_group_delete: '{0} 解散了群',
  recall: '撤回',
  recalled: '一条消息已撤回',
  recalledBy: '{0}撤回了一条消息',
  recalledOwn: '你撤回了一条消息',
  broadcast: '{0} 对所有人说',
  pushLink: '打开 {0}',
  missing: '有 {0} 条消息未显示',
  typing: '{0} 正在输入…',
  openTalk: '给 {0} 发私信',
  waiting: '等待连接',
  sending: '发送中…',
  sent: '已发送',
  failed: '未发出',
  again: '重发',
  stateDoor: '未登录',
  stateConnecting: '连接中…',
  stateOnline: '在线',
  stateWaiting: '已断开，将自动重连',
  stateStopped: '已被服务器断开',
  reconnect: '立即重连',
  seconds: '（{0} 秒）',
  newIdentity: '服务器已不认识原来的你，现在你是一位新游客。',
  error_bad_json: '服务器读不懂这条消息。',
  error_bad_request: '服务器不接受这个值。',
  error_unknown_type: '服务器不认识这种请求。',
  error_login_required: '请先登录。',
  error_unauthorized: '登录被拒绝。',
  error_forbidden: '你无权这样做。',
  error_not_found: '没有这个群或用户。',
  error_too_large: '内容太长了。',
  error_rate_limited: '太快了，请稍等片刻。',
  error_conflict: '与已有的状态冲突。',
  error_muted: '你在这里被禁言了。',
  error_internal: '服务器没能存下这条消息。',
  error_closed: '服务器因这条消息断开了连接。',
  error_unsure: '连接断开了一天之久，别人也许已经收到。',
  error_bad_id: '请输入 1 以上的数字，或不超过 64 字节的名称。',
  error_unknown: '服务器拒绝了请求。',
};

const tables = { en, zh };
let language = 'en';

/** The language that the browser asks for, unless one was chosen before. @param {string?} chosen */
export function chooseLanguage(chosen) {
  const wanted = chosen ?? navigator.language;
  language = wanted.toLowerCase().startsWith('zh') ? 'zh' : 'en';
  return language;
}

/** The other of the two. */
export const otherLanguage = () => (language === 'zh' ? 'en' : 'zh');

/** For `Intl` and the `lang` attribute. */
export const locale = () => (language === 'zh' ? 'zh-CN' : 'en');

/** The word for `key`, with {0}, {1} filled in. @param {string} key @param {...(string|number)} parts */
export function word(key, ...parts) {
  const text = tables[language][key] ?? key;
  return text.replace(/\{(\d)\}/g, (_, n) => String(parts[n] ?? ''));
}

/** The words for an error of the wire: the stable code stays visible. @param {{code: string, field?: string}} error */
export function errorWords(error) {
  const known = `error_${error.code}` in tables.en ? `error_${error.code}` : 'error_unknown';
  const detail = error.field ? `${error.code}: ${error.field}` : error.code;
  return `${word(known)} (${detail})`;
}

/** Puts the words of the current language into everything below `root`. @param {ParentNode} root */
export function dress(root) {
  for (const node of root.querySelectorAll('[data-word]')) node.textContent = word(node.dataset.word);
  for (const node of root.querySelectorAll('[data-hint]')) node.setAttribute('placeholder', word(node.dataset.hint));
  for (const node of root.querySelectorAll('[data-label]')) {
    node.setAttribute('aria-label', word(node.dataset.label, node.dataset.labelPart));
    if (node.tagName === 'BUTTON') node.setAttribute('title', word(node.dataset.label, node.dataset.labelPart));
  }
}
