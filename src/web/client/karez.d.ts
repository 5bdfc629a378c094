export type Id = string | number;
export type Target = {
    gid: Id;
} | {
    uid: Id;
} | {
    ticket: number;
};
export type Message = {
    type: string;
    id?: string;
    [field: string]: any;
};
export type Positions = {
    epoch?: string;
    [kind: string]: any;
};
export type State = 'disconnected' | 'connecting' | 'connected';
export type Queued = Message & {
    id: string;
};
export type Options = {
    /**
     * asked at each login and
     * before a token expires; with `true` when the last one was refused. Without a token one is a guest
     */
    getToken?: (refused: boolean) => (string | undefined | Promise<string | undefined>);
    /**
     * of a guest
     */
    name?: string;
    /**
     * where messages wait that are not stored yet. `none`: without a
     * connection they are refused. `indexeddb`: they survive a reload. Default: `memory`
     */
    outbox?: 'none' | 'memory' | 'indexeddb';
    /**
     * one for each user. Default: `karez`
     */
    outboxName?: string;
    /**
     * what is here already: {@link Karez.positions} of an earlier page
     */
    positions?: Positions;
};
/** Why something was refused. */
export declare class KarezError extends Error {
    code: string;
    /** @type {string | undefined} the field that was wrong */
    field: string | undefined;
    /** @type {number | undefined} milliseconds after which it may be tried again */
    retry: number | undefined;
    /** @type {Message | undefined} who has the ticket */
    holder: Message | undefined;
    /** Whether the same may succeed later. */
    retryable: boolean;
    /**
     * @param {string} code one of the server's, as `forbidden` or `too_large`; or `offline` (no connection, no outbox),
     *   `closed` (the server ended the connection for it), `unsure` (a day has passed: it may have been stored),
     *   `disconnected` ({@link Karez.disconnect})
     * @param {Message} [error] what the server said
     */
    constructor(code: string, error?: Message);
}
/** An id that no other request has. `crypto.randomUUID` is missing on plain http. */
export declare function newId(): string;
/**
 * One user's connection.
 *
 * Events, by {@link Karez.on}: what the server says, but for answers, under its `type` (`push`, `typing`, `gap`, …),
 * and `message` (each entry of a conversation), `queued`, `sent`, `delayed`, `failed` (what one says oneself; the last two
 * with their `error`), `epoch` (all `seq` begin anew), `state` ({state, wait, code, reason}).
 */
export declare class Karez {
    #private;
    url: string;
    options: Options;
    /** @type {State} */
    state: State;
    /** @type {Id | undefined} who one is, once logged in */
    uid: Id | undefined;
    /** @type {string | undefined} */
    name: string | undefined;
    /** @type {string | undefined} says who one is, over HTTP too */
    token: string | undefined;
    /** @type {string | undefined} names the server's store: in another one all `seq` begin anew */
    epoch: string | undefined;
    /** What the server allows: `message_bytes`, `recall_seconds`, … @type {Record<string, number>} */
    limits: Record<string, number>;
    /** Milliseconds by which the clock here is ahead of the server's. */
    clockAhead: number;
    /**
     * @param {string | URL} url of the WebSocket, or a path of this site
     * @param {Options} [options]
     */
    constructor(url: string | URL, options?: Options);
    /** Calls `handler` for each event of this name. @param {string} name @param {(event: any) => void} handler */
    on(name: string, handler: (event: any) => void): this;
    /** Ends what `on` began. @param {string} name @param {(event: any) => void} handler */
    off(name: string, handler: (event: any) => void): this;
    /** Calls `handler` for the next event of this name. @param {string} name @param {(event: any) => void} handler */
    once(name: string, handler: (event: any) => void): this;
    /** Connects, and comes back after each break. */
    connect(): this;
    /** Ends the connection for good. What waits in the outbox stays there. */
    disconnect(): this;
    /** The last `seq` of each conversation: the `positions` of a later page, which then misses nothing. @returns {Positions} */
    get positions(): Positions;
    /**
     * Asks the server, over this connection or the next, and waits for the answer.
     * @param {Message} message @returns {Promise<Message>} rejects with a {@link KarezError}
     */
    request(message: Message): Promise<Message>;
    /** Says what needs no answer and is worth nothing later. @param {Message} message */
    tell(message: Message): void;
    /** What is said and not stored yet, in order. @returns {Queued[]} */
    get outbox(): Queued[];
    /**
     * Says something; {@link Conversation.send} is the usual way.
     * @param {Message} message `group`, `pm` or `support`; with an `id` to try again what has failed
     * @returns {Promise<{id: string, seq: number, time: number, ticket?: number}>} once it is stored; rejects with a {@link KarezError}
     */
    send(message: Message): Promise<{
        id: string;
        seq: number;
        time: number;
        ticket?: number;
    }>;
    /** The conversation of a group. @param {Id} gid */
    group(gid: Id): Conversation;
    /** The private conversation with a user. @param {Id} uid */
    user(uid: Id): Conversation;
    /** That of a ticket. @param {number} ticket */
    ticket(ticket: number): Conversation;
    /** Asks a desk, in one's ticket or a new one. @param {string} content @param {object} [options] `desk`, `page`, … */
    support(content: string, options?: object): Promise<{
        id: string;
        seq: number;
        time: number;
        ticket?: number;
    }>;
}
/** A group, a private talk, or a ticket. */
export declare class Conversation {
    #private;
    karez: Karez;
    target: Target;
    /** @param {Karez} karez @param {Target} target */
    constructor(karez: Karez, target: Target);
    /**
     * Says something.
     * @param {string} content
     * @param {{id?: string, kind?: string, data?: object, reply?: number, mentions?: Id[]}} [options]
     */
    send(content: string, options?: {
        id?: string;
        kind?: string;
        data?: object;
        reply?: number;
        mentions?: Id[];
    }): Promise<{
        id: string;
        seq: number;
        time: number;
        ticket?: number;
    }>;
    /** Becomes a member. */
    join(): Promise<Message>;
    /** Ceases to be a member. */
    leave(): Promise<Message>;
    /** Takes back what was said. @param {number} seq */
    recall(seq: number): Promise<Message>;
    /** Everything up to here has been read. @param {number} seq */
    read(seq: number): Promise<Message>;
    /** Somebody is writing here; not more often than every few seconds. */
    typing(): void;
    /** A page, `messages` by rising `seq`; without bounds the newest. @param {{before?: number, after?: number, limit?: number}} [bounds] */
    history(bounds?: {
        before?: number;
        after?: number;
        limit?: number;
    }): Promise<Message>;
    /** @param {{after?: Id, limit?: number}} [page] */
    members(page?: {
        after?: Id;
        limit?: number;
    }): Promise<Message>;
    /** Who is online: of a group the members; of a user, whose changes come as the event `presence` from now on. */
    presence(): Promise<any>;
}
