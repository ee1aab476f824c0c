/** What the examples take from the application around them. */

type Cart = {readonly id: string; readonly items: readonly string[]};
type Order = {
	readonly id: string;
	readonly amount: number;
	readonly paymentKey: string;
	/** When `paymentKey` was made, in milliseconds since the epoch. */
	readonly keyMadeAt: number;
};

declare const cart: Cart;
declare const session: {readonly userId: string | undefined; readonly token: string};

/** Gets a new token for the session; false: the person has to sign in. */
declare function refreshToken(): Promise<boolean>;
/** Puts a text before the person. */
declare function show(text: string): void;
declare function loadCart(id: string | undefined): Promise<Cart | undefined>;

/** The application's own database. */
declare const orders: {
	find(id: string): Promise<Order>;
	/** Stores a new `paymentKey`, and its `keyMadeAt`. */
	renewPaymentKey(id: string): Promise<void>;
};

/** Who is signed in. */
declare function userIdOf(request: Request): Promise<string>;
/** Has the bank charge for it, once under this key. */
declare function charged(order: unknown, idempotencyKey: string): Promise<{readonly id: string}>;
