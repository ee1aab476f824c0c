import {expect, test} from 'vitest';
import type {Answer} from '../../src/dialects/dialect.ts';
import {ietf} from '../../src/dialects/ietf.ts';

/** What frameworks and databases say of what exists already, and what they say of other things in nearly the same words. */
const saying = (status: number, body: unknown): Answer => ({
	status,
	statusText: '',
	headers: new Headers({'content-type': 'application/json'}),
	url: 'https://shop.test/users',
	redirected: false,
	type: 'basic',
	body: new TextEncoder().encode(JSON.stringify(body)),
});

const readingOf = (status: number, body: unknown) => ietf().read?.(saying(status, body), 'key-1');

test.each<[string, number, unknown]>([
	['Rails', 422, {errors: {email: ['has already been taken']}}],
	['Rails, its detail', 422, {errors: [{error: 'taken', value: 'a@b.test'}]}],
	['Django', 400, {email: ['user with this email already exists.']}],
	['Django REST, its code', 400, {errors: [{code: 'unique', detail: 'This field must be unique.'}]}],
	['Django, together', 400, {errors: [{detail: 'The fields cart, user must make a unique set.'}]}],
	[
		'Laravel',
		422,
		{message: 'The email has already been taken.', errors: {email: ['The email has already been taken.']}},
	],
	['Postgres', 409, {error: 'duplicate key value violates unique constraint "users_email_key"'}],
	['Postgres, its code', 409, {code: '23505'}],
	['MySQL', 422, {message: "Duplicate entry 'a@b.test' for key 'users.email'"}],
	['MySQL, its code', 409, {code: 'ER_DUP_ENTRY'}],
	['SQLite', 400, {error: 'UNIQUE constraint failed: users.email'}],
	['Mongo', 400, {message: 'E11000 duplicate key error collection: shop.users index: email_1 dup key'}],
	['Mongo, its code', 409, {code: 11000, name: 'MongoServerError', codeName: 'E11000'}],
	['Prisma', 400, {message: 'Unique constraint failed on the fields: (`email`)'}],
	['Prisma, its code', 409, {code: 'P2002', meta: {target: ['email']}}],
	['SQL Server', 400, {message: 'Violation of UNIQUE KEY constraint UQ_Email. Cannot insert duplicate key.'}],
	['Oracle', 409, {message: 'ORA-00001: unique constraint (SHOP.UK_EMAIL) violated'}],
	[
		'Spring',
		409,
		{error: 'Conflict', message: 'could not execute statement; constraint [uk_email]; DataIntegrityViolationException'},
	],
	['.NET Identity', 400, {errors: [{code: 'DuplicateUserName', description: "Username 'ann' is already taken."}]}],
	['.NET Identity, its code', 400, {errors: {DuplicateEmail: ["Email 'a@b.test' is taken."]}}],
	['Kubernetes', 409, {reason: 'AlreadyExists'}],
	['Azure', 409, {error: {code: 'BlobAlreadyExists'}}],
	['Cognito', 409, {__type: 'UsernameExistsException'}],
	['Keycloak', 409, {errorMessage: 'User exists with same username'}],
	['Firebase', 400, {error: {code: 400, message: 'EMAIL_EXISTS'}}],
	[
		'Salesforce',
		400,
		[{errorCode: 'DUPLICATE_VALUE', message: 'duplicate value found: Email duplicates value on record with id: 001'}],
	],
	['Mailchimp', 400, {title: 'Member Exists', detail: 'a@b.test is a list member. Use PUT.'}],
	['a form', 422, {message: 'You are already subscribed'}],
	['a shop', 422, {message: 'This coupon has already been used'}],
	['a title before it', 409, {title: 'Could not create user', detail: 'User already exists'}],
	['a sentence before it', 409, {message: 'Order not created: an order with this number exists'}],
	['another word', 409, {code: 'email_in_use'}],
	['another word', 409, {message: 'This e-mail address is registered'}],
	['a 422 with a sentence before it', 422, {message: 'Account not created because a user exists with this e-mail'}],
])('%s: %i %j says that it exists', (_, status, body) => {
	expect(readingOf(status, body)).toMatchObject({reading: 'already-done', sameKey: false});
});

test.each<[number, unknown]>([
	[422, {message: 'This code has already expired'}],
	[400, {message: 'The sale has already ended'}],
	[422, {message: 'Delivery date has already passed'}],
	[422, {message: 'The tickets are already sold out'}],
	[400, {message: 'data/items must NOT have duplicate items (items ## 1 and 0 are identical)'}],
	[400, {message: ["All tags's elements must be unique"]}],
	[422, {message: 'The cart contains duplicate lines'}],
	[422, {errors: {items: ['must not contain duplicates']}}],
	[422, {errors: {photo: ['must be taken within the last 30 days']}}],
	[422, {errors: {category: ['No category exists with this id']}}],
	[400, {message: 'Invalid pk "5" - object does not exist.'}],
	[422, {errors: {email: ['must exist']}}],
	[409, {message: 'No such customer exists'}],
	[409, {code: 'SOLD_OUT'}],
])('%i %j does not', (status, body) => {
	expect(readingOf(status, body)).toBeUndefined();
});
